// JSON Web Tokens and keys. A token's text has one reading; a token that verifies was signed by the
// key, for the algorithm and key id that it names, and no other bytes verify in its place; and the
// verifier of the gateway lets nobody speak for another region's people.
//
// Signatures take their nonce from a generator that starts anew with each input, so that a run can
// be had again. The input is a token (a missing signature is made, so that the fuzzer gets past
// it), a JWK, or claims to sign.
#define OPENSSL_SUPPRESS_DEPRECATED  // RAND_METHOD: a provider of randomness would be 200 lines

#include "crypto/jwt.h"

#include <openssl/rand.h>

#include <algorithm>

#include "base/encoding.h"
#include "identity/token_verifier.h"
#include "inline_executor.h"
#include "json_values.h"

namespace domicile::fuzz {
namespace {

// A key of its own, so that signed tokens can stand in the corpus.
constexpr const char* kPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgof6P6ogqsYoVifwO\n"
    "h6EgTOxyUfQB1R0M9rqQ+tiD0DqhRANCAATK5eFo4qwOk8m1d7E1m+YxZuT2BsZo\n"
    "Bz5n0+JyR2yjNFZ5+bZusu+6Q5OZ2FVzZxeIgxFcmocrt/LftXtFgxM6\n"
    "-----END PRIVATE KEY-----\n";

std::uint64_t nonce_state;

int fill_with_nonce(unsigned char* room, int size) {
    for (int i = 0; i < size; ++i) {
        nonce_state = nonce_state * 6364136223846793005 + 1442695040888963407;
        room[i] = static_cast<unsigned char>(nonce_state >> 56);
    }
    return 1;
}

void use_fixed_nonces() {
    static const RAND_METHOD method{.seed = nullptr,
                                    .bytes = fill_with_nonce,
                                    .cleanup = nullptr,
                                    .add = nullptr,
                                    .pseudorand = fill_with_nonce,
                                    .status = nullptr};
    static const int set = RAND_set_rand_method(&method);
    DOMICILE_CHECK(set == 1);
    nonce_state = 1;
}

const crypto::SigningKey& signing_key() {
    static const crypto::SigningKey key = *crypto::SigningKey::from_pkcs8_pem(kPem);
    return key;
}

void check_reading(std::string_view token, const crypto::ParsedJwt& parsed) {
    DOMICILE_CHECK(token.substr(0, parsed.signing_input.size()) == parsed.signing_input);
    const std::string again =
        std::string(parsed.signing_input) + "." + to_base64url(parsed.signature);
    DOMICILE_CHECK(again == token);
    const auto claims = parse_json_object(json::serialize(parsed.claims));
    DOMICILE_CHECK(claims.has_value() && (has_doubles(parsed.claims) || *claims == parsed.claims));
}

void check_verified(std::string_view token, const crypto::ParsedJwt& parsed) {
    const crypto::PublicKey& key = signing_key().public_key();
    DOMICILE_CHECK(parsed.alg == key.algorithm() && parsed.signature.size() == 64);
    DOMICILE_CHECK(parsed.kid.empty() || parsed.kid == key.kid());
    crypto::ParsedJwt forged = parsed;
    forged.signature[token.size() % 64] ^= 1;
    DOMICILE_CHECK(!crypto::verify(key, forged));
    forged = parsed;
    std::string changed(parsed.signing_input);
    changed[token.size() % changed.size()] ^= 1;
    forged.signing_input = changed;
    DOMICILE_CHECK(!crypto::verify(key, forged));
    forged = parsed;
    forged.alg = crypto::Algorithm::rs256;
    DOMICILE_CHECK(!crypto::verify(key, forged));
}

std::string issuer_of(std::string_view region, std::string_view suffix) {
    std::string out = "https://idp.";
    return out.append(region).append(".d.example/").append(region).append("_").append(suffix);
}

void check_gateway(const std::string& token, bool signed_by_us) {
    InlineExecutor executor;
    identity::TokenVerifier verifier({.region = "eu-central-1"}, executor.clock(), issuer_of);
    auto key = std::make_shared<const crypto::PublicKey>(signing_key().public_key());
    verifier.set_keys({{"eu-central-1", key->kid(), key}});
    DOMICILE_CHECK(verifier.lookup(token).value_or(nullptr) == nullptr);
    const auto verified = executor.run(verifier.verify(token));
    if (!verified) return;
    DOMICILE_CHECK(signed_by_us);
    const identity::VerifiedToken& said = **verified;
    DOMICILE_CHECK(said.home == "eu-central-1" && is_uuid(said.sub));
    DOMICILE_CHECK(said.expires > executor.clock().now());
    DOMICILE_CHECK(said.claims.at("iss").as_string() == issuer_of(said.home, said.pool_suffix));
    DOMICILE_CHECK(said.use == "access" || said.use == "id");
    const auto hit = verifier.lookup(token);
    DOMICILE_CHECK(hit && *hit == *verified);
    verifier.revoke_origin(said.origin_jti, said.expires);
    DOMICILE_CHECK(!verifier.lookup(token));
}

void check_token(std::string token) {
    // "header.claims." is signed here.
    if (std::ranges::count(token, '.') == 2 && token.ends_with('.') && token.size() < 4096) {
        token.pop_back();
        token += "." + to_base64url(signing_key().sign(token));
    }
    const auto parsed = crypto::parse_jwt(token);
    bool good = false;
    if (parsed) {
        check_reading(token, *parsed);
        good = crypto::verify(signing_key().public_key(), *parsed).has_value();
        if (good) check_verified(token, *parsed);
    }
    check_gateway(token, good);
}

void check_jwk(const json::object& jwk) {
    const auto key = crypto::PublicKey::from_jwk(jwk);
    if (!key) return;
    const json::object printed = key->jwk();
    DOMICILE_CHECK(!printed.contains("d") && !printed.contains("p"));
    const auto again = crypto::PublicKey::from_jwk(printed);
    DOMICILE_CHECK(again.has_value() && again->jwk() == printed);
    DOMICILE_CHECK(again->thumbprint() == key->thumbprint());
    DOMICILE_CHECK(!key->verify("message", std::string(64, '\1')));
}

void check_claims(const json::object& claims) {
    const std::string token = crypto::sign_jwt(signing_key(), claims);
    const auto parsed = crypto::parse_jwt(token);
    if (!parsed) {
        // Nested deeper than tokens may be, or longer.
        DOMICILE_CHECK(token.size() > crypto::kJwtBytesMax ||
                       !parse_json_object(json::serialize(claims), {.depth_max = 8}));
        return;
    }
    DOMICILE_CHECK(has_doubles(claims) || parsed->claims == claims);
    DOMICILE_CHECK(crypto::verify(signing_key().public_key(), *parsed).has_value());
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(jwt) {
    using namespace domicile::fuzz;
    use_fixed_nonces();
    check_token(std::string(input));
    const auto object = domicile::parse_json_object(input);
    if (!object) return;
    if (object->contains("kty")) {
        check_jwk(*object);
    } else {
        check_claims(*object);
    }
}
