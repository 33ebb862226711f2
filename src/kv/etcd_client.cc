#include "kv/etcd_client.h"

#include "io/executor.h"
#include "kv/etcd_codec.h"

namespace domicile::kv::etcd {
namespace {

constexpr std::size_t kAnswerBytesMax = 32 << 20;
constexpr Millis kBackoffFirst{25};
constexpr Millis kBackoffMax{400};
// Longer than an election takes: 1 s by default, several tries when votes are split.
constexpr Millis kSilenceMax{4'000};
// A stream that is silent for so long may be broken without our having been told (a host that lost
// its power says nothing): it is opened again, which costs next to nothing.
constexpr Millis kIdleTimeout{60'000};

constexpr char kAuthenticate[] = "/v3/auth/authenticate";

http::ClientOptions call_options(const EtcdOptions& options) {
    http::ClientOptions out;
    out.connect_timeout = options.attempt_timeout;
    out.body_timeout = options.attempt_timeout;
    return out;
}

http::ClientOptions stream_options(const EtcdOptions& options) {
    http::ClientOptions out = call_options(options);
    out.body_timeout = kIdleTimeout;
    return out;
}

// Up to twice as long from one round to the next, and not at the same moment as the others.
Millis backoff(std::size_t round) {
    const std::int64_t most =
        std::min(kBackoffMax.count(), kBackoffFirst.count() << std::min<std::size_t>(round, 8));
    const auto spread = static_cast<std::int64_t>(io::Executor::current().random().number() %
                                                  static_cast<std::uint64_t>(most));
    return Millis(most / 2 + spread / 2 + 1);
}

Error outcome_unknown() {
    return {Code::unavailable,
            "The etcd cluster did not answer; the transaction may have been carried out.",
            std::string(kReasonOutcomeUnknown)};
}

}  // namespace

struct Client::Attempt {
    Outcome outcome = Outcome::unknown;
    bool stale_token = false;
    json::object body;  // when ok
    Error error;        // else

    static Attempt failed(Outcome outcome, Error error) {
        Attempt out;
        out.outcome = outcome;
        out.error = std::move(error);
        return out;
    }
};

Client::Client(EtcdOptions options, std::unique_ptr<io::TlsClient> tls)
    : options_(std::move(options)),
      tls_(std::move(tls)),
      calls_(call_options(options_)),
      streams_(stream_options(options_)) {}

Result<std::unique_ptr<Client>> Client::make(EtcdOptions options) {
    if (options.endpoints.empty() || options.prefix.empty())
        return fail(Code::invalid_argument, "An etcd store needs an endpoint and a prefix.");
    std::unique_ptr<io::TlsClient> tls;
    if (options.tls) {
        const io::TlsCertificate* own = options.certificate ? &*options.certificate : nullptr;
        TRY(tls, io::TlsClient::make(options.ca_pem, own));
    }
    return std::unique_ptr<Client>(new Client(std::move(options), std::move(tls)));
}

std::string Client::token() const {
    const std::lock_guard lock(mutex_);
    return token_;
}

void Client::drop_token(const std::string& stale) {
    const std::lock_guard lock(mutex_);
    if (token_ == stale) token_.clear();
}

bool Client::seems_down() const {
    const std::int64_t since = silent_since_.load();
    return since != 0 && io::Executor::current().clock().coarse().ms - since > kSilenceMax.count();
}

void Client::note(std::size_t member, Outcome outcome) {
    attempts_.add(outcome);
    if (outcome == Outcome::ok || outcome == Outcome::refused) {
        silent_since_ = 0;
        if (preferred_.exchange(member) != member) failovers_.add();
        return;
    }
    std::int64_t none = 0;
    silent_since_.compare_exchange_strong(none, io::Executor::current().clock().coarse().ms);
}

io::Task<Result<std::unique_ptr<http::ClientResponse>>> Client::post(
    http::Client& client, std::size_t member, std::string path, std::string body, std::string token,
    Instant deadline) {
    const io::Endpoint& endpoint = options_.endpoints[member];
    http::Target target{endpoint};
    target.tls = tls_.get();
    if (tls_)
        target.server_name = options_.server_name.empty() ? endpoint.host : options_.server_name;
    http::RequestHead head;
    head.method = "POST";
    head.target = path;
    head.headers.add("Content-Type", "application/json");
    // A member that has lost its leader says so at once instead of when the request times out.
    head.headers.add("Grpc-Metadata-hasleader", "true");
    if (!token.empty()) head.headers.add("Authorization", token);
    co_return co_await client.send(std::move(target), head, body, deadline);
}

io::Task<Client::Attempt> Client::send(std::size_t member, std::string path, std::string body,
                                       std::string token, Instant deadline) {
    auto response =
        co_await post(calls_, member, std::move(path), std::move(body), token, deadline);
    if (!response) {
        const bool surely_not = response.error().reason == http::kReasonUnreachable ||
                                response.error().code == Code::resource_exhausted;
        co_return Attempt::failed(surely_not ? Outcome::not_done : Outcome::unknown,
                                  std::move(response.error()));
    }
    auto text = co_await (*response)->read_all(kAnswerBytesMax);
    if (!text) co_return Attempt::failed(Outcome::unknown, std::move(text.error()));
    Attempt out;
    const int status = (*response)->status();
    if (status == 200) {
        auto parsed = parse_json_object(*text, {.bytes_max = kAnswerBytesMax});
        if (!parsed) co_return Attempt::failed(Outcome::unknown, std::move(parsed.error()));
        out.outcome = Outcome::ok;
        out.body = std::move(*parsed);
        co_return out;
    }
    Refused refused = decode_error(status, *text);
    out.error = std::move(refused.error);
    out.stale_token = refused.kind == Refusal::stale_token;
    out.outcome = refused.kind == Refusal::final     ? Outcome::refused
                  : refused.kind == Refusal::unknown ? Outcome::unknown
                                                     : Outcome::not_done;
    co_return out;
}

// One caller asks for a new token, since etcd's check of a password is slow on purpose; the others
// wait for it.
io::Task<Client::Attempt> Client::authenticate(std::size_t member, Instant deadline) {
    while (true) {
        bool mine = false;
        {
            const std::lock_guard lock(mutex_);
            if (!token_.empty()) break;
            mine = !std::exchange(renewing_, true);
        }
        if (!mine) {
            if (io::deadline_in(Millis(0)) >= deadline)
                co_return Attempt::failed(
                    Outcome::not_done,
                    Error{Code::unavailable, "etcd gives no token in time.", {}});
            co_await io::sleep_for(Millis(10));
            continue;
        }
        Attempt out = co_await ask_for_token(member, deadline);
        const std::lock_guard lock(mutex_);
        renewing_ = false;
        // A request for a token changes nothing: it may always be repeated.
        if (out.outcome == Outcome::unknown) out.outcome = Outcome::not_done;
        if (out.outcome == Outcome::ok) token_ = require_string(out.body, "token").value_or("");
        co_return out;
    }
    Attempt done;
    done.outcome = Outcome::ok;
    co_return done;
}

io::Task<Client::Attempt> Client::ask_for_token(std::size_t member, Instant deadline) {
    Redacted<std::string> password(options_.password);
    if (options_.password_file) {
        auto fresh = co_await options_.password_file->read();
        if (!fresh) co_return Attempt::failed(Outcome::not_done, std::move(fresh.error()));
        password = std::move(*fresh);
    }
    const json::object who{{"name", options_.user}, {"password", password.expose()}};
    std::string body = json::serialize(who);
    co_return co_await send(member, kAuthenticate, std::move(body), "", deadline);
}

io::Task<Client::Attempt> Client::attempt(std::size_t member, std::string path, std::string body,
                                          Instant deadline) {
    const bool authenticates = !options_.user.empty();
    for (int tries = 0;; ++tries) {
        if (authenticates && token().empty()) {
            Attempt asked = co_await authenticate(member, deadline);
            if (asked.outcome != Outcome::ok) co_return asked;
        }
        const std::string used = token();
        Attempt out = co_await send(member, path, body, used, deadline);
        if (!out.stale_token || !authenticates || tries > 0) co_return out;
        drop_token(used);
    }
}

io::Task<Result<json::object>> Client::call(std::string path, json::object body, bool repeatable) {
    const std::string text = json::serialize(body);
    const std::size_t members = options_.endpoints.size();
    const Instant deadline = io::deadline_in(options_.call_timeout);
    const bool once = seems_down();
    const std::size_t first = preferred_.load();
    Error last;
    for (std::size_t tries = 0;; ++tries) {
        const std::size_t member = (first + tries) % members;
        const Instant limit = std::min(deadline, io::deadline_in(options_.attempt_timeout));
        Attempt out = co_await attempt(member, path, text, limit);
        note(member, out.outcome);
        if (out.outcome == Outcome::ok) co_return std::move(out.body);
        if (out.outcome == Outcome::refused) co_return std::unexpected(std::move(out.error));
        if (out.outcome == Outcome::unknown && !repeatable)
            co_return std::unexpected(outcome_unknown());
        last = std::move(out.error);
        const bool round_ends = (tries + 1) % members == 0;
        if (round_ends && once) break;
        const Millis pause = backoff(tries / members);
        if (io::deadline_in(pause) >= deadline) break;
        if (round_ends) co_await io::sleep_for(pause);
    }
    if (last.code == Code::resource_exhausted) co_return std::unexpected(std::move(last));
    co_return fail(Code::unavailable, "No etcd member answers: " + last.message);
}

io::Task<Result<std::unique_ptr<http::ClientResponse>>> Client::open(std::string path,
                                                                     json::object body) {
    const std::string text = json::serialize(body);
    const std::size_t members = options_.endpoints.size();
    const std::size_t first = preferred_.load();
    const bool authenticates = !options_.user.empty();
    Error last;
    for (std::size_t tries = 0; tries < members; ++tries) {
        const std::size_t member = (first + tries) % members;
        const Instant limit = io::deadline_in(options_.attempt_timeout);
        if (authenticates && token().empty()) {
            Attempt asked = co_await authenticate(member, limit);
            last = std::move(asked.error);
            if (asked.outcome != Outcome::ok) continue;
        }
        const std::string used = token();
        auto response = co_await post(streams_, member, path, text, used, limit);
        if (response && (*response)->status() == 200) co_return std::move(*response);
        if (!response) {
            last = std::move(response.error());
            continue;
        }
        auto why = co_await (*response)->read_all(kAnswerBytesMax);
        Refused refused = decode_error((*response)->status(), why.value_or(""));
        last = std::move(refused.error);
        if (refused.kind == Refusal::stale_token) drop_token(used);
    }
    co_return fail(Code::unavailable, "No etcd member opens a stream: " + last.message);
}

void Client::report_to(telemetry::Registry& registry, const std::string& name) {
    const telemetry::Labels labels{{"store", name}};
    registry.add("domicile_etcd_attempts_total",
                 "Requests to members of the etcd cluster; not_done: surely not carried out; "
                 "unknown: no answer.",
                 attempts_, {"outcome"}, labels);
    registry.add("domicile_etcd_failovers_total",
                 "How often another member answered than the time before.", failovers_, labels);
}

}  // namespace domicile::kv::etcd
