#include "webauthn/response.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "webauthn/authenticator_data.h"
#include "webauthn/ceremony.h"

namespace domicile::webauthn {
namespace {

constexpr std::size_t kTransportsMax = 8, kTransportBytesMax = 32;
constexpr JsonLimits kLimits{.depth_max = 16, .bytes_max = kResponseBytesMax};

std::unexpected<Error> broken(const std::string& what) {
    return fail(Code::malformed, what + " of the passkey's answer is not valid.",
                reason::kMalformed);
}

Result<json::object> parse(std::string_view text) {
    auto out = parse_json_object(text, kLimits);
    if (!out) return broken("The JSON");
    return out;
}

Result<std::string> bytes(const json::object& from, const char* name) {
    const auto text = optional_string(from, name);
    const auto out = text && *text ? from_base64url(**text) : std::nullopt;
    if (!out || out->empty()) return broken(name);
    return *out;
}

Result<const json::object*> response_of(const json::object& from) {
    const auto type = optional_string(from, "type");
    if (!type || *type != "public-key") return broken("type");
    const auto out = optional_object(from, "response");
    if (!out || *out == nullptr) return broken("response");
    return *out;
}

// `rawId` is the same again.
Result<std::string> read_id(const json::object& from) {
    TRY(std::string id, bytes(from, "id"));
    TRY(const std::string raw, bytes(from, "rawId"));
    if (id != raw || id.size() > kCredentialIdBytesMax) return broken("id");
    return id;
}

bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= kTransportBytesMax &&
           std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

// Hints of the browser, given back to it later. What is none of its words is left out.
std::vector<std::string> read_transports(const json::object& response) {
    std::vector<std::string> out;
    const auto list = optional_array(response, "transports");
    if (!list || *list == nullptr) return out;
    for (const json::value& item : **list) {
        if (out.size() == kTransportsMax) break;
        if (item.is_string() && is_word(item.get_string())) out.emplace_back(item.get_string());
    }
    return out;
}

}  // namespace

Result<RegistrationResponse> read_registration_response(std::string_view json) {
    TRY(const json::object from, parse(json));
    TRY(const json::object* response, response_of(from));
    RegistrationResponse out;
    TRY(out.id, read_id(from));
    TRY(out.client_data, bytes(*response, "clientDataJSON"));
    TRY(out.attestation, bytes(*response, "attestationObject"));
    out.transports = read_transports(*response);
    const auto attachment = optional_string(from, "authenticatorAttachment");
    if (attachment && (*attachment == "platform" || *attachment == "cross-platform")) {
        out.attachment = *attachment;
    }
    return out;
}

Result<AssertionResponse> read_assertion_response(std::string_view json) {
    TRY(const json::object from, parse(json));
    TRY(const json::object* response, response_of(from));
    AssertionResponse out;
    TRY(out.id, read_id(from));
    TRY(out.client_data, bytes(*response, "clientDataJSON"));
    TRY(out.authenticator_data, bytes(*response, "authenticatorData"));
    TRY(out.signature, bytes(*response, "signature"));
    const auto handle = optional_string(*response, "userHandle");
    if (!handle) return broken("userHandle");
    if (*handle && !(*handle)->empty()) {
        TRY(out.user_handle, bytes(*response, "userHandle"));
    }
    return out;
}

Result<ClientData> read_client_data(std::string_view json) {
    TRY(const json::object from, parse(json));
    const auto type = optional_string(from, "type");
    const auto origin = optional_string(from, "origin");
    const auto cross = optional_bool(from, "crossOrigin");
    const bool is_whole = type && *type && origin && *origin && cross;
    if (!is_whole) return broken("clientDataJSON");
    ClientData out;
    TRY(out.challenge, bytes(from, "challenge"));
    out.type = **type;
    out.origin = **origin;
    out.cross_origin = cross->value_or(false) || from.contains("topOrigin");
    return out;
}

}  // namespace domicile::webauthn
