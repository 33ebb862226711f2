#include "sim/client.h"

#include "api/cognito/cognito.h"

namespace domicile::sim {
namespace {

constexpr Millis kPatience{45'000};
constexpr std::size_t kBodyBytesMax = 1 << 20;

}  // namespace

std::string Answer::text(const char* member) const {
    const json::value* value = object.if_contains(member);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
}
std::string Answer::error_type() const { return text("__type"); }
std::string Answer::error_text() const { return text("message"); }

io::Task<Answer> Client::call(std::size_t region, std::string operation, json::object request) {
    const std::string target = std::string(api::cognito::kTargetPrefix) + operation;
    const std::string body = json::serialize(request);
    http::RequestHead head;
    head.method = "POST";
    head.target = "/";
    head.headers.add("X-Amz-Target", target);
    head.headers.add("Content-Type", "application/x-amz-json-1.1");
    co_return co_await send(region, std::move(head), body);
}

io::Task<Answer> Client::api(std::size_t region, std::string method, std::string path,
                             std::string token, std::string body) {
    const std::string authorization = "Bearer " + token;
    http::RequestHead head;
    head.method = method;
    head.target = path;
    head.headers.add("Authorization", authorization);
    co_return co_await send(region, std::move(head), body);
}

io::Task<Answer> Client::outbox(std::size_t region) {
    http::RequestHead head;
    head.method = "GET";
    head.target = kOutboxPath;
    co_return co_await send(region, std::move(head), "");
}

io::Task<Answer> Client::send(std::size_t region, http::RequestHead head, std::string_view body) {
    Answer out;
    http::Target target{world_.public_endpoint(region)};
    const Instant deadline = io::deadline_in(kPatience);
    auto response = co_await client_.send(std::move(target), std::move(head), body, deadline);
    if (!response) co_return out;
    auto text = co_await (*response)->read_all(kBodyBytesMax);
    if (!text) co_return out;
    out.status = (*response)->status();
    out.body = std::move(*text);
    out.served_by = (*response)->headers().find("Domicile-Served-By").value_or("");
    out.retry_after = (*response)->headers().contains("Retry-After");
    if (auto object = parse_json_object(out.body, {.bytes_max = kBodyBytesMax}))
        out.object = std::move(*object);
    co_return out;
}

}  // namespace domicile::sim
