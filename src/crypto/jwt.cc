#include "crypto/jwt.h"

#include "base/encoding.h"

namespace domicile::crypto {
namespace {

// Enough for any claim set of ours, shallow enough to be cheap.
constexpr JsonLimits kTokenLimits{.depth_max = 8, .bytes_max = kJwtBytesMax};

std::unexpected<Error> not_a_token() { return fail(Code::malformed, "not a JSON Web Token"); }

std::unexpected<Error> refused(std::string why) {
    return fail(Code::unauthenticated, std::move(why));
}

Result<json::object> decode_object(std::string_view part) {
    const auto text = from_base64url(part);
    if (!text) return not_a_token();
    auto object = parse_json_object(*text, kTokenLimits);
    if (!object) return not_a_token();
    return object;
}

Result<void> read_header(std::string_view part, ParsedJwt& out) {
    TRY(const auto header, decode_object(part));
    if (header.contains("crit")) return refused("the token has critical header extensions");
    const auto alg = require_string(header, "alg");
    const auto kid = optional_string(header, "kid");
    const auto typ = optional_string(header, "typ");
    if (!alg || !kid || !typ) return not_a_token();
    TRY(out.alg, algorithm_from_string(*alg));
    if (*typ && !equals_ignore_case(**typ, "JWT") && !equals_ignore_case(**typ, "at+jwt")) {
        return refused("the token is of another type");
    }
    out.kid = kid->value_or("");
    return {};
}

}  // namespace

std::string sign_jwt(const SigningKey& key, const json::object& claims) {
    const json::object header{{"kid", key.kid()}, {"alg", to_string(key.algorithm())}};
    std::string token = to_base64url(json::serialize(header));
    token += '.';
    token += to_base64url(json::serialize(claims));
    const std::string signature = key.sign(token);
    token += '.';
    token += to_base64url(signature);
    return token;
}

Result<ParsedJwt> parse_jwt(std::string_view token) {
    if (token.size() > kJwtBytesMax) return fail(Code::too_large, "the token is over 8 KiB");
    const auto first = token.find('.');
    const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
    if (second == token.npos || token.find('.', second + 1) != token.npos) return not_a_token();
    ParsedJwt out;
    TRY_VOID(read_header(token.substr(0, first), out));
    TRY(out.claims, decode_object(token.substr(first + 1, second - first - 1)));
    auto signature = from_base64url(token.substr(second + 1));
    if (!signature || signature->empty()) return not_a_token();
    out.signature = std::move(*signature);
    out.signing_input = token.substr(0, second);
    return out;
}

Result<void> verify(const PublicKey& key, const ParsedJwt& token) {
    if (token.alg != key.algorithm()) return refused("the token's algorithm is not the key's");
    if (!token.kid.empty() && token.kid != key.kid()) return refused("the token is of another key");
    return key.verify(token.signing_input, token.signature);
}

}  // namespace domicile::crypto
