// The Runtime API of a process: polls and answers, and the feed, which is both in one connection.
#include <signal.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "functions/feed.h"
#include "functions/instance.h"
#include "functions/pool.h"

namespace domicile::functions {
namespace {

constexpr std::string_view kPrefix = "/2018-06-01/runtime/";
constexpr std::string_view kFeedPath = "/domicile/feed";
constexpr std::string_view kFeedProtocol = "domicile-feed";
constexpr std::size_t kResultBytesMax = 6 << 20;
constexpr std::size_t kPollsMax = 64;  // of a process that works on several events at once
constexpr Millis kOutputTurn{16};      // two turns of the reactor, at least
const Instant kFar{INT64_MAX / 2};

std::int64_t deadline_ms(const Invocation& invocation) {
    const io::Clock& clock = io::Executor::current().clock();
    const Timestamp at = clock.now() + (invocation.deadline - clock.monotonic());
    return at.ms;
}

io::Task<Result<void>> reply(http::Exchange& exchange, int status, std::string body) {
    http::ResponseHead head;
    head.status = status;
    head.add("Content-Type", "application/json");
    co_return co_await exchange.respond(std::move(head), body);
}

}  // namespace

// Tells a poll that its process has closed the connection: what was sent there would be lost.
class Departure final : public io::EndWatcher {
  public:
    Departure(http::Exchange& exchange, io::Event& changed)
        : exchange_(exchange), changed_(changed) {
        exchange_.watch_client(this);
    }
    ~Departure() {
        if (!left_) exchange_.watch_client(nullptr);
    }
    bool left() const { return left_; }

