// The connections of a client on one executor: per target the idle ones, last used first, so that a
// burst's surplus ages out, and a count that bounds them all.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "http/client.h"
#include "http/inbound.h"

namespace domicile::http {

// A connection and what is reused with it from one exchange to the next.
struct PooledConnection {
    PooledConnection(std::unique_ptr<io::Stream> s, HeadLimits limits)
        : stream(std::move(s)), inbound(limits) {}

    std::unique_ptr<io::Stream> stream;
    Inbound inbound;
    ReceivedResponse response;
    std::string out;
    Instant idle_since;
};

// Confined to its executor. Held by shared_ptr: a response may outlive its client.
class Pool final : public std::enable_shared_from_this<Pool>, private io::Timer {
  public:
    explicit Pool(const ClientOptions& options) : options_(options) {}

    struct Bucket {
        std::vector<std::unique_ptr<PooledConnection>> idle;  // the oldest first
        std::size_t leased = 0;
    };
    // Stable until its last lease is given back and it was swept.
    Bucket& bucket(const Target& target) { return buckets_[target]; }

    // An idle connection that is still open, or null.
    std::unique_ptr<PooledConnection> take(Bucket& bucket);
    // Counts one more lease; false at the bound.
    bool lease(Bucket& bucket);
    // Ends a lease. With a connection that is fit for another exchange, keeps it.
    void give_back(Bucket& bucket, std::unique_ptr<PooledConnection> connection);

    const ClientOptions& options() const { return options_; }

  private:
    void expired() override;  // drops what has been idle for too long

    ClientOptions options_;
    std::map<Target, Bucket> buckets_;
};

// A lease as an object: whoever drops it without keeping the connection closes it.
class Lease {
  public:
    Lease() = default;
    Lease(std::shared_ptr<Pool> pool, Pool::Bucket& bucket)
        : pool_(std::move(pool)), bucket_(&bucket) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
        if (pool_) pool_->give_back(*bucket_, reusable_ ? std::move(connection) : nullptr);
    }

    void keep() { reusable_ = true; }
    const ClientOptions& options() const { return pool_->options(); }
    // Looks for an idle connection; false when there is none.
    bool reuse() {
        connection = pool_->take(*bucket_);
        return connection != nullptr;
    }

    std::unique_ptr<PooledConnection> connection;

  private:
    std::shared_ptr<Pool> pool_;
    Pool::Bucket* bucket_ = nullptr;
    bool reusable_ = false;
};

}  // namespace domicile::http
