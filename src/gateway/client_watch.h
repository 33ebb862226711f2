// Gives a call up when the client for whom it is made has left. Internal.
#pragma once

#include "http/client.h"
#include "http/server.h"

namespace domicile::gateway {

class ClientWatch final : public io::EndWatcher {
  public:
    explicit ClientWatch(http::Exchange& exchange) : exchange_(exchange) {
        exchange_.watch_client(this);
    }
    ~ClientWatch() override { stop(); }
    ClientWatch(const ClientWatch&) = delete;

    http::Cancellation& cancellation() { return cancellation_; }
    bool left() const { return left_; }
    // The head is here; from now on it is the body that is given up.
    void now_reads(http::ClientResponse* response) { response_ = response; }
    void stop() {
        if (watching_) exchange_.watch_client(nullptr);
        watching_ = false;
    }

  private:
    void peer_ended() override {
        left_ = true;
        if (response_ != nullptr) {
            response_->cancel();
        } else {
            cancellation_.cancel();
        }
    }

    http::Exchange& exchange_;
    http::Cancellation cancellation_;
    http::ClientResponse* response_ = nullptr;
    bool left_ = false;
    bool watching_ = true;
};

}  // namespace domicile::gateway
