// An authenticator for tests: makes a passkey (ES256) and uses it, as a browser sends both, with
// any part as the test wants it.
#pragma once

#include <string>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/hash.h"
#include "crypto/keys.h"

namespace domicile::webauthn::testing {

inline std::string head(unsigned major, std::size_t size) {
    std::string out;
    if (size < 24) {
        out += static_cast<char>(major << 5 | size);
    } else if (size < 256) {
        out += static_cast<char>(major << 5 | 24);
        out += static_cast<char>(size);
    } else {
        out += static_cast<char>(major << 5 | 25);
        out += static_cast<char>(size >> 8);
        out += static_cast<char>(size);
    }
    return out;
}
inline std::string bytes(std::string_view value) {
    return head(2, value.size()) + std::string(value);
}
inline std::string text(std::string_view value) {
    return head(3, value.size()) + std::string(value);
}

// One number of a signature in DER.
inline std::string der_number(std::string value) {
    value.erase(0, std::min(value.find_first_not_of('\0'), value.size() - 1));
    if ((value[0] & 0x80) != 0) value.insert(0, 1, '\0');
    return std::string("\x02") + static_cast<char>(value.size()) + value;
}

struct Authenticator {
    crypto::SigningKey key = *crypto::SigningKey::generate(crypto::Algorithm::es256);
    std::string id = "credential 1 of 16", relying_party_id = "example.com";
    std::string origin = "https://app.example.com";
    std::uint32_t counter = 0;
    bool present = true, verifies = true, cross_origin = false;
    std::string format = "none", statement = "\xa0";

    std::string cose_key() const {
        const json::object jwk = key.public_jwk();
        const auto coordinate = [&](const char* name) {
            return *from_base64url(std::string(jwk.at(name).as_string()));
        };
        return "\xa5\x01\x02\x03\x26\x20\x01\x21" + bytes(coordinate("x")) + "\x22" +
               bytes(coordinate("y"));
    }
    std::string data(bool with_credential) const {
        std::string out = crypto::sha256(relying_party_id);
        out += static_cast<char>((present ? 0x01 : 0) | (verifies ? 0x04 : 0) |
                                 (with_credential ? 0x40 : 0));
        for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(counter >> shift);
        if (!with_credential) return out;
        out += std::string(16, '\0');
        out += static_cast<char>(id.size() >> 8);
        out += static_cast<char>(id.size());
        return out + id + cose_key();
    }
    std::string client_data(const char* type, std::string_view challenge) const {
        return json::serialize(json::object{{"type", type},
                                            {"challenge", to_base64url(challenge)},
                                            {"origin", origin},
                                            {"crossOrigin", cross_origin}});
    }
    json::object answer(json::object response) const {
        return {{"id", to_base64url(id)},
                {"rawId", to_base64url(id)},
                {"type", "public-key"},
                {"authenticatorAttachment", "platform"},
                {"clientExtensionResults", json::object()},
                {"response", std::move(response)}};
    }
    std::string make(std::string_view challenge) const {
        const std::string attestation = "\xa3" + text("fmt") + text(format) + text("attStmt") +
                                        statement + text("authData") + bytes(data(true));
        json::object response{
            {"clientDataJSON", to_base64url(client_data("webauthn.create", challenge))},
            {"attestationObject", to_base64url(attestation)},
            {"transports", json::array{"internal"}}};
        return json::serialize(answer(std::move(response)));
    }
    std::string use(std::string_view challenge, std::string_view user_handle = "") const {
        const std::string client = client_data("webauthn.get", challenge);
        const std::string plain = key.sign(data(false) + crypto::sha256(client));
        const std::string numbers = der_number(plain.substr(0, 32)) + der_number(plain.substr(32));
        const std::string signature =
            std::string("\x30") + static_cast<char>(numbers.size()) + numbers;
        json::object response{{"clientDataJSON", to_base64url(client)},
                              {"authenticatorData", to_base64url(data(false))},
                              {"signature", to_base64url(signature)}};
        if (!user_handle.empty()) response["userHandle"] = to_base64url(user_handle);
        return json::serialize(answer(std::move(response)));
    }
};

}  // namespace domicile::webauthn::testing
