// The client side: a pool of keep-alive connections per executor and target, last used first.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "http/message.h"
#include "io/network.h"
#include "io/task.h"

namespace domicile::http {

// The reason of an error that came before anything was sent: the request was surely not carried
// out.
inline constexpr std::string_view kReasonUnreachable = "unreachable";

struct Target {
    io::Endpoint endpoint;
    const io::TlsClient* tls = nullptr;  // must outlive the client
    std::string server_name = {};        // SNI and certificate name

    auto operator<=>(const Target&) const = default;
};

struct ClientOptions {
    std::size_t idle_per_target_max = 256;
    std::size_t connections_per_target_max = 1024;  // resource_exhausted beyond
    std::size_t header_bytes_max = 32 * 1024;
    Millis connect_timeout{2'000};
    Millis head_timeout{30'000};
    Millis body_timeout{30'000};
    Millis idle_timeout{30'000};
};

// Gives a call up from outside, on its executor. A connection that is still being made ends first,
// which connect_timeout bounds.
class Cancellation {
  public:
    void cancel();
    bool cancelled() const { return cancelled_; }

  private:
    friend class Cancellable;
    io::Stream* stream_ = nullptr;  // while something is sent or the head is waited for
    bool cancelled_ = false;
};

struct SendOptions {
    Instant deadline;                         // of the head of the response
    Cancellation* cancellation = nullptr;     // outlives the call
    std::optional<Millis> body_timeout = {};  // instead of the client's
    // Asks for this protocol and takes 101 as an answer (see ClientResponse::tunnel); such a call
    // has no body and a connection of its own.
    std::string_view upgrade = {};
};

// Where a streamed request body comes from: the next piece, valid until the next call, empty at the
// end.
class BodySource {
  public:
    virtual ~BodySource() = default;
    virtual io::Task<Result<std::string_view>> read() = 0;
};

// A response whose head has arrived. Dropping it unread closes its connection; read to its end, the
// connection goes back to the pool.
class ClientResponse {
  public:
    virtual ~ClientResponse() = default;
    virtual int status() const = 0;
    virtual const Headers& headers() const = 0;  // views, valid as long as this object
    virtual std::optional<std::uint64_t> content_length() const = 0;
    virtual io::Task<Result<std::string_view>> read() = 0;
    virtual io::Task<Result<std::string>> read_all(std::size_t bytes_max) = 0;
    // The whole body if it is of known length, of at least one byte, and came with the head, as
    // small ones do; it then counts as read and the view is valid as long as this object. nullopt:
    // read it.
    virtual std::optional<std::string_view> take_whole() = 0;
    // Ends a read under way with Code::cancelled, for bodies that never end by themselves. The
    // reader may have dropped this response when it returns.
    virtual void cancel() = 0;
    // Of a 101: the connection, which is the caller's as long as this object, and what has come on
    // it already. Null for any other.
    virtual io::Stream* tunnel() = 0;
    virtual std::string_view read_ahead() const = 0;
};

// Thread-safe in that each executor has its own pool inside. Idle connections belong to the
// executors that made them: destroy the client, and every response of it, before the runtime.
class Client {
  public:
    explicit Client(ClientOptions options = {});
    ~Client();

    // Sends the head (Host, Content-Length and Connection are set here: Host from head.host unless
    // empty, then from the target) with the whole body. A pooled connection that turns out closed
    // before any byte of the response is retried once on a fresh one if the method is idempotent or
    // nothing was sent. unavailable, deadline_exceeded, malformed (a bad response),
    // invalid_argument (a head that cannot be printed); reason "unreachable" when there was no
    // connection to send it on. The deadline is for the head of the
    // response; pieces of its body have body_timeout each. Hop-by-hop fields of `head` are left
    // out.
    io::Task<Result<std::unique_ptr<ClientResponse>>> send(Target target, RequestHead head,
                                                           std::string_view body,
                                                           SendOptions options);
    io::Task<Result<std::unique_ptr<ClientResponse>>> send(Target target, RequestHead head,
                                                           std::string_view body,
                                                           Instant deadline) {
        return send(std::move(target), std::move(head), body, SendOptions{deadline});
    }
    // The same with a streamed body of the given length, chunked without one. `source` outlives the
    // call.
    io::Task<Result<std::unique_ptr<ClientResponse>>> send(Target target, RequestHead head,
                                                           BodySource& source,
                                                           std::optional<std::uint64_t> length,
                                                           SendOptions options);
    io::Task<Result<std::unique_ptr<ClientResponse>>> send(Target target, RequestHead head,
                                                           BodySource& source,
                                                           std::optional<std::uint64_t> length,
                                                           Instant deadline) {
        return send(std::move(target), std::move(head), source, length, SendOptions{deadline});
    }

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace domicile::http
