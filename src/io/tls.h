// TLS settings for servers and clients: TLS 1.2 and 1.3, ALPN http/1.1, session resumption.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace domicile::io {

struct TlsCertificate {
    std::string certificate_pem;  // leaf first, then intermediates
    std::string key_pem;
};

// Shared by all reactors.
class TlsServer {
  public:
    // The certificate is picked by SNI among the DNS names of each (wildcards of one label
    // included); the first is used when none fits or there is no SNI. With client_ca_pem, a client
    // certificate that chains to it is required (mutual TLS). Code::invalid_argument on bad PEM.
    static Result<std::unique_ptr<TlsServer>> make(const std::vector<TlsCertificate>& certificates,
                                                   const std::string& client_ca_pem = {});
    ~TlsServer();
    // For connections from now on; those that are there go on with what they began with. On an
    // error everything stays as it was. From one thread at a time.
    Result<void> replace(const std::vector<TlsCertificate>& certificates);
    struct Impl;
    Impl& impl() const { return *current_.load(std::memory_order_acquire); }

  private:
    TlsServer(std::unique_ptr<Impl> impl, std::string client_ca_pem);
    static Result<std::unique_ptr<Impl>> make_impl(const std::vector<TlsCertificate>& certificates,
                                                   const std::string& client_ca_pem);
    std::string client_ca_pem_;
    // All there ever were: a handshake under way points at the one that it began with, and
    // certificates are renewed a few times a year.
    std::vector<std::unique_ptr<Impl>> all_;
    std::atomic<Impl*> current_;
};

class TlsClient {
  public:
    // Trusts only ca_pem, or the system's store when it is empty. `own` is the client certificate
    // for mutual TLS, if any.
    static Result<std::unique_ptr<TlsClient>> make(const std::string& ca_pem,
                                                   const TlsCertificate* own = nullptr);
    ~TlsClient();
    struct Impl;
    Impl& impl() const { return *impl_; }

  private:
    explicit TlsClient(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

// The server name that a TLS ClientHello asks for, from the first bytes of a connection:
// not_found when there is none, unavailable when more bytes are needed, malformed otherwise.
Result<std::string> client_hello_server_name(std::string_view bytes);

}  // namespace domicile::io
