#include "identity/own_token.h"

#include <memory>

#include "crypto/jwt.h"
#include "io/executor.h"

namespace domicile::identity {
namespace {

std::unexpected<Error> not_own() {
    return fail(Code::unauthenticated, "The token is not one of this region.");
}

std::int64_t number(const json::object& claims, const char* name) {
    const json::value* value = claims.if_contains(name);
    return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

}  // namespace

io::Task<Result<json::object>> read_own_token(const Signer& signer, std::string token) {
    const auto text = std::make_shared<const std::string>(std::move(token));
    auto parsed = crypto::parse_jwt(*text);
    if (!parsed) co_return not_own();
    auto work = [text, parsed = std::move(*parsed),
                 keys = signer.public_keys()]() -> Result<json::object> {
        for (const crypto::PublicKey& key : keys) {
            if (crypto::verify(key, parsed)) return parsed.claims;
        }
        return not_own();
    };
    co_return co_await io::run_blocking(std::move(work));
}

TokenState client_token_state(const json::object& claims, const std::string& issuer,
                              Timestamp now) {
    TokenState out;
    const auto sub = require_string(claims, "sub");
    const auto client = require_string(claims, "client_id");
    const auto said = require_string(claims, "iss");
    const auto scope = require_string(claims, "scope");
    out.expires = number(claims, "exp");
    if (!sub || !client || !said || !scope || *sub != *client || *said != issuer ||
        out.expires <= now.seconds()) {
        return TokenState();
    }
    out.active = true;
    out.use = "access";
    out.sub = *sub;
    out.client_id = *client;
    out.scope = *scope;
    out.issued = number(claims, "iat");
    return out;
}

}  // namespace domicile::identity
