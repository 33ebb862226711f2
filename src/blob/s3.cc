#include "blob/s3.h"

#include <algorithm>

#include "blob/rules.h"
#include "blob/s3_client.h"
#include "blob/s3_put.h"
#include "io/executor.h"

namespace domicile::blob {
namespace {

using s3::Client;
using s3::Operation;
using s3::Request;
using Response = std::unique_ptr<http::ClientResponse>;

constexpr int kResumesMax = 4;  // in a row, without a byte between them

Request request_of(Operation operation, std::string_view method, std::string key) {
    Request request;
    request.operation = operation;
    request.method = method;
    request.key = std::move(key);
    return request;
}

std::unexpected<Error> malformed() {
    return fail(Code::unavailable,
                "The S3 service answers with something else than was asked for.");
}

// A response and what it holds of the body.
struct Opened {
    Response response;  // null: nothing to read
    std::uint64_t size = 0;
    Range range;
    std::string etag;
};

// The bytes that a good answer gives, of how many.
std::optional<s3::ContentRange> given_by(const http::ClientResponse& response) {
    const auto length = response.content_length();
    if (!length) return std::nullopt;
    if (response.status() == 200)
        return s3::ContentRange{0, std::max<std::uint64_t>(*length, 1) - 1, *length};
    if (response.status() != 206) return std::nullopt;
    const auto given =
        s3::parse_content_range(response.headers().find("content-range").value_or(""));
    const bool fits = given && (given->size == 0 || given->last - given->first == *length - 1);
    return fits ? given : std::nullopt;
}

// It may give more than was asked for, but has to begin there.
Result<Opened> opened_from(Response response, Range wanted) {
    const auto given = given_by(*response);
    if (!given) return malformed();
    Opened out;
    out.size = given->size;
    TRY(out.range, within(wanted, out.size));
    if (out.size == 0) return out;  // some give a part of nothing, and s3rver one that never ends
    if (given->first != out.range.offset || given->last - given->first < *out.range.length - 1)
        return malformed();
    out.etag = response->headers().find("etag").value_or("");
    out.response = std::move(response);
    return out;
}

io::Task<Result<Opened>> open_body(Client& client, std::string key, Range range, std::string etag) {
    Request request = request_of(Operation::get, "GET", std::move(key));
    if (range.offset > 0 || range.length) {
        std::string value = "bytes=" + std::to_string(range.offset) + "-";
        const std::uint64_t most = UINT64_MAX - range.offset;
        if (range.length) value += std::to_string(range.offset + std::min(*range.length, most) - 1);
        request.headers.emplace_back("range", std::move(value));
    }
    if (!etag.empty()) request.headers.emplace_back("if-match", std::move(etag));
    auto response = co_await client.open(request);
    // A range of an empty body cannot be satisfied either.
    const bool outside = !response && response.error().reason == kReasonRange;
    if (outside && range.offset == 0) co_return Opened{nullptr, 0, {0, 0}, {}};
    if (!response) co_return std::unexpected(std::move(response.error()));
    co_return opened_from(std::move(*response), range);
}

// A body on its way, which is asked for again from where it broke off.
class S3Body final : public Body {
  public:
    S3Body(Client& client, std::string key, Opened opened, Turn turn)
        : client_(client),
          key_(std::move(key)),
          etag_(std::move(opened.etag)),
          size_(opened.size),
          length_(*opened.range.length),
          at_(opened.range.offset),
          left_(length_),
          response_(std::move(opened.response)),
          turn_(std::move(turn)) {}

    std::uint64_t size() const override { return size_; }
    std::uint64_t length() const override { return length_; }

    io::Task<Result<std::string_view>> read() override {
        while (left_ > 0) {
            auto piece = co_await response_->read();
            if (piece && !piece->empty()) {
                const std::string_view wanted = piece->substr(0, left_);
                at_ += wanted.size();
                left_ -= wanted.size();
                resumes_ = 0;
                co_return wanted;
            }
            if (resumes_ >= kResumesMax) co_return broken();
            co_await io::sleep_for(client_.backoff(static_cast<std::size_t>(resumes_++)));
            CO_TRY_VOID(co_await resume());
        }
        co_return std::string_view();
    }

  private:
    static std::unexpected<Error> broken() {
        return fail(Code::unavailable, "The S3 service breaks off in the middle of a blob.");
    }
    io::Task<Result<void>> resume() {
        const Range rest{at_, left_};
        auto opened = co_await open_body(client_, key_, rest, etag_);
        if (!opened) co_return std::unexpected(std::move(opened.error()));
        if (opened->size != size_ || !opened->response) co_return malformed();
        response_ = std::move(opened->response);
        co_return Result<void>{};
    }

    Client& client_;
    const std::string key_, etag_;
    const std::uint64_t size_, length_;
    std::uint64_t at_, left_;
    int resumes_ = 0;
    Response response_;
    Turn turn_;
};

class S3Store final : public Store {
  public:
    explicit S3Store(std::unique_ptr<Client> client) : client_(std::move(client)) {}

