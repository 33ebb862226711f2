#include "blob/s3_client.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "io/executor.h"

namespace domicile::blob::s3 {
namespace {

constexpr std::size_t kAnswerBytesMax = 4 << 20;  // a list of 1,000 keys is under 1 MiB
constexpr char kService[] = "s3";

using Response = std::unique_ptr<http::ClientResponse>;

http::ClientOptions http_options(const S3Options& options) {
    http::ClientOptions out;
    out.connect_timeout = std::min(options.attempt_timeout, Millis(5'000));
    out.head_timeout = options.attempt_timeout;
    out.body_timeout = options.attempt_timeout;
    // As many as may be wanted at once; others are refused before.
    out.connections_per_target_max =
        options.parts_in_memory_max * 2 + options.gets_at_once_max + 256;
    return out;
}

Answer answer_of(const http::ClientResponse& response, std::string body) {
    const http::Headers& headers = response.headers();
    Answer out;
    out.body = std::move(body);
    out.etag = headers.find("etag").value_or("");
    out.mark = headers.find(kMarkHeader).value_or("");
    out.length = parse_size(headers.find("content-length").value_or(""));
    out.modified = parse_http_date(headers.find("last-modified").value_or(""));
    return out;
}

// What the caller hears when there is no use trying again.
Error final_error(Error error) {
    if (error.code == Code::resource_exhausted) return error;
    return {Code::unavailable, "The S3 service does not do it: " + error.message, {}};
}

}  // namespace

struct Client::Attempt {
    Judgement judgement;
    bool maybe_done = false;  // when it is to be tried again
    Answer answer;            // when ok, and it was read as a whole
    Response response;        // when ok, and it was not
};

Client::Client(S3Options options, std::unique_ptr<io::TlsClient> tls)
    : options_(std::move(options)),
      host_field_(host_field_of(options_)),
      tls_(std::move(tls)),
      http_(http_options(options_)) {}

Result<std::unique_ptr<Client>> Client::make(S3Options options) {
    std::unique_ptr<io::TlsClient> tls;
    if (options.tls) {
        TRY(tls, io::TlsClient::make(options.ca_pem));
    }
    return std::unique_ptr<Client>(new Client(std::move(options), std::move(tls)));
}

Millis Client::backoff(std::size_t attempts) const {
    const std::int64_t most =
        std::min(options_.backoff_max.count(), options_.backoff_first.count()
                                                   << std::min<std::size_t>(attempts, 16));
    // Anything up to it, so that those who failed together do not come back together.
    const std::uint64_t random = io::Executor::current().random().number();
    return Millis(1 + static_cast<std::int64_t>(random % static_cast<std::uint64_t>(most)));
}

crypto::HeaderList Client::sign(const Request& request) const {
    crypto::SigV4Request signed_part;
    signed_part.method = request.method;
    signed_part.path = path_of(options_, request.key);
    signed_part.query = query_of(request);
    signed_part.headers = request.headers;
    signed_part.headers.emplace_back("host", host_field_);
    signed_part.payload_hash =
        request.body_sha256.empty() ? to_hex(crypto::sha256(request.body)) : request.body_sha256;
    const Timestamp now = io::Executor::current().clock().now();
    crypto::HeaderList all =
        crypto::sign(signed_part, options_.credentials, options_.region, kService, now);
    all.insert(all.end(), request.headers.begin(), request.headers.end());
    return all;
}

io::Task<Result<Response>> Client::send(const Request& request) {
    const crypto::HeaderList headers = sign(request);
    std::string target = path_of(options_, request.key);
    const std::string query = query_of(request);
    if (!query.empty()) target += "?" + query;
    http::RequestHead head;
    head.method = request.method;
    head.target = target;
    head.host = host_field_;
    for (const auto& [name, value] : headers) head.headers.add(name, value);
    http::Target to;
    to.endpoint =
        options_.connect_to.value_or(io::Endpoint{host_of(options_), options_.endpoint.port});
    to.tls = tls_.get();
    if (tls_) to.server_name = host_of(options_);
    const Instant deadline = io::deadline_in(options_.attempt_timeout);
    co_return co_await http_.send(std::move(to), head, request.body, deadline);
}

// `whole`: the body of a good answer is read too. That of a bad one always is.
io::Task<Client::Attempt> Client::attempt(const Request& request, bool whole) {
    Attempt out;
    auto response = co_await send(request);
    if (!response) {
        const Error& error = response.error();
        out.maybe_done =
            error.reason != http::kReasonUnreachable && error.code != Code::resource_exhausted;
        const bool ours = error.code == Code::invalid_argument;
        out.judgement = {ours ? Verdict::refused : Verdict::again, std::move(response.error())};
        co_return out;
    }
    const int status = (*response)->status();
    if (!whole && status >= 200 && status < 300) {
        out.response = std::move(*response);
        co_return out;
    }
    auto body = co_await (*response)->read_all(kAnswerBytesMax);
    if (!body) {
        out.maybe_done = true;
        out.judgement = {Verdict::again, std::move(body.error())};
        co_return out;
    }
    out.judgement = judge(request.operation, status, *body);
    out.maybe_done = true;
    out.answer = answer_of(**response, std::move(*body));
    co_return out;
}

io::Task<Result<Client::Attempt>> Client::repeat(const Request& request, History& history,
                                                 bool whole) {
    const Instant end = io::deadline_in(options_.call_timeout);
    for (std::size_t attempts = 1;; ++attempts) {
        Attempt out = co_await attempt(request, whole);
        const Verdict verdict = out.judgement.verdict;
        attempts_.add(request.operation, verdict == Verdict::ok        ? Outcome::ok
                                         : verdict == Verdict::refused ? Outcome::refused
                                                                       : Outcome::failed);
        if (verdict == Verdict::ok) co_return std::move(out);
        if (verdict == Verdict::refused) co_return std::unexpected(std::move(out.judgement.error));
        history.maybe_done = history.maybe_done || out.maybe_done;
        const Millis pause = backoff(attempts - 1);
        const bool last =
            attempts >= options_.attempts_max || history.give_up || io::deadline_in(pause) >= end;
        if (last) co_return std::unexpected(final_error(std::move(out.judgement.error)));
        co_await io::sleep_for(pause);
    }
}

io::Task<Result<Answer>> Client::call(const Request& request, History& history) {
    CO_TRY(Attempt done, co_await repeat(request, history, true));
    co_return std::move(done.answer);
}

io::Task<Result<Response>> Client::open(const Request& request) {
    History history;
    CO_TRY(Attempt done, co_await repeat(request, history, false));
    co_return std::move(done.response);
}

void Client::report_to(telemetry::Registry& registry, const std::string& name) {
    const telemetry::Labels labels{{"store", name}};
    registry.add("domicile_blob_s3_attempts_total",
                 "Requests to the S3 service; refused: there is no use in repeating it; failed: no "
                 "answer, or one that asks to come back.",
                 attempts_, {"operation", "outcome"}, labels);
    registry.add("domicile_blob_s3_leftovers_total",
                 "Multipart uploads that could not be aborted: the service keeps their parts.",
                 leftovers_, labels);
}

}  // namespace domicile::blob::s3
