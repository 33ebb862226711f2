#include "http/connection.h"

#include <cstring>

#include "base/encoding.h"
#include "http/outbound.h"

namespace domicile::http {

namespace {

constexpr std::uint64_t kDrainBytesMax = 64 * 1024;  // of a body that the handler left unread
constexpr std::size_t kLingerBytesMax = 4 * 1024 * 1024;
constexpr Millis kLingerTimeout{2'000};
constexpr std::size_t kCopyBytesMax = 2 * 1024;  // smaller bodies are copied behind their head
constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr int kClientLeft = 499;
constexpr std::size_t kRetainBytesMax = 2 * 1024;  // output buffer of an idle connection

// Version 4, variant 10 (RFC 9562), so that a trace of the same number reads like the request's id.
std::array<std::uint8_t, 16> uuid_bytes(std::array<std::uint8_t, 16> random) {
    random[6] = static_cast<std::uint8_t>((random[6] & 0x0f) | 0x40);
    random[8] = static_cast<std::uint8_t>((random[8] & 0x3f) | 0x80);
    return random;
}

std::optional<telemetry::TraceParent> caller_of(const Headers& headers) {
    if (const auto value = headers.find("traceparent")) {
        if (headers.count("traceparent") != 1) return std::nullopt;
        return telemetry::parse_traceparent(*value);
    }
    // What the AWS SDKs send from within a function.
    if (const auto value = headers.find("X-Amzn-Trace-Id")) {
        return telemetry::parse_amazon_trace(*value);
    }
    return std::nullopt;
}

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes() {
    std::array<std::uint8_t, N> out;
    io::Executor::current().random().fill(out.data(), N);
    return out;
}

}  // namespace

ServerState::ServerState(ServerOptions o, Handler h)
    : options(o), handler(std::move(h)), limits{.bytes_max = o.header_bytes_max} {}

std::string_view ServerState::date() {
    now_ = io::Executor::current().clock().now();
    if (now_.seconds() != date_second_) {
        date_second_ = now_.seconds();
        date_ = to_http_date(now_);
    }
    return date_;
}

Connection::Connection(ServerState& state, std::unique_ptr<io::Stream> stream)
    : state_(state), stream_(std::move(stream)), inbound_(state.limits) {}

void Connection::cancel() {
    broken_ = true;
    if (stream_) stream_->cancel();
}

const std::string& Connection::request_id() const {
    if (request_id_.empty()) request_id_ = uuid_from(request_number_);
    return request_id_;
}

// What comes before HTTP: PROXY header, then TLS. Whoever fails there gets no answer.
io::Task<bool> Connection::prepare() {
    const Instant deadline = io::deadline_in(state_.options.head_timeout);
    std::optional<io::Endpoint> client;
    if (state_.options.proxy_protocol) {
        idle_ = true;
        auto endpoint = co_await io::read_proxy_header(*stream_, deadline);
        idle_ = false;
        if (!endpoint) co_return false;
        client = std::move(*endpoint);
    }
    if (state_.options.tls != nullptr) {
        io::Network& network = io::Executor::current().network();
        auto secured =
            co_await network.accept_tls(std::move(stream_), *state_.options.tls, deadline);
        if (!secured) co_return false;
        stream_ = std::move(*secured);
        if (state_.options.metrics != nullptr) state_.options.metrics->secured.add();
    }
    peer_ = stream_->peer();
    if (client) peer_.remote = std::move(*client);
    co_return !state_.closing;
}

io::Task<void> Connection::run() {
    const bool prepared = co_await prepare();
    if (!prepared) co_return;
    while (true) {
        const bool received = co_await next_request();
        if (!received) break;
        co_await serve();
        end_report();
        kept_.reset();
        if (!keep_alive_ || broken_) break;
        served_ = true;
        inbound_.end_message();
        if (out_.capacity() > kRetainBytesMax) std::string().swap(out_);
    }
    co_await linger();
}

// Time is read once when a request begins and once when it ends; the deadlines of the connection
// count from the same readings.
void Connection::begin_report(Instant& deadline, Millis timeout) {
    started_ns_ = io::Executor::current().clock().monotonic_ns();
    deadline = Instant{started_ns_ / kNanosPerMilli} + timeout;
}

// The request's ids: its own, the trace that its caller named or else one of the same number, and a
// span of this server. Where nothing is recorded, the caller's span stays in place, so that what is
// called from here is seen as called by it.
void Connection::begin_context() {
    RequestContext context;
    context.request_id = context.trace_id = request_number_;
    parent_span_ = {};
    const auto parent = caller_of(request_.headers);
    if (parent) {
        context.trace_id = parent->trace_id;
        parent_span_ = context.span_id = parent->parent_id;
        context.trace_flags = parent->flags;
    }
    telemetry::Tracer* tracer = state_.options.metrics->tracer;
    const bool sampled =
        tracer != nullptr && tracer->samples(parent ? &*parent : nullptr, context.trace_id);
    if (sampled || !parent) context.span_id = random_bytes<8>();
    if (sampled) {
        context.spans = tracer;
        context.trace_flags = telemetry::TraceParent::kSampled;
    }
    RequestContext::current() = context;
}

void Connection::record_span(telemetry::Tracer& tracer) const {
    const RequestContext& context = RequestContext::current();
    telemetry::Span span;
    span.trace_id = context.trace_id;
    span.span_id = context.span_id;
    span.parent_id = parent_span_;
    span.start_ns = started_ns_;
    span.end_ns = ended_ns_;
    span.route = route_;
    span.method = telemetry::method_of(request_.method);
    span.status = status_;
    const bool good = status_ > 0 && status_ < 500;
    span.outcome = good ? telemetry::Outcome::ok : telemetry::Outcome::failed;
    tracer.record(std::move(span));
}

void Connection::write_access_line(const telemetry::Route& route, telemetry::Nanos duration) {
    const ServerMetrics& metrics = *state_.options.metrics;
    if (network_.empty()) network_ = telemetry::network_of(peer_.remote.host);
    const Timestamp time = status_ == 0 ? io::Executor::current().clock().now() : state_.now();
    metrics.access_log->write({.route = route,
                               .listener = metrics.listener,
                               .method = telemetry::method_of(request_.method),
                               .status = status_,
                               .duration = duration,
                               .received_bytes = received_bytes_,
                               .sent_bytes = sent_bytes_,
                               .network = network_,
                               .time = time});
}

void Connection::end_report() {
    ended_ns_ = io::Executor::current().clock().monotonic_ns();
    const ServerMetrics* metrics = state_.options.metrics;
    if (metrics == nullptr) return;
    const telemetry::Route& route = route_ != nullptr ? *route_ : metrics->unrouted;
    const telemetry::Nanos duration(ended_ns_ - started_ns_);
    route.requests.add(telemetry::method_of(request_.method), telemetry::status_class_of(status_));
    route.time.observe(duration);
    metrics->received_bytes.add(received_bytes_);
    metrics->sent_bytes.add(sent_bytes_);
    if (refusal_ != 0 && refusal_ != 500) metrics->refused.add(refusal_of(refusal_));
    RequestContext& context = RequestContext::current();
    if (context.span_id == decltype(context.span_id){}) {  // refused before it was read
        context.request_id = context.trace_id = request_number_;
    }
    if (metrics->access_log != nullptr) write_access_line(route, duration);
    if (context.spans != nullptr) record_span(*metrics->tracer);
    context = {};
}

// False when there is none: the client left, or sent what is no request and was told so.
io::Task<bool> Connection::next_request() {
    request_id_.clear();
    request_number_ = uuid_bytes(random_bytes<16>());
    sent_ = Sent::nothing;
    refusal_ = 0;
    framing_ = {};
    request_.method = {};  // a refusal must not be shaped by the request before
    request_.http10 = false;
    route_ = nullptr;
    received_bytes_ = sent_bytes_ = 0;
    status_ = 0;
    bool started = inbound_.has_unread();
    const ServerOptions& options = state_.options;
    Instant deadline;
    if (started || ended_ns_ == 0) {
        begin_report(deadline, started ? options.head_timeout : options.idle_timeout);
    } else {
        deadline = Instant{ended_ns_ / kNanosPerMilli} + options.idle_timeout;
    }
    // What has arrived already is still served.
    const bool late = state_.closing || (state_.stopping && served_);
    if (late && !started) deadline = io::deadline_in(Millis(1));
    while (true) {
        const auto head = inbound_.head();
        if (!head) {
            co_await send_problem(head.error().status);
            end_report();
            co_return false;
        }
        if (*head) {
            const bool parsed = parse(**head);
            if (!parsed) {
                co_await send_problem(refusal_);
                end_report();
            }
            co_return parsed;
        }
        idle_ = !started;
        const auto bytes = co_await stream_->read_some(inbound_.head_room(), deadline);
        idle_ = false;
        if (!bytes || *bytes == 0) {
            const bool timed_out = !bytes && bytes.error().code == Code::deadline_exceeded;
            if (started && timed_out) {
                co_await send_problem(408);
                end_report();
            }
            broken_ = !timed_out;
            co_return false;
        }
        inbound_.filled(*bytes);
        received_bytes_ += *bytes;
        if (!started) begin_report(deadline, options.head_timeout);
        started = true;
    }
}

bool Connection::parse(std::string_view head) {
    auto framing = parse_request(head, state_.limits, request_);
    if (!framing) {
        refusal_ = framing.error().status;
        return false;
    }
    framing_ = *framing;
    inbound_.begin_body(framing_);
    keep_alive_ = framing_.keep_alive;
    continued_ = !framing_.expects_continue;
    body_read_ = 0;
    body_failed_ = chunked_ = silent_ = ends_by_close_ = false;
    return true;
}

io::Task<void> Connection::serve() {
    bool handled = false;
    if (state_.options.metrics != nullptr) begin_context();
    try {
        io::Task<Result<void>> task = state_.handler(*this);
        const Result<void> outcome = co_await task;
        handled = outcome.has_value();
    } catch (...) {
        // The one place where exceptions of handlers end (CONVENTIONS: 500 and a counter).
        broken_ = broken_ || sent_ == Sent::head;
    }
    if (!handled) keep_alive_ = false;
    if (!is_settled()) co_await settle(handled);
}

// After most handlers there is nothing left to do.
bool Connection::is_settled() const {
    if (broken_) return true;
    return sent_ == Sent::all && (!keep_alive_ || inbound_.body_ended());
}

void Connection::note_unhandled() {
    ++state_.unhandled;
    if (state_.options.metrics != nullptr) state_.options.metrics->failed.add();
}

// After the handler: whatever it left open is closed, answered or drained.
io::Task<void> Connection::settle(bool handled) {
    if (client_left_ && sent_ != Sent::all) {
        // Given up by the handler. 499, as others write it into their logs.
        if (sent_ != Sent::head) status_ = kClientLeft;
        broken_ = true;
    } else if (sent_ == Sent::nothing || sent_ == Sent::held) {
        if (refusal_ == 0) note_unhandled();
        co_await send_problem(refusal_ == 0 ? 500 : refusal_);
    } else if (sent_ == Sent::head) {
        // A response that stops half-way must not look complete.
        if (handled) note_unhandled();
        broken_ = true;
    } else if (keep_alive_ && !inbound_.body_ended()) {
        co_await drain();
    }
}

// Reads what the handler left of the body, so that the next request can be found behind it.
io::Task<void> Connection::drain() {
    std::uint64_t drained = 0;
    while (keep_alive_) {
        const auto piece = co_await read();
        if (!piece) keep_alive_ = false;
        if (!piece || piece->empty()) co_return;
        drained += piece->size();
        if (drained > kDrainBytesMax) keep_alive_ = false;
    }
}

// Closing while the client still sends would make the kernel reset the connection, and the response
// might never be read. So our side is closed first, and what comes is thrown away for a while.
io::Task<void> Connection::linger() {
    if (broken_ || !stream_) co_return;
    if (ends_by_close_) stream_->shutdown_write();
    if (inbound_.body_ended() && refusal_ == 0) co_return;
    if (!ends_by_close_) stream_->shutdown_write();
    const Instant deadline = io::deadline_in(kLingerTimeout);
    auto scratch = std::make_unique_for_overwrite<char[]>(Inbound::kBodyBytes);
    const std::span<char> room(scratch.get(), Inbound::kBodyBytes);
    std::size_t total = 0;
    while (total < kLingerBytesMax) {
        const auto bytes = co_await stream_->read_some(room, deadline);
        if (!bytes || *bytes == 0) co_return;
        total += *bytes;
    }
}

io::Task<void> Connection::send_problem(int status) {
    refusal_ = status;
    keep_alive_ = false;
    sent_ = Sent::nothing;
    ResponseHead head;
    head.status = status;
    head.add("Content-Type", "application/problem+json");
    const std::string body = problem_json(status, {}, reason_phrase(status), {});
    const Result<void> sent = co_await respond(std::move(head), body);
    if (!sent) broken_ = true;
}

std::optional<std::uint64_t> Connection::content_length() const {
    if (framing_.body == BodyKind::chunked) return std::nullopt;
    return framing_.length;
}

std::unexpected<Error> Connection::fail_body(Code code, int status, const char* message) {
    body_failed_ = true;
    keep_alive_ = false;
    if (status != 0) refusal_ = status;
    broken_ = broken_ || status == 0;
    return fail(code, message);
}

io::Task<Result<std::string_view>> Connection::read() {
    if (body_failed_) co_return fail(Code::malformed, "The body was refused before.");
    // Told to the handler rather than answered here, so that each dialect says it in its own form.
    if (framing_.length > state_.options.body_bytes_max) {
        co_return fail_body(Code::too_large, 413, "The body is too large.");
    }
    while (true) {
        const Inbound::Piece piece = inbound_.next_piece();
        if (piece.status == Inbound::Piece::end) co_return std::string_view();
        if (piece.status == Inbound::Piece::bad) {
            co_return fail_body(Code::malformed, 400, "The chunked body is malformed.");
        }
        if (piece.status == Inbound::Piece::bytes) {
            body_read_ += piece.view.size();
            if (body_read_ > state_.options.body_bytes_max) {
                co_return fail_body(Code::too_large, 413, "The body is too large.");
            }
            co_return piece.view;
        }
        if (!continued_ && sent_ == Sent::nothing) {
            const Instant deadline = io::deadline_in(state_.options.write_timeout);
            const std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
            const auto written = co_await stream_->write(line, deadline);
            if (!written) co_return fail_body(written.error().code, 0, "The client went away.");
        }
        continued_ = true;
        const Instant deadline = io::deadline_in(state_.options.body_timeout);
        const auto bytes = co_await stream_->read_some(inbound_.body_room(), deadline);
        if (!bytes) {
            const int status = bytes.error().code == Code::deadline_exceeded ? 408 : 0;
            co_return fail_body(bytes.error().code, status, "The body did not arrive.");
        }
        if (*bytes == 0) {
            co_return fail_body(Code::unavailable, 0, "The client left before the body's end.");
        }
        inbound_.filled(*bytes);
        received_bytes_ += *bytes;
    }
}

io::Task<Result<std::string>> Connection::read_all(std::size_t bytes_max) {
    const std::uint64_t known = content_length().value_or(0);
    std::string all;
    if (known <= bytes_max) all.reserve(known);
    bool fits = known <= bytes_max;
    while (fits) {
        CO_TRY(const std::string_view piece, co_await read());
        if (piece.empty()) co_return all;
        fits = all.size() + piece.size() <= bytes_max;
        if (fits) all.append(piece);
    }
    refusal_ = 413;
    co_return fail(Code::too_large, "The body is too large.");
}

// What decides, when the head is printed, that no further request can follow.
bool Connection::must_close() const {
    if (!keep_alive_ || state_.retiring || ends_by_close_) return true;
    if (inbound_.body_ended()) return false;
    // A client that still waits for 100-continue may or may not send its body after this response.
    return !continued_ || inbound_.body_left().value_or(0) > kDrainBytesMax;
}

bool Connection::bodiless(int status) const {
    return request_.method == "HEAD" || status == 204 || status == 304;
}

Result<void> Connection::print(const ResponseHead& head, std::optional<std::uint64_t> length,
                               bool chunked) {
    if (asks_to_close(head)) keep_alive_ = false;
    keep_alive_ = !must_close();
    status_ = head.status;
    silent_ = bodiless(head.status);
    const bool lengthless = head.status == 204 || head.status == 304;
    ResponseFraming framing;
    if (!lengthless) framing.length = length;
    framing.chunked = chunked && !lengthless;
    framing.close = !keep_alive_;
    out_.clear();
    return print_response(head, framing, state_.date(), out_);
}

// Sends out_ (a head or the size of a chunk), `body` and `tail` as one.
io::Task<Result<void>> Connection::send(std::string_view body, std::string_view tail) {
    const Instant deadline = io::deadline_in(state_.options.write_timeout);
    if (body.size() <= kCopyBytesMax) {
        out_.append(body).append(tail);
        body = tail = {};
    }
    sent_bytes_ += out_.size() + body.size() + tail.size();
    auto written = co_await stream_->write(out_, body, tail, deadline);
    out_.clear();
    if (!written) broken_ = true;
    co_return written;
}

namespace {

io::Task<Result<void>> failed(Error error) { co_return std::unexpected(std::move(error)); }

}  // namespace

// No coroutine itself: the head is printed at once, and what is left is to send.
io::Task<Result<void>> Connection::respond(ResponseHead head, std::string_view body) {
    if (sent_ != Sent::nothing)
        return failed({Code::internal, "There was a response already.", {}});
    if (const Result<void> printed = print(head, body.size(), false); !printed)
        return failed(printed.error());
    sent_ = Sent::all;
    if (silent_) body = {};
    return send(body, {});
}

io::Task<Result<void>> Connection::start(ResponseHead head, std::optional<std::uint64_t> length) {
    if (sent_ != Sent::nothing) co_return fail(Code::internal, "There was a response already.");
    chunked_ = !length && !request_.http10;
    ends_by_close_ = !length && request_.http10;
    CO_TRY_VOID(print(head, length, chunked_));
    length_left_ = length.value_or(0);
    sent_ = Sent::held;
    co_return Result<void>{};
}

io::Task<Result<void>> Connection::write(std::string_view piece) {
    if (sent_ != Sent::held && sent_ != Sent::head) {
        co_return fail(Code::internal, "There is no response under way.");
    }
    const bool sized = !chunked_ && !ends_by_close_;
    if (sized && !silent_) {
        if (piece.size() > length_left_) co_return fail(Code::internal, "The body is too long.");
        length_left_ -= piece.size();
    }
    if (silent_) piece = {};
    const bool in_chunk = chunked_ && !piece.empty();
    if (in_chunk) print_chunk_size(piece.size(), out_);
    sent_ = Sent::head;
    const std::string_view tail = in_chunk ? "\r\n" : "";
    co_return co_await send(piece, tail);
}

io::Task<Result<Exchange::Tunnel>> Connection::switch_protocols(ResponseHead head,
                                                                std::string_view protocol) {
    if (sent_ != Sent::nothing) co_return fail(Code::internal, "There was a response already.");
    out_.clear();
    CO_TRY_VOID(print_switch(head, protocol, state_.date(), out_));
    status_ = 101;
    sent_ = Sent::all;
    keep_alive_ = false;
    const Result<void> sent = co_await send({}, {});
    broken_ = true;  // to HTTP
    if (!sent) co_return std::unexpected(sent.error());
    co_return Tunnel{stream_.get(), inbound_.unread()};
}

io::Task<Result<void>> Connection::finish() {
    if (sent_ != Sent::held && sent_ != Sent::head) {
        co_return fail(Code::internal, "There is no response under way.");
    }
    if (length_left_ > 0 && !silent_) {
        co_return fail(Code::internal, "The body is shorter than its promised length.");
    }
    sent_ = Sent::all;
    if (chunked_ && !silent_) out_.append("0\r\n\r\n");
    if (out_.empty()) co_return Result<void>{};
    co_return co_await send({}, {});
}

}  // namespace domicile::http
