// The server side: reads requests off connections and hands each to the handler as an Exchange.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"
#include "http/server_metrics.h"
#include "io/network.h"
#include "io/task.h"

namespace domicile::http {

// One request and its response. Owned by the connection; valid until the handler's task ends. If
// the handler ends without responding, the client gets 500; if it leaves the body unread, the rest
// is drained up to a small bound or the connection closes.
class Exchange {
  public:
    virtual ~Exchange() = default;

    virtual const RequestHead& request() const = 0;
    virtual const io::PeerInfo& peer() const = 0;
    virtual const std::string& request_id() const = 0;  // UUID, minted here
    virtual bool responded() const = 0;                 // a head was sent

    // The body: absent (0), known, or chunked (nullopt).
    virtual std::optional<std::uint64_t> content_length() const = 0;
    // The next piece, valid until the next call; empty at the end. Sends 100-continue when the
    // client waits for it. malformed, too_large (the configured bound), deadline_exceeded.
    virtual io::Task<Result<std::string_view>> read() = 0;
    // A field behind a chunked body that was read to its end; valid until the handler ends. Only
    // the answer to it may tell of it: it is no header.
    virtual std::optional<std::string_view> trailer(std::string_view name) const {
        (void)name;
        return std::nullopt;
    }
    // The whole body. too_large beyond bytes_max.
    virtual io::Task<Result<std::string>> read_all(std::size_t bytes_max) = 0;

    // Head and body in one send. Content-Length, Date and Connection are added here. A HEAD
    // request, 204 and 304 send no body.
    virtual io::Task<Result<void>> respond(ResponseHead head, std::string_view body) = 0;
    // Streaming: start, write pieces, finish. Without a length the body is chunked (or, to an
    // HTTP/1.0 client, ended by closing).
    virtual io::Task<Result<void>> start(ResponseHead head,
                                         std::optional<std::uint64_t> length) = 0;
    virtual io::Task<Result<void>> write(std::string_view piece) = 0;
    virtual io::Task<Result<void>> finish() = 0;

    // Calls `watcher` once when the client closes its side of the connection from now on, so that
    // what is done for it can be given up; null: no more. A client that had closed its side with
    // the request waits for the answer nevertheless. Taken back before the handler ends. Who has
    // left and was not answered is counted and logged as 499.
    virtual void watch_client(io::EndWatcher* watcher) = 0;

    // Answers 101 and leaves HTTP: the connection is the handler's until it ends, and is closed
    // then. Only for a request that asks for `protocol` (Upgrade, RFC 9110, 7.8).
    struct Tunnel {
        io::Stream* stream = nullptr;
        std::string_view read_ahead;  // what has come already; valid as long as the exchange
    };
    virtual io::Task<Result<Tunnel>> switch_protocols(ResponseHead head,
                                                      std::string_view protocol) = 0;

    // What this request is counted and logged under, once a handler knows; the last word counts.
    void report_as(const telemetry::Route* route) {
        if (route != nullptr) route_ = route;
    }
    // Keeps what the handler uses until the request has ended. The first that is given stays.
    void keep(std::shared_ptr<const void> used) {
        if (!kept_) kept_ = std::move(used);
    }

  protected:
    const telemetry::Route* route_ = nullptr;
    std::shared_ptr<const void> kept_;
};

// The exchange outlives the task. An error returned means that the connection is of no more use.
using Handler = std::function<io::Task<Result<void>>(Exchange&)>;

struct ServerOptions {
    std::size_t header_bytes_max = 32 * 1024;         // 431 beyond
    std::uint64_t body_bytes_max = 64 * 1024 * 1024;  // 413 beyond
    std::size_t connections_max = 20000;              // further ones are turned away
    std::size_t turned_away_max = 256;                // of these, told so at once; 0: none
    Millis head_timeout{10'000};                      // from the first byte of a head to its end
    Millis body_timeout{30'000};                      // between two pieces of a body
    Millis idle_timeout{75'000};                      // between two requests
    Millis write_timeout{30'000};
    bool proxy_protocol = false;             // expect a PROXY v2 header first
    const io::TlsServer* tls = nullptr;      // must outlive the server
    const ServerMetrics* metrics = nullptr;  // the same
};

// Accepts on one listener on the current executor until stop(). One per reactor.
class Server {
  public:
    Server(std::unique_ptr<io::Listener> listener, ServerOptions options, Handler handler);
    ~Server();  // must be stopped before

    const io::Endpoint& local() const;
    struct Limits {
        std::size_t header_bytes_max;
        Millis head_timeout, body_timeout;
    };
    // The bytes for connections from now on, the times for what is waited for from now on.
    void set_limits(const Limits& limits);
    void start();
    // From now on every answer is the last on its connection, and says so; new ones are still
    // taken. The first step of a graceful stop: clients that are busy move elsewhere by themselves.
    void retire();
    // Stops accepting and lets requests under way end. A connection that waits for its next request
    // is closed at once; one that has not sent its first yet has kFirstRequest to do so, since its
    // client has no reason to expect the close (RFC 9112, 9.3.1). True when none is left, false at
    // the deadline.
    io::Task<bool> drain(Instant deadline);
    static constexpr Millis kFirstRequest{500};
    // Drains, and closes what is left at the deadline.
    io::Task<void> stop(Instant deadline);
    std::size_t connections() const;
    // Requests whose handler failed or ended without a whole response, through no fault of the
    // client.
    std::size_t unhandled() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace domicile::http