    io::Task<Result<Stored>> put(std::string key, Source& source, Expected expected) override {
        CO_TRY_VOID(check_key(key));
        CO_TRY(Turn turn, Turn::take(parts_, options().parts_in_memory_max));
        if (!options().conditional_writes) CO_TRY_VOID(co_await check_absent(key));
        co_return co_await s3::put(*client_, std::move(turn), parts_, std::move(key), source,
                                   std::move(expected));
    }

    io::Task<Result<std::unique_ptr<Body>>> get(std::string key, Range range) override {
        CO_TRY_VOID(check_key(key));
        CO_TRY_VOID(check_range(range));
        CO_TRY(Turn turn, Turn::take(gets_, options().gets_at_once_max));
        std::string any;
        CO_TRY(Opened opened, co_await open_body(*client_, key, range, std::move(any)));
        co_return std::make_unique<S3Body>(*client_, std::move(key), std::move(opened),
                                           std::move(turn));
    }

    io::Task<Result<Info>> head(std::string key) override {
        CO_TRY_VOID(check_key(key));
        const Request request = request_of(Operation::head, "HEAD", std::move(key));
        s3::History history;
        CO_TRY(const s3::Answer answer, co_await client_->call(request, history));
        if (!answer.length || !answer.modified) co_return malformed();
        co_return Info{*answer.length, *answer.modified};
    }

    io::Task<Result<void>> remove(std::string key) override {
        CO_TRY_VOID(check_key(key));
        const Request request = request_of(Operation::remove, "DELETE", std::move(key));
        s3::History history;
        const auto done = co_await client_->call(request, history);
        if (!done && done.error().code != Code::not_found) co_return std::unexpected(done.error());
        co_return Result<void>{};
    }

    io::Task<Result<std::vector<Listed>>> list(std::string prefix, std::string after,
                                               std::size_t limit) override {
        CO_TRY_VOID(check_prefix(prefix));
        limit = std::min(limit, kListMax);
        std::vector<Listed> out;
        // Behind `after` and not before the prefix: what comes first is not of interest.
        std::string from = after.empty() ? std::string() : options().prefix + after;
        while (out.size() < limit) {
            CO_TRY(s3::Page page, co_await list_page(prefix, from, limit - out.size()));
            std::move(page.entries.begin(), page.entries.end(), std::back_inserter(out));
            if (!page.more) break;
            from = std::move(page.last);
        }
        if (out.size() > limit) out.resize(limit);
        co_return out;
    }

    void report_to(telemetry::Registry& registry, const std::string& name) override {
        client_->report_to(registry, name);
    }

  private:
    const S3Options& options() const { return client_->options(); }

    io::Task<Result<void>> check_absent(std::string key) {
        auto there = co_await head(std::move(key));
        if (there) co_return exists();
        if (there.error().code != Code::not_found) co_return std::unexpected(there.error());
        co_return Result<void>{};
    }

    io::Task<Result<s3::Page>> list_page(std::string prefix, std::string from, std::size_t limit) {
        Request request = request_of(Operation::list, "GET", {});
        request.query = {{"list-type", "2"},
                         {"encoding-type", "url"},
                         {"max-keys", std::to_string(limit)},
                         {"prefix", options().prefix + prefix}};
        if (!from.empty()) request.query.emplace_back("start-after", std::move(from));
        s3::History history;
        CO_TRY(const s3::Answer answer, co_await client_->call(request, history));
        co_return s3::decode_list(answer.body, options().prefix);
    }

    const std::unique_ptr<Client> client_;
    const Turn::Count parts_ = Turn::counter();
    const Turn::Count gets_ = Turn::counter();
};

Result<void> check(const S3Options& options) {
    const auto wrong = [](const char* what) { return fail(Code::invalid_argument, what); };
    if (options.endpoint.host.empty() || options.endpoint.port == 0)
        return wrong("An S3 store needs the host and port of its service.");
    if (options.region.empty()) return wrong("An S3 store needs a region to sign for.");
    const auto is_bucket = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    };
    const std::string& bucket = options.bucket;
    if (bucket.size() < 3 || bucket.size() > 63 ||
        !std::all_of(bucket.begin(), bucket.end(), is_bucket))
        return wrong("The name of a bucket has 3 to 63 of a-z, 0-9, '-' and '.'.");
    if (options.credentials.access_key_id.empty() || options.credentials.secret.empty())
        return wrong("An S3 store needs an access key with its secret.");
    const auto is_prefix = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '/';
    };
    const std::string& prefix = options.prefix;
    if (!std::all_of(prefix.begin(), prefix.end(), is_prefix) || prefix.size() > 256 ||
        prefix.starts_with('/') || prefix.find("//") != std::string::npos)
        return wrong("The prefix of an S3 store has up to 256 of a-z, 0-9, '-' and '/'.");
    if (options.part_bytes == 0 || options.parts_at_once == 0 || options.parts_in_memory_max == 0 ||
        options.attempts_max == 0 || options.backoff_first.count() <= 0 ||
        options.backoff_max < options.backoff_first)
        return wrong("A bound of an S3 store is 0.");
    return {};
}

}  // namespace

Result<std::unique_ptr<Store>> open_s3(S3Options options) {
    TRY_VOID(check(options));
    TRY(auto client, Client::make(std::move(options)));
    return std::make_unique<S3Store>(std::move(client));
}

}  // namespace domicile::blob
