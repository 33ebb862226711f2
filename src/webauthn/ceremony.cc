#include "webauthn/ceremony.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "webauthn/cbor.h"
#include "webauthn/key.h"

namespace domicile::webauthn {
namespace {

std::unexpected<Error> refused(const char* text, const char* why) {
    return fail(Code::unauthenticated, text, why);
}

bool is_below(std::string_view host, std::string_view domain) {
    return host == domain || (host.size() > domain.size() && host.ends_with(domain) &&
                              host[host.size() - domain.size() - 1] == '.');
}

bool is_number(std::string_view text) {
    return !text.empty() && text.size() <= 5 &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> check_client_data(std::string_view json, std::string_view type,
                               const Expected& expected) {
    TRY(const ClientData data, read_client_data(json));
    if (data.type != type) return refused("It answers something else.", reason::kMalformed);
    if (!crypto::constant_time_equal(data.challenge, expected.challenge)) {
        return refused("It answers another challenge.", reason::kChallenge);
    }
    const bool is_allowed =
        expected.origins.empty()
            ? is_origin_of(data.origin, expected.relying_party_id)
            : std::ranges::find(expected.origins, data.origin) != expected.origins.end();
    if (!is_allowed || data.cross_origin) {
        return refused("The origin is not allowed for the relying party.", reason::kOrigin);
    }
    return {};
}

Result<AuthenticatorData> check_authenticator_data(std::string_view bytes,
                                                   const Expected& expected) {
    auto data = read_authenticator_data(bytes);
    if (!data) return refused("The authenticator data is not valid.", reason::kMalformed);
    if (data->rp_id_hash != crypto::sha256(expected.relying_party_id)) {
        return refused("The passkey is of another relying party.", reason::kRelyingParty);
    }
    // A copy in the cloud of what cannot be copied is no state of an authenticator (7.2, step 18).
    if (!data->user_present || (data->backed_up && !data->backup_eligible)) {
        return refused("The authenticator data is not valid.", reason::kMalformed);
    }
    if (expected.user_verification && !data->user_verified) {
        return refused("The passkey did not verify its user.", reason::kUnsupported);
    }
    return data;
}

// The authenticator data inside. Whatever the format, the statement is not looked into but for
// `none`, which has none.
Result<std::string> read_attestation(std::string_view bytes) {
    const auto object = cbor::decode(bytes);
    const cbor::Value* format = object ? object->find("fmt") : nullptr;
    const cbor::Value* statement = object ? object->find("attStmt") : nullptr;
    const cbor::Value* data = object ? object->find("authData") : nullptr;
    const bool is_whole = format != nullptr && format->kind == cbor::Kind::text &&
                          statement != nullptr && statement->kind == cbor::Kind::map &&
                          data != nullptr && data->kind == cbor::Kind::bytes;
    if (!is_whole || (format->bytes == "none" && !statement->items.empty())) {
        return refused("The attestation object is not valid.", reason::kMalformed);
    }
    return data->bytes;
}

}  // namespace

bool is_origin_of(std::string_view origin, std::string_view relying_party_id) {
    constexpr std::string_view kHttps = "https://", kHttp = "http://", kLocal = "localhost";
    const bool is_https = origin.starts_with(kHttps);
    if (!is_https && !origin.starts_with(kHttp)) return false;
    std::string_view host = origin.substr(is_https ? kHttps.size() : kHttp.size());
    if (const auto colon = host.find(':'); colon != host.npos) {
        if (!is_number(host.substr(colon + 1))) return false;
        host = host.substr(0, colon);
    }
    // Browsers count what is on the own machine as secure, also without TLS.
    if (!is_https && !is_below(host, kLocal)) return false;
    return is_below(host, relying_party_id);
}

bool counter_goes_on(std::uint32_t before, std::uint32_t now) {
    return now > before || (before == 0 && now == 0);
}

Result<NewCredential> verify_registration(const RegistrationResponse& response,
                                          const Expected& expected) {
    TRY_VOID(check_client_data(response.client_data, "webauthn.create", expected));
    TRY(const std::string bytes, read_attestation(response.attestation));
    TRY(AuthenticatorData data, check_authenticator_data(bytes, expected));
    if (!data.credential || data.credential->id != response.id) {
        return refused("The attestation object is not valid.", reason::kMalformed);
    }
    if (const auto key = CredentialKey::from_cose(data.credential->public_key); !key) {
        return refused("The kind of key is not supported.", reason::kUnsupported);
    }
    return NewCredential{std::move(*data.credential), data.counter, data.user_verified,
                         data.backed_up};
}

Result<Assertion> verify_assertion(const AssertionResponse& response, const Expected& expected,
                                   std::string_view public_key) {
    TRY_VOID(check_client_data(response.client_data, "webauthn.get", expected));
    TRY(const AuthenticatorData data,
        check_authenticator_data(response.authenticator_data, expected));
    TRY(const CredentialKey key, CredentialKey::from_cose(public_key));
    const std::string signed_bytes =
        response.authenticator_data + crypto::sha256(response.client_data);
    if (!key.verify(signed_bytes, response.signature)) {
        return refused("The signature is not valid.", reason::kSignature);
    }
    return Assertion{data.counter, data.user_verified};
}

}  // namespace domicile::webauthn
