// An exchange of the client: lease a connection, send the request, read the head of the response.
// The body is read by whoever asked. Once it was read to its end, dropping the response gives the
// connection back; in any other case the connection is closed, since nobody knows where the next
// message would begin.
#include "http/client.h"

#include <atomic>
#include <mutex>
#include <unordered_map>

#include "base/encoding.h"
#include "http/outbound.h"
#include "http/pool.h"

namespace domicile::http {

void Cancellation::cancel() {
    cancelled_ = true;
    if (stream_ != nullptr) stream_->cancel();
}

// While it is there, a cancellation reaches the stream.
class Cancellable {
  public:
    Cancellable(Cancellation* cancellation, io::Stream& stream) : cancellation_(cancellation) {
        if (cancellation_ != nullptr) cancellation_->stream_ = &stream;
    }
    ~Cancellable() {
        if (cancellation_ != nullptr) cancellation_->stream_ = nullptr;
    }
    Cancellable(const Cancellable&) = delete;
    bool cancelled() const { return cancellation_ != nullptr && cancellation_->cancelled(); }

  private:
    Cancellation* cancellation_;
};

namespace {

constexpr std::size_t kCopyBytesMax = 2 * 1024;  // smaller bodies are copied behind their head
constexpr int kInterimMax = 8;                   // 1xx responses before the real one
constexpr std::size_t kRetainBytesMax = 2 * 1024;

using Response = std::unique_ptr<ClientResponse>;

bool is_idempotent(std::string_view method) {
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
           method == "OPTIONS" || method == "TRACE";
}

// A body of no bytes is worth mentioning only where one is expected (RFC 9110, 8.6).
bool says_empty(std::string_view method) {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

std::string host_of(const Target& target) {
    std::string host = target.server_name.empty() ? target.endpoint.host : target.server_name;
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    const std::uint16_t usual = target.tls != nullptr ? 443 : 80;
    if (target.endpoint.port != usual) host += ":" + std::to_string(target.endpoint.port);
    return host;
}

class ReceivedBody final : public ClientResponse {
  public:
    ReceivedBody(Lease lease, Framing framing, std::optional<Millis> timeout)
        : lease_(std::move(lease)), framing_(framing) {
        inbound().begin_body(framing_);
        timeout_ = timeout.value_or(lease_.options().body_timeout);
        settle();
    }

    int status() const override { return lease_.connection->response.status; }
    const Headers& headers() const override { return lease_.connection->response.headers; }
    std::optional<std::uint64_t> content_length() const override {
        const bool unknown =
            framing_.body == BodyKind::chunked || framing_.body == BodyKind::until_close;
        return unknown ? std::nullopt : std::optional(framing_.length);
    }
    io::Task<Result<std::string_view>> read() override;
    io::Task<Result<std::string>> read_all(std::size_t bytes_max) override;
    std::optional<std::string_view> take_whole() override {
        const std::uint64_t known = framing_.body == BodyKind::length ? framing_.length : 0;
        if (failed_ || !inbound().has_whole_body(known)) return std::nullopt;
        const std::string_view body = inbound().next_piece().view;
        settle();
        return body;
    }
    void cancel() override {
        failed_ = true;
        stream().cancel();
    }
    io::Stream* tunnel() override { return status() == 101 ? &stream() : nullptr; }
    std::string_view read_ahead() const override { return inbound().unread(); }

  private:
    Inbound& inbound() const { return lease_.connection->inbound; }
    io::Stream& stream() const { return *lease_.connection->stream; }
    // At the end of the body: fit for another exchange unless the server said or did otherwise.
    void settle() {
        if (framing_.keep_alive && inbound().body_ended() && !inbound().has_unread()) lease_.keep();
    }

    Lease lease_;
    Framing framing_;
    Millis timeout_;
    bool failed_ = false;
};

io::Task<Result<std::string_view>> ReceivedBody::read() {
    while (!failed_) {
        const Inbound::Piece piece = inbound().next_piece();
        if (piece.status == Inbound::Piece::bad) break;
        settle();
        if (piece.status != Inbound::Piece::need_more) co_return piece.view;
        const Instant deadline = io::deadline_in(timeout_);
        const auto bytes = co_await stream().read_some(inbound().body_room(), deadline);
        failed_ = !bytes;
        if (!bytes) co_return std::unexpected(bytes.error());
        if (*bytes == 0) {
            if (inbound().stream_ended()) co_return std::string_view();
            failed_ = true;
            co_return fail(Code::unavailable, "The server left before the end of its response.");
        }
        inbound().filled(*bytes);
    }
    failed_ = true;
    co_return fail(Code::malformed, "The body of the response is malformed.");
}

io::Task<Result<std::string>> ReceivedBody::read_all(std::size_t bytes_max) {
    const std::uint64_t known = framing_.body == BodyKind::length ? framing_.length : 0;
    std::string all;
    if (known <= bytes_max) all.reserve(known);
    bool fits = known <= bytes_max;
    while (fits) {
        CO_TRY(const std::string_view piece, co_await read());
        if (piece.empty()) co_return all;
        fits = all.size() + piece.size() <= bytes_max;
        if (fits) all.append(piece);
    }
    co_return fail(Code::too_large, "The body of the response is too large.");
}

// Reads heads until that of the final response. `silent` is set when the connection ended or broke
// before the first byte, which a stale connection does.
io::Task<Result<Framing>> receive_head(PooledConnection& connection, HeadLimits limits,
                                       bool to_head, bool upgrades, Instant deadline,
                                       bool& silent) {
    Inbound& inbound = connection.inbound;
    silent = true;
    for (int interim = 0; interim < kInterimMax;) {
        const auto head = inbound.head();
        if (!head) co_return fail(Code::malformed, std::string(head.error().message));
        if (*head) {
            const auto framing = parse_response(**head, limits, to_head, connection.response);
            if (!framing) co_return fail(Code::malformed, std::string(framing.error().message));
            const int status = connection.response.status;
            if (status >= 200) co_return *framing;
            if (status == 101 && upgrades) {
                Framing switched = *framing;
                switched.keep_alive = false;
                co_return switched;
            }
            if (status == 101) break;
            ++interim;
            continue;
        }
        const auto bytes = co_await connection.stream->read_some(inbound.head_room(), deadline);
        if (!bytes) co_return std::unexpected(bytes.error());
        if (*bytes == 0) co_return fail(Code::unavailable, "The server closed the connection.");
        silent = false;
        inbound.filled(*bytes);
    }
    co_return fail(Code::malformed, "The server sent interim responses that nobody asked for.");
}

struct Request {
    const RequestHead& head;
    std::string_view host;
    std::optional<std::uint64_t> length;  // of the body; nullopt: chunked, or none at all
    bool chunked = false;
    std::string_view upgrade = {};
};

HeadLimits limits_of(const ClientOptions& options) {
    return {.bytes_max = options.header_bytes_max};
}

Result<void> print_head(const Request& request, std::string& out) {
    out.clear();
    const RequestFraming framing{request.host, request.length, request.chunked, request.upgrade};
    return print_request(request.head, framing, out);
}

io::Task<Result<void>> connect(Lease& lease, Target target, Instant deadline) {
    const io::ConnectOptions options{target.tls, target.server_name};
    const Instant limit = std::min(deadline, io::deadline_in(lease.options().connect_timeout));
    io::Network& network = io::Executor::current().network();
    auto stream = co_await network.connect(target.endpoint, options, limit);
    // Nothing was sent: a server that cannot be reached, not one that is late with an answer.
    if (!stream && stream.error().code == Code::deadline_exceeded && limit < deadline)
        co_return fail(Code::unavailable, "The server could not be reached in time.",
                       std::string(kReasonUnreachable));
    if (!stream) {
        Error error = std::move(stream.error());
        error.reason = kReasonUnreachable;
        co_return std::unexpected(std::move(error));
    }
    lease.connection =
        std::make_unique<PooledConnection>(std::move(*stream), limits_of(lease.options()));
    co_return Result<void>{};
}

// One piece of a request body, framed, behind whatever waits in `out`.
io::Task<Result<void>> send_piece(PooledConnection& connection, std::string_view piece,
                                  bool chunked, Instant deadline) {
    if (chunked) print_chunk_size(piece.size(), connection.out);
    std::string_view tail = chunked ? "\r\n" : "";
    if (piece.size() <= kCopyBytesMax) {
        connection.out.append(piece).append(tail);
        piece = tail = {};
    }
    auto written = co_await connection.stream->write(connection.out, piece, tail, deadline);
    connection.out.clear();
    co_return written;
}

// `out` holds the head; it goes out with the first piece. `broken` tells a connection that failed
// from a source that did.
io::Task<Result<void>> send_source(PooledConnection& connection, BodySource& source,
                                   std::optional<std::uint64_t> length, Instant deadline,
                                   bool& broken) {
    std::uint64_t left = length.value_or(0);
    Result<void> sent;
    while (true) {
        CO_TRY(const std::string_view piece, co_await source.read());
        if (piece.empty()) break;
        if (length && piece.size() > left) {
            co_return fail(Code::internal, "The request body is longer than its promised length.");
        }
        left -= length ? piece.size() : 0;
        sent = co_await send_piece(connection, piece, !length, deadline);
        broken = !sent;
        if (broken) co_return sent;
    }
    if (left > 0) {
        co_return fail(Code::internal, "The request body is shorter than its promised length.");
    }
    // The head too, if there was no piece; the last chunk is an empty one.
    if (!length) connection.out.append("0\r\n\r\n");
    if (connection.out.empty()) co_return sent;
    sent = co_await connection.stream->write(connection.out, deadline);
    broken = !sent;
    connection.out.clear();
    co_return sent;
}

io::Task<Result<Framing>> receive_after_failure(PooledConnection& connection, Error failure,
                                                HeadLimits limits, bool to_head, Instant deadline,
                                                bool& silent) {
    silent = true;
    if (failure.code != Code::unavailable) co_return std::unexpected(std::move(failure));
    auto framing = co_await receive_head(connection, limits, to_head, false, deadline, silent);
    if (!framing) co_return std::unexpected(std::move(failure));
    framing->keep_alive = false;
    co_return framing;
}

// After the request: `sent` is what became of sending it. A server may answer before it has read
// everything and stop reading; that answer is worth having, but the connection is of no more use.
io::Task<Result<Framing>> receive_after(PooledConnection& connection, const Result<void>& sent,
                                        HeadLimits limits, bool to_head, bool upgrades,
                                        Instant deadline, bool& silent) {
    if (sent) return receive_head(connection, limits, to_head, upgrades, deadline, silent);
    return receive_after_failure(connection, sent.error(), limits, to_head, deadline, silent);
}

Response make_response(Lease lease, Framing framing, std::optional<Millis> timeout) {
    if (lease.connection->out.capacity() > kRetainBytesMax) lease.connection->out = {};
    return std::make_unique<ReceivedBody>(std::move(lease), framing, timeout);
}

std::atomic<std::uint64_t> next_client_id = 1;

}  // namespace

struct Client::Impl {
    std::shared_ptr<Pool> pool();
    Result<Lease> lease(const Target& target);

