#include "api/admin/client.h"

#include "api/admin/admin.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/sigv4.h"

namespace domicile::api::admin {
namespace {

constexpr Millis kTimeout{10'000};
constexpr std::size_t kAnswerBytesMax = 4 << 20;

Result<access::Credentials> credentials_of(const json::object& answer) {
    access::Credentials out;
    TRY(out.access_key_id, require_string(answer, "access_key_id"));
    TRY(std::string secret, require_string(answer, "secret_access_key"));
    out.secret_access_key = Redacted(std::move(secret));
    return out;
}

Error error_of(int status, const std::string& body) {
    Error out{Code::internal, "The admin port answered " + std::to_string(status) + ".", ""};
    auto problem = parse_json_object(body);
    if (!problem) return out;
    if (auto code = optional_string(*problem, "code"); code && *code)
        out.code = code_from_string(**code);
    if (auto detail = optional_string(*problem, "detail"); detail && *detail)
        out.message = **detail;
    if (auto why = optional_string(*problem, "reason"); why && *why) out.reason = **why;
    return out;
}

Result<access::KeyDescription> description_of(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr) return fail(Code::malformed, "A key in the answer is no object.");
    access::KeyDescription out;
    TRY(out.access_key_id, require_string(*object, "access_key_id"));
    TRY(out.description, require_string(*object, "description"));
    TRY(const auto active, optional_bool(*object, "active"));
    TRY(const json::object* policy, optional_object(*object, "policy"));
    TRY(const auto created, optional_int(*object, "created_ms"));
    out.created = Timestamp{created.value_or(0)};
    out.active = active.value_or(false);
    if (policy != nullptr) {
        TRY(out.policy, access::policy_from_json(*policy));
    }
    return out;
}

}  // namespace

AdminClient::AdminClient(http::Client& client, http::Target target, std::string region,
                         access::Credentials credentials, io::Clock& clock)
    : client_(client),
      target_(std::move(target)),
      region_(std::move(region)),
      credentials_(std::move(credentials)),
      clock_(clock) {}

io::Task<Result<json::object>> AdminClient::call(std::string method, std::string path,
                                                 std::string body) {
    // The authority as it will stand in Host, which is signed.
    const std::string host = target_.endpoint.to_string();
    crypto::SigV4Request unsigned_request;
    unsigned_request.method = method;
    unsigned_request.path = path;
    unsigned_request.headers.emplace_back("host", host);
    unsigned_request.payload_hash = to_hex(crypto::sha256(body));
    const crypto::SigV4Credentials credentials{credentials_.access_key_id,
                                               credentials_.secret_access_key.expose(),
                                               credentials_.session_token};
    const crypto::HeaderList added =
        crypto::sign(unsigned_request, credentials, region_, kService, clock_.now());

    http::RequestHead head;
    head.method = method;
    head.target = path;
    head.path = path;
    head.host = host;
    if (!body.empty()) head.headers.add("content-type", "application/json");
    for (const auto& [name, value] : added) head.headers.add(name, value);
    const Instant deadline = io::deadline_in(kTimeout);
    CO_TRY(auto response, co_await client_.send(target_, head, body, deadline));
    CO_TRY(std::string answer, co_await response->read_all(kAnswerBytesMax));
    if (response->status() != 200) co_return std::unexpected(error_of(response->status(), answer));
    co_return parse_json_object(answer, {.depth_max = 32, .bytes_max = kAnswerBytesMax});
}

io::Task<Result<access::Credentials>> AdminClient::create_key(std::string description,
                                                              access::Policy policy) {
    json::object request;
    request["description"] = std::move(description);
    request["policy"] = to_json(policy);
    CO_TRY(auto answer, co_await call("POST", "/keys", json::serialize(request)));
    co_return credentials_of(answer);
}

io::Task<Result<access::Credentials>> AdminClient::rotate_key(std::string access_key_id) {
    CO_TRY(auto answer, co_await call("POST", "/keys/" + access_key_id + "/rotate", ""));
    co_return credentials_of(answer);
}

io::Task<Result<void>> AdminClient::revoke_key(std::string access_key_id) {
    CO_TRY_VOID(co_await call("DELETE", "/keys/" + access_key_id, ""));
    co_return Result<void>{};
}

io::Task<Result<std::vector<access::KeyDescription>>> AdminClient::list_keys() {
    CO_TRY(auto answer, co_await call("GET", "/keys", ""));
    CO_TRY(const json::array* keys, optional_array(answer, "keys"));
    std::vector<access::KeyDescription> out;
    if (keys == nullptr) co_return out;
    for (const json::value& value : *keys) {
        CO_TRY(auto key, description_of(value));
        out.push_back(std::move(key));
    }
    co_return out;
}

}  // namespace domicile::api::admin
