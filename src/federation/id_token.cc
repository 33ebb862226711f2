#include "federation/id_token.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/claims.h"
#include "crypto/hash.h"

namespace domicile::federation {
namespace {

constexpr std::size_t kSubjectBytesMax = 255;  // OpenID Connect Core 1.0, 2
constexpr Millis kSkew = Seconds(30);
// A browser that was asked for more comes back within this.
constexpr Millis kAgeMax = Seconds(900);

std::unexpected<Error> wrong(const char* claim) {
    return fail(Code::unauthenticated,
                std::string("The provider's ID token is not good: ") + claim + ".",
                identity::reason::kProviderAnswer);
}

Result<void> check_audience(const json::object& claims, const std::string& client_id) {
    const json::value* aud = claims.if_contains("aud");
    const json::value own(client_id);
    bool several = false;
    if (aud == nullptr) return wrong("aud");
    if (const json::array* list = aud->if_array()) {
        if (std::ranges::find(*list, own) == list->end()) return wrong("aud");
        several = list->size() > 1;
    } else if (*aud != own) {
        return wrong("aud");
    }
    const json::value* azp = claims.if_contains("azp");
    if (azp == nullptr ? several : *azp != own) return wrong("azp");
    return {};
}

Result<void> check_times(const json::object& claims, Timestamp now) {
    const auto expires = crypto::time_claim(claims, "exp"),
               issued = crypto::time_claim(claims, "iat");
    if (!expires || *expires + kSkew <= now) return wrong("exp");
    if (!issued || *issued > now + kSkew || *issued + kAgeMax <= now) return wrong("iat");
    if (!claims.contains("nbf")) return {};
    const auto from = crypto::time_claim(claims, "nbf");
    if (!from || *from > now + kSkew) return wrong("nbf");
    return {};
}

std::optional<std::string> as_text(const json::value& value) {
    if (value.is_string()) return std::string(value.get_string());
    if (value.is_bool()) return value.get_bool() ? "true" : "false";
    if (value.is_int64() || value.is_uint64()) return json::serialize(value);
    return std::nullopt;
}

}  // namespace

Result<std::string> check_id_token(const json::object& claims, const Expected& expected,
                                   Timestamp now) {
    if (crypto::text_claim(claims, "iss") != expected.issuer) return wrong("iss");
    TRY_VOID(check_audience(claims, expected.client_id));
    TRY_VOID(check_times(claims, now));
    if (expected.nonce.empty() ||
        !crypto::constant_time_equal(crypto::text_claim(claims, "nonce"), expected.nonce))
        return wrong("nonce");
    if (expected.access_token && claims.contains("at_hash")) {
        const std::string half = crypto::sha256(*expected.access_token).substr(0, 16);
        if (crypto::text_claim(claims, "at_hash") != to_base64url(half)) return wrong("at_hash");
    }
    std::string sub = crypto::text_claim(claims, "sub");
    if (sub.empty() || sub.size() > kSubjectBytesMax) return wrong("sub");
    return sub;
}

bool lacks_claims(const config::IdentityProvider& provider, const json::object& claims) {
    return std::ranges::any_of(provider.attributes,
                               [&](const auto& one) { return !claims.contains(one.second); });
}

identity::Attributes map_claims(const config::IdentityProvider& provider,
                                const json::object& claims) {
    identity::Attributes out;
    for (const auto& [attribute, claim] : provider.attributes) {
        const json::value* value = claims.if_contains(claim);
        if (value == nullptr) continue;
        auto text = as_text(*value);
        if (text && !text->empty()) out[attribute] = std::move(*text);
    }
    // OpenID Connect Core 5.1 has it beside the claim `email`; whoever maps another claim says
    // which one vouches for it.
    const auto mail = provider.attributes.find("email");
    const bool standard = mail != provider.attributes.end() && mail->second == "email";
    if (standard && !provider.attributes.contains("email_verified")) {
        const json::value* said = claims.if_contains("email_verified");
        if (said != nullptr) out["email_verified"] = as_text(*said).value_or("false");
    }
    std::string& verified = out["email_verified"];
    if (verified != "true" || !out.contains("email")) verified = "false";
    return out;
}

}  // namespace domicile::federation
