#include "api/aws/auth.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/sigv4.h"

namespace domicile::api::aws {
namespace {

std::unexpected<Error> denied(const char* why, std::string message) {
    return fail(Code::unauthenticated, std::move(message), why);
}

Result<crypto::SigV4Authorization> authorization_of(const http::RequestHead& request) {
    const auto header = request.headers.find("authorization");
    if (!header || header->empty())
        return denied(reason::kMissingToken, "Request is missing Authentication Token");
    if (request.headers.count("authorization") != 1)
        return denied(reason::kIncomplete, "Authorization header must occur once.");
    auto parsed = crypto::parse_authorization(*header);
    if (!parsed && parsed.error().code == Code::unauthenticated)
        return denied(reason::kMissingToken, "Request is missing Authentication Token");
    if (!parsed) return denied(reason::kIncomplete, std::move(parsed.error().message));
    return parsed;
}

Result<void> check_scope(const crypto::SigV4Authorization& authorization, const Scope& scope) {
    if (authorization.region != scope.region)
        return denied(reason::kScope,
                      "Credential should be scoped to a valid region: '" + scope.region + "'.");
    if (authorization.service != scope.service)
        return denied(reason::kScope,
                      "Credential should be scoped to correct service: '" + scope.service + "'.");
    return {};
}

Result<void> check_freshness(const http::RequestHead& request, Timestamp now) {
    const auto header = request.headers.find("x-amz-date");
    const auto signed_at = header ? parse_amz_date(*header) : std::nullopt;
    if (!signed_at)
        return denied(
            reason::kIncomplete,
            "Authorization header requires existence of a well-formed 'X-Amz-Date' header.");
    if (*signed_at < now - kSkewMax)
        return denied(reason::kClockSkew,
                      "Signature expired: " + to_amz_date(*signed_at) + " is now earlier than " +
                          to_amz_date(now - kSkewMax) + " (" + to_amz_date(now) + " - 15 min.)");
    if (*signed_at > now + kSkewMax)
        return denied(reason::kClockSkew, "Signature not yet current: " + to_amz_date(*signed_at) +
                                              " is still later than " +
                                              to_amz_date(now + kSkewMax) + " (" +
                                              to_amz_date(now) + " + 15 min.)");
    return {};
}

// The body's own hash. A header that says another one cannot have been signed over this body, and
// UNSIGNED-PAYLOAD is for object stores only.
Result<std::string> payload_hash(const http::RequestHead& request, std::string_view body) {
    std::string hash = to_hex(crypto::sha256(body));
    const auto header = request.headers.find("x-amz-content-sha256");
    if (header && *header != hash)
        return denied(
            reason::kMismatch,
            "The value of x-amz-content-sha256 does not match the body that was received.");
    return hash;
}

crypto::SigV4Request signed_request(const http::RequestHead& request, std::string hash) {
    crypto::SigV4Request out;
    out.method = request.method;
    out.path = request.path;
    out.query = request.query;
    for (const auto& header : request.headers) out.headers.emplace_back(header.name, header.value);
    out.payload_hash = std::move(hash);
    return out;
}

}  // namespace

io::Task<Result<access::Principal>> authenticate(http::Exchange& exchange, std::string_view body,
                                                 access::Access& access, Scope scope,
                                                 io::Clock& clock) {
    const http::RequestHead& request = exchange.request();
    CO_TRY(auto authorization, authorization_of(request));
    CO_TRY_VOID(check_scope(authorization, scope));
    CO_TRY_VOID(check_freshness(request, clock.now()));
    CO_TRY(std::string hash, payload_hash(request, body));
    const auto token = request.headers.find("x-amz-security-token");
    std::string session_token(token.value_or(""));
    CO_TRY(auto identity,
           co_await access.identify(authorization.access_key_id, std::move(session_token)));
    const auto signed_over = signed_request(request, std::move(hash));
    auto good =
        crypto::verify_signature(authorization, signed_over, identity.secret_access_key.expose());
    if (!good && good.error().reason == "incomplete_signature")
        co_return denied(reason::kIncomplete, std::move(good.error().message));
    if (!good)
        co_return denied(reason::kMismatch,
                         "The request signature we calculated does not match the signature you "
                         "provided. Check your AWS Secret Access Key and signing method. Consult "
                         "the service documentation for details.");
    co_return std::move(identity.principal);
}

}  // namespace domicile::api::aws
