// Password hashes that come from elsewhere. A text is refused, or what it costs is bounded and a
// password can be checked against it; it does not fit two passwords. What we make of the input as a
// password fits that password.
#include "crypto/password_hash.h"

#include "fuzz.h"

namespace domicile::fuzz {
namespace {

// Cheap enough to be computed here: no number of more than two digits, little scrypt, no bcrypt
// but the cheapest.
bool is_cheap(std::string_view text) {
    if (text.starts_with("$2")) return text.substr(3).starts_with("$04$");
    if (text.starts_with("$scrypt$")) return text.starts_with("$scrypt$ln=4,r=8,p=1$");
    std::size_t digits = 0;
    for (const char c : text.substr(0, text.rfind('$'))) {
        digits = c >= '0' && c <= '9' ? digits + 1 : 0;
        if (digits > 2) return false;
    }
    return true;
}

}  // namespace

FUZZ_TARGET(password_hash) {
    const auto checked = crypto::check_password_hash(input);
    if (!checked) {
        DOMICILE_CHECK(!checked.error().message.empty());
        DOMICILE_CHECK(!crypto::fits_password_hash(input, "password"));
    } else if (is_cheap(input)) {
        const auto one = crypto::fits_password_hash(input, "password");
        const auto other = crypto::fits_password_hash(input, "Password");
        DOMICILE_CHECK(one && other && !(*one && *other));
    }
    constexpr crypto::Argon2Cost kCost{8, 1, 1};
    const auto made = crypto::argon2id(input, std::string(16, 's'), kCost);
    DOMICILE_CHECK(made && crypto::is_argon2id_of(*made, kCost));
    DOMICILE_CHECK(crypto::fits_password_hash(*made, input) == true);
}

}  // namespace domicile::fuzz