    ClientOptions options;
    const std::uint64_t id = next_client_id++;
    std::mutex mutex;
    std::unordered_map<io::Executor*, std::shared_ptr<Pool>> pools;  // under mutex
};

// The pool of this thread's executor. The last one asked for is remembered per thread, so that the
// lock is seldom taken.
std::shared_ptr<Pool> Client::Impl::pool() {
    struct Last {
        std::uint64_t client = 0;
        io::Executor* executor = nullptr;
        std::weak_ptr<Pool> pool;
    };
    thread_local Last last;
    io::Executor* executor = &io::Executor::current();
    if (last.client == id && last.executor == executor) {
        if (auto pool = last.pool.lock()) return pool;
    }
    std::lock_guard lock(mutex);
    std::shared_ptr<Pool>& pool = pools[executor];
    if (!pool) pool = std::make_shared<Pool>(options);
    last = {id, executor, pool};
    return pool;
}

Result<Lease> Client::Impl::lease(const Target& target) {
    std::shared_ptr<Pool> own = pool();
    Pool::Bucket& bucket = own->bucket(target);
    if (!own->lease(bucket)) {
        return fail(Code::resource_exhausted, "Too many connections to this server.");
    }
    return Lease(std::move(own), bucket);
}

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>()) {
    impl_->options = options;
}
Client::~Client() = default;

io::Task<Result<Response>> Client::send(Target target, RequestHead head, std::string_view body,
                                        SendOptions options) {
    const std::string own_host = head.host.empty() ? host_of(target) : std::string();
    Request request{.head = head,
                    .host = head.host.empty() ? std::string_view(own_host) : head.host,
                    .length = body.size(),
                    .upgrade = options.upgrade};
    if (body.empty() && !says_empty(head.method)) request.length.reset();
    for (bool fresh = false;; fresh = true) {
        CO_TRY(Lease lease, impl_->lease(target));
        const bool pooled = !fresh && options.upgrade.empty() && lease.reuse();
        if (!pooled) CO_TRY_VOID(co_await connect(lease, target, options.deadline));
        PooledConnection& connection = *lease.connection;
        const Cancellable cancellable(options.cancellation, *connection.stream);
        if (cancellable.cancelled()) co_return fail(Code::cancelled, "The call was given up.");
        CO_TRY_VOID(print_head(request, connection.out));
        const Instant limit =
            std::min(options.deadline, io::deadline_in(impl_->options.head_timeout));
        std::string_view apart = body;
        if (body.size() <= kCopyBytesMax) {
            connection.out.append(body);
            apart = {};
        }
        const Result<void> sent = co_await connection.stream->write(connection.out, apart, limit);
        connection.out.clear();
        bool silent = true;
        auto framing =
            co_await receive_after(connection, sent, limits_of(impl_->options),
                                   head.method == "HEAD", !options.upgrade.empty(), limit, silent);
        if (framing) co_return make_response(std::move(lease), *framing, options.body_timeout);
        // A pooled connection may have been closed by the server just as it was taken. A request
        // that may have been carried out is repeated only if that does no harm (RFC 9110, 9.2.2).
        const bool stale = pooled && silent && framing.error().code == Code::unavailable;
        if (!stale || !is_idempotent(head.method)) co_return std::unexpected(framing.error());
    }
}

io::Task<Result<Response>> Client::send(Target target, RequestHead head, BodySource& source,
                                        std::optional<std::uint64_t> length, SendOptions options) {
    const std::string own_host = head.host.empty() ? host_of(target) : std::string();
    const Request request{.head = head,
                          .host = head.host.empty() ? std::string_view(own_host) : head.host,
                          .length = length,
                          .chunked = !length};
    CO_TRY(Lease lease, impl_->lease(target));
    const bool pooled = lease.reuse();
    if (!pooled) CO_TRY_VOID(co_await connect(lease, target, options.deadline));
    PooledConnection& connection = *lease.connection;
    const Cancellable cancellable(options.cancellation, *connection.stream);
    if (cancellable.cancelled()) co_return fail(Code::cancelled, "The call was given up.");
    CO_TRY_VOID(print_head(request, connection.out));
    bool broken = false;
    const Result<void> sent =
        co_await send_source(connection, source, length, options.deadline, broken);
    if (!sent && !broken) co_return std::unexpected(sent.error());
    const Instant limit = std::min(options.deadline, io::deadline_in(impl_->options.head_timeout));
    bool silent = true;
    CO_TRY(const Framing framing,
           co_await receive_after(connection, sent, limits_of(impl_->options),
                                  head.method == "HEAD", false, limit, silent));
    co_return make_response(std::move(lease), framing, options.body_timeout);
}

}  // namespace domicile::http