  private:
    void peer_ended() override {
        left_ = true;
        changed_.notify_all();  // the last that touches this
    }
    http::Exchange& exchange_;
    io::Event& changed_;
    bool left_ = false;
};

namespace {

// Nothing when it is too long. That is read to its end all the same, so that the process, which
// writes first and listens then, hears of it.
io::Task<Result<std::optional<std::string>>> read_result(http::Exchange& exchange) {
    std::optional<std::string> body = std::string();
    const std::uint64_t known = exchange.content_length().value_or(0);
    if (known <= kResultBytesMax) body->reserve(known);
    for (;;) {
        CO_TRY(const std::string_view piece, co_await exchange.read());
        if (piece.empty()) break;
        if (body && body->size() + piece.size() > kResultBytesMax) body.reset();
        if (body) *body += piece;
    }
    co_return body;
}

const char* const kTooLargeForUs = R"({"errorType":"RequestEntityTooLarge"})";
const char* const kTooLargeForCaller =
    R"({"errorType":"Function.ResponseSizeTooLarge","errorMessage":)"
    R"("Response payload size exceeded maximum allowed payload size (6291456 bytes)."})";

// What a process that streams says behind its answer when it failed in the middle of it.
std::optional<std::string> error_in_trailers(const http::Exchange& exchange) {
    const auto type = exchange.trailer("Lambda-Runtime-Function-Error-Type");
    if (!type) return std::nullopt;
    const auto body = exchange.trailer("Lambda-Runtime-Function-Error-Body");
    std::optional<std::string> document = from_base64(body.value_or(""));
    if (document && !document->empty()) return document;
    return json::serialize(json::object{{"errorType", *type}});
}

}  // namespace

// ---- Runtime API -------------------------------------------------------------------------------

io::Task<Result<void>> Instance::answer(http::Exchange& exchange) {
    std::string_view path = exchange.request().path;
    if (path == kFeedPath) co_return co_await feed(exchange);
    if (path == kCredentialsPath) co_return co_await give_credentials(exchange);
    if (!path.starts_with(kPrefix)) co_return co_await reply(exchange, 404, "{}");
    path.remove_prefix(kPrefix.size());
    if (path == "invocation/next" && exchange.request().method == "GET")
        co_return co_await next(exchange);
    if (exchange.request().method != "POST") co_return co_await reply(exchange, 405, "{}");
    if (path == "init/error") {
        log::warning("function_init_error", {{"function", pool_.function().name}});
        co_return co_await reply(exchange, 202, R"({"status":"OK"})");
    }
    if (path.starts_with("invocation/")) co_return co_await finish(exchange, path.substr(11));
    co_return co_await reply(exchange, 404, "{}");
}

// As the SDKs' container provider reads them, and fetches them again before they end. The token
// keeps other programs of this machine away.
io::Task<Result<void>> Instance::give_credentials(http::Exchange& exchange) {
    const std::string_view token = exchange.request().headers.find("Authorization").value_or("");
    if (exchange.request().method != "GET" || !crypto::constant_time_equal(token, token_))
        co_return co_await reply(exchange, 403, R"({"code":"AccessDenied"})");
    const access::Credentials own = pool_.credentials();
    const json::object body{{"AccessKeyId", own.access_key_id},
                            {"SecretAccessKey", own.secret_access_key.expose()},
                            {"Token", own.session_token},
                            {"Expiration", to_rfc3339(own.expires)}};
    co_return co_await reply(exchange, 200, json::serialize(body));
}

// ---- Handing out -------------------------------------------------------------------------------

// A poll that waits for an event.
struct Instance::Poll {
    std::shared_ptr<Invocation> given;
    bool replaced = false;  // by a later one
};

std::size_t Instance::room() const {
    return static_cast<std::size_t>(pool_.function().concurrency.per_process);
}

bool Instance::takes() const {
    const bool asks = feed_ != nullptr || !polls_.empty();
    return asks && process_ != nullptr && !ending_ && !retiring_ && works_.size() < room();
}

void Instance::hand_over(std::shared_ptr<Invocation> invocation) {
    invocation->at = this;
    works_.push_back(invocation);
    if (feed_ != nullptr) return feed_->send(mark_handed(*invocation), described(*invocation));
    Poll* const poll = polls_.front();
    polls_.pop_front();
    poll->given = std::move(invocation);
    changed_.notify_all();
}

// It asks for work, or could do more of it.
void Instance::seek_work() {
    if (works_.empty()) idle_since_ = io::Executor::current().clock().coarse();
    pool_.offer(*this);  // may hand over
}

// Its number.
std::uint32_t Instance::mark_handed(Invocation& invocation) {
    invocation.handed_ns = io::Executor::current().clock().monotonic_ns();
    if (invocation.call.tail)
        *invocation.call.tail =
            "START RequestId: " + invocation.call.request_id + " Version: $LATEST\n";
    return invocation.number = ++last_number_;
}

void Instance::release(const std::shared_ptr<Invocation>& invocation) {
    const auto erased = std::erase(works_, invocation);
    invocation->at = nullptr;
    if (erased == 0) return;  // given up, or its process has ended
    if (retiring_ && works_.empty()) return kill();
    seek_work();
}

// ---- Polls -------------------------------------------------------------------------------------

// Nothing is given when the wait ended for another poll of the process, or for its end. A process
// that polls while it has all that it may work on waits until something has ended: runtimes may ask
// ahead.
io::Task<void> Instance::wait_for_work(Poll& poll, const Departure& client) {
    const std::size_t most = room() == 1 ? 1 : std::max(kPollsMax, room());
    polled_ = true;
    if (polls_.size() >= most) {
        polls_.front()->replaced = true;
        polls_.pop_front();
    }
    polls_.push_back(&poll);
    changed_.notify_all();  // an earlier poll ends
    seek_work();
    while (!poll.given && !poll.replaced && process_ != nullptr && !ending_ && !client.left())
        co_await changed_.wait_until(kFar);
    std::erase(polls_, &poll);
}

io::Task<Result<void>> Instance::next(http::Exchange& exchange) {
    Poll poll;
    {
        const Departure client(exchange, changed_);
        co_await wait_for_work(poll, client);
    }
    const std::shared_ptr<Invocation> invocation = poll.given;
    if (!invocation) co_return fail(Code::cancelled, "The process is gone.");
    (void)mark_handed(*invocation);
    const Result<void> sent =
        co_await exchange.respond(head_of(*invocation), invocation->call.event);
    if (!sent && invocation->at == this && !invocation->result) {
        // The poll's connection was gone: the next poll gets it, of whichever process.
        std::erase(works_, invocation);
        invocation->at = nullptr;
        pool_.give_back(invocation);
    }
    co_return sent;
}

http::ResponseHead Instance::head_of(const Invocation& invocation) const {
    http::ResponseHead head;
    head.add("Content-Type", "application/json");
    head.add("Lambda-Runtime-Aws-Request-Id", invocation.call.request_id);
    head.add("Lambda-Runtime-Trace-Id", invocation.trace);
    head.add("Lambda-Runtime-Deadline-Ms", std::to_string(deadline_ms(invocation)));
    head.add("Lambda-Runtime-Invoked-Function-Arn",
             arn_of(pool_.options().region, pool_.function().name));
    if (!invocation.call.client_context.empty())
        head.add("Lambda-Runtime-Client-Context", invocation.call.client_context);
    return head;
}

io::Task<Result<void>> Instance::finish(http::Exchange& exchange, std::string_view rest) {
    const auto slash = std::min(rest.find('/'), rest.size());
    const std::string id(rest.substr(0, slash));
    const std::string what(rest.substr(std::min(slash + 1, rest.size())));
    const bool streams =
        exchange.request().headers.find("Lambda-Runtime-Function-Response-Mode").value_or("") ==
        "streaming";
    const std::shared_ptr<Invocation> work = find(id);
    if (streams && what == "response" && work != nullptr && work->call.pipe)
        co_return co_await stream(exchange, work);
    CO_TRY(std::optional<std::string> body, co_await read_result(exchange));
    const std::shared_ptr<Invocation> invocation = find(id);
    // Late, or for an invocation that was never handed out.
    if (!invocation || (what != "response" && what != "error"))
        co_return co_await reply(exchange, 400, R"({"errorType":"InvalidRequestID"})");
    if (invocation->call.tail) co_await report(*invocation);
    release(invocation);
    bool raised = what == "error" || !body;
    // It streamed for a caller that wants it whole, and failed in the middle.
    if (const auto error = error_in_trailers(exchange); streams && error) {
        body = *error;
        raised = true;
    }
    invocation->complete(Answer{body ? std::move(*body) : kTooLargeForCaller, raised});
    if (!body) co_return co_await reply(exchange, 413, kTooLargeForUs);
    co_return co_await reply(exchange, 202, R"({"status":"OK"})");
}

// Under way here, and not being answered; null: none of that id.
std::shared_ptr<Invocation> Instance::find(std::string_view id) const {
    for (const auto& work : works_)
        if (work->call.request_id == id && !work->result && !work->streaming) return work;
    return nullptr;
}

// Pieces go to the caller as they come. One that has left is read for all the same: the function
// goes on to its end.
io::Task<Result<void>> Instance::stream(http::Exchange& exchange,
                                        std::shared_ptr<Invocation> invocation) {
    invocation->streaming = true;
    Pipe& pipe = *invocation->call.pipe;
    pipe.begin(std::string(exchange.request().headers.find("Content-Type").value_or("")));
    bool read_on = true;
    Result<std::string_view> piece = std::string_view();
    for (;;) {
        piece = co_await exchange.read();
        if (!piece || piece->empty()) break;
        if (!read_on) continue;
        std::string bytes(*piece);
        const Result<void> taken = co_await pipe.write(std::move(bytes), invocation->deadline);
        read_on = taken.has_value();
    }
    if (invocation->call.tail && piece && !invocation->result) co_await report(*invocation);
    release(invocation);
    if (!piece) {
        invocation->complete(
            fail(Code::unavailable, "The function broke off its answer.", reason::kCrashed));
        co_return std::unexpected(piece.error());
    }
    std::optional<std::string> error = error_in_trailers(exchange);
    const bool raised = error.has_value();
    invocation->complete(Answer{std::move(error).value_or(""), raised, true});
    co_return co_await reply(exchange, 202, R"({"status":"OK"})");
}

// The lines that Lambda puts around an invocation's log. What was written before the answer is in
// the pipe by now, and is read first.
io::Task<void> Instance::report(Invocation& invocation) {
    co_await io::sleep_for(kOutputTurn);
    const io::Clock& clock = io::Executor::current().clock();
    const double ms = static_cast<double>(clock.monotonic_ns() - invocation.handed_ns) / 1e6;
    const std::string id = invocation.call.request_id;
    std::array<char, 64> duration{};
    std::snprintf(duration.data(), duration.size(), "%.2f ms", ms);
    std::string& tail = *invocation.call.tail;
    add_to_tail(tail, "END RequestId: " + id);
    add_to_tail(tail, "REPORT RequestId: " + id + "\tDuration: " + duration.data());
}

// ---- Feed --------------------------------------------------------------------------------------

FeedEvent Instance::described(const Invocation& invocation) const {
    return {invocation.call.request_id, invocation.trace, invocation.call.client_context,
            deadline_ms(invocation), invocation.call.event};
}

// A process that closes it, or breaks the format, is of no more use: nobody knows what it has.
io::Task<Result<void>> Instance::feed(http::Exchange& exchange) {
    if (feed_ != nullptr) co_return co_await reply(exchange, 409, "{}");
    const auto upgrade = exchange.request().headers.find("Upgrade").value_or("");
    if (exchange.request().method != "GET" || upgrade != kFeedProtocol)
        co_return co_await reply(exchange, 426, "{}");
    http::ResponseHead head;
    head.add("Domicile-Function-Arn", arn_of(pool_.options().region, pool_.function().name));
    CO_TRY(const http::Exchange::Tunnel tunnel,
           co_await exchange.switch_protocols(std::move(head), kFeedProtocol));
    const auto own = std::make_shared<Feed>(*tunnel.stream);
    feed_ = own.get();
    polled_ = true;
    changed_.notify_all();
    seek_work();
    FeedReader::Sink sink = [this](FeedReply reply) { take(std::move(reply)); };
    const Result<void> ended =
        co_await own->run(tunnel.read_ahead, kResultBytesMax, std::move(sink));
    feed_ = nullptr;
    if (process_ != nullptr && !ending_) {
        log::warning("function_feed_ended",
                     {{"function", pool_.function().name},
                      {"code", to_string(ended ? Code::cancelled : ended.error().code)}});
        process_->signal(SIGKILL);
    }
    co_return ended;
}

// Late answers, and answers to nothing, are left out.
void Instance::take(FeedReply reply) {
    const auto at = std::ranges::find(works_, reply.number, &Invocation::number);
    if (at == works_.end() || (*at)->result || (*at)->streaming) return;
    std::shared_ptr<Invocation> invocation = *at;
    if (reply.too_large) reply.payload = kTooLargeForCaller;
    Answer answer{std::move(reply.payload), reply.raised || reply.too_large};
    if (invocation->call.tail)
        tasks_.spawn(settle_later(std::move(invocation), std::move(answer)));
    else
        settle(invocation, std::move(answer));
}

void Instance::settle(const std::shared_ptr<Invocation>& invocation, Answer answer) {
    release(invocation);
    invocation->complete(std::move(answer));
}

io::Task<void> Instance::settle_later(std::shared_ptr<Invocation> invocation, Answer answer) {
    co_await report(*invocation);
    settle(invocation, std::move(answer));
}

}  // namespace domicile::functions
