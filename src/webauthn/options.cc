#include "webauthn/options.h"

#include "base/encoding.h"
#include "webauthn/key.h"

namespace domicile::webauthn {
namespace {

constexpr const char* kPublicKey = "public-key";

json::array names(const std::vector<std::string>& from) {
    json::array out;
    for (const std::string& name : from) out.emplace_back(name);
    return out;
}

}  // namespace

json::object creation_options(const CreationRequest& request) {
    json::array algorithms, known;
    for (const std::int64_t algorithm : {kEs256, kEdDsa, kRs256}) {
        algorithms.push_back(json::object{{"type", kPublicKey}, {"alg", algorithm}});
    }
    for (const CreationRequest::Known& credential : request.known) {
        known.push_back(json::object{{"type", kPublicKey},
                                     {"id", to_base64url(credential.id)},
                                     {"transports", names(credential.transports)}});
    }
    return {
        {"rp", json::object{{"id", request.relying_party_id}, {"name", request.relying_party_id}}},
        {"user", json::object{{"id", to_base64url(request.user_id)},
                              {"name", request.user_name},
                              {"displayName", request.display_name}}},
        {"challenge", to_base64url(request.challenge)},
        {"pubKeyCredParams", std::move(algorithms)},
        {"timeout", request.timeout_ms},
        {"excludeCredentials", std::move(known)},
        {"authenticatorSelection", json::object{{"residentKey", "required"},
                                                {"requireResidentKey", true},
                                                {"userVerification", request.user_verification}}},
        {"attestation", "none"}};
}

json::object request_options(const AssertionRequest& request) {
    return {{"challenge", to_base64url(request.challenge)},
            {"timeout", request.timeout_ms},
            {"rpId", request.relying_party_id},
            {"allowCredentials", json::array()},
            {"userVerification", request.user_verification}};
}

}  // namespace domicile::webauthn
