#include "crypto/password_hash.h"

#include <argon2.h>
#include <crypt.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/openssl.h"

namespace domicile::crypto {
namespace {

constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kHashBytesMin = 10, kHashBytesMax = 64;  // of what others made
constexpr std::size_t kSaltBytesMax = 64;
constexpr std::size_t kArgon2SaltBytesMin = 8;

struct Argon2 {
    argon2_type type;
    Argon2Cost cost;
    std::string salt, hash;
};
struct Bcrypt {
    std::string encoded;
};
struct Scrypt {
    std::uint64_t n;
    std::uint32_t r, p;
    std::string salt, hash;
};
struct Pbkdf2 {
    const EVP_MD* digest;
    std::uint32_t iterations;
    std::string salt, hash;
};
using Hash = std::variant<Argon2, Bcrypt, Scrypt, Pbkdf2>;

std::unexpected<Error> broken(const char* what) {
    return fail(Code::invalid_argument, std::string("The ") + what + " hash is broken.");
}
std::unexpected<Error> too_costly(const char* what) {
    return fail(Code::invalid_argument,
                std::string("The ") + what + " hash costs more than this server spends on one.");
}

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> out;
    while (true) {
        const auto end = text.find(at);
        out.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return out;
        text.remove_prefix(end + 1);
    }
}

// Decimal, without a sign or leading zeros.
std::optional<std::uint32_t> number(std::string_view text) {
    std::uint32_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    const bool is_whole = error == std::errc() && end == text.data() + text.size();
    if (!is_whole || (text.size() > 1 && text[0] == '0')) return std::nullopt;
    return out;
}

// "name=12"
std::optional<std::uint32_t> parameter(std::string_view text, std::string_view name) {
    if (!text.starts_with(name) || text.substr(name.size(), 1) != "=") return std::nullopt;
    return number(text.substr(name.size() + 1));
}

// Base64 with or without padding; passlib writes '.' for '+'.
std::optional<std::string> base64(std::string_view text) {
    std::string padded(text);
    std::ranges::replace(padded, '.', '+');
    while (padded.size() % 4 != 0) padded += '=';
    return from_base64(padded);
}

std::string unpadded(std::string_view bytes) {
    std::string out = to_base64(bytes);
    while (out.ends_with('=')) out.pop_back();
    return out;
}

bool is_usual(const std::optional<std::string>& salt, const std::optional<std::string>& hash) {
    return salt && hash && salt->size() <= kSaltBytesMax && hash->size() >= kHashBytesMin &&
           hash->size() <= kHashBytesMax;
}

// $argon2id$v=19$m=19456,t=2,p=1$salt$hash
Result<Hash> parse_argon2(argon2_type type, const std::vector<std::string_view>& parts) {
    const std::vector<std::string_view> cost =
        parts.size() == 6 ? split(parts[3], ',') : std::vector<std::string_view>();
    if (cost.size() != 3 || parts[2] != "v=19") return broken("Argon2");
    const auto memory = parameter(cost[0], "m");
    const auto iterations = parameter(cost[1], "t");
    const auto lanes = parameter(cost[2], "p");
    if (!memory || !iterations || !lanes) return broken("Argon2");
    const auto salt = base64(parts[4]), hash = base64(parts[5]);
    if (!is_usual(salt, hash) || salt->size() < kArgon2SaltBytesMin) return broken("Argon2");
    if (*iterations < 1 || *lanes < 1 || *memory < std::uint64_t{8} * *lanes) {
        return broken("Argon2");
    }
    if (*memory > kArgon2MemoryKibMax || *lanes > kArgon2LanesMax ||
        std::uint64_t{*memory} * *iterations > kArgon2WorkMax) {
        return too_costly("Argon2");
    }
    return Argon2{type, {*memory, *iterations, *lanes}, *salt, *hash};
}

// $2b$12$ and 53 characters
Result<Hash> parse_bcrypt(std::string_view encoded, const std::vector<std::string_view>& parts) {
    constexpr std::string_view kAlphabet =
        "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    if (parts.size() != 4 || parts[2].size() != 2 || parts[3].size() != 53 ||
        parts[3].find_first_not_of(kAlphabet) != std::string_view::npos) {
        return broken("bcrypt");
    }
    const auto cost = number(parts[2].starts_with('0') ? parts[2].substr(1) : parts[2]);
    if (!cost || *cost < 4) return broken("bcrypt");
    if (*cost > kBcryptCostMax) return too_costly("bcrypt");
    return Bcrypt{std::string(encoded)};
}

// $scrypt$ln=16,r=8,p=1$salt$hash
Result<Hash> parse_scrypt(const std::vector<std::string_view>& parts) {
    const std::vector<std::string_view> cost =
        parts.size() == 5 ? split(parts[2], ',') : std::vector<std::string_view>();
    if (cost.size() != 3) return broken("scrypt");
    const auto ln = parameter(cost[0], "ln");
    const auto r = parameter(cost[1], "r"), p = parameter(cost[2], "p");
    const auto salt = base64(parts[3]), hash = base64(parts[4]);
    if (!ln || !r || !p || *ln < 1 || *r < 1 || *p < 1 || !is_usual(salt, hash)) {
        return broken("scrypt");
    }
    // No product of these overflows.
    if (*ln > 24 || *r > 1024 || *p > 1024) return too_costly("scrypt");
    const std::uint64_t n = std::uint64_t{1} << *ln;
    if (128 * (n + *p) * *r > kScryptMemoryMax || n * *r * *p > kScryptWorkMax) {
        return too_costly("scrypt");
    }
    return Scrypt{n, *r, *p, *salt, *hash};
}

Result<Hash> pbkdf2(const EVP_MD* digest, std::optional<std::uint32_t> iterations,
                    std::optional<std::string> salt, std::optional<std::string> hash) {
    if (!iterations || *iterations < 1 || !is_usual(salt, hash)) return broken("PBKDF2");
    if (*iterations > kPbkdf2IterationsMax) return too_costly("PBKDF2");
    return Pbkdf2{digest, *iterations, std::move(*salt), std::move(*hash)};
}

// nullptr for a digest that is not on the list.
const EVP_MD* digest_of(std::string_view name) {
    if (name == "sha1") return EVP_sha1();
    if (name == "sha256") return EVP_sha256();
    if (name == "sha512") return EVP_sha512();
    return nullptr;
}

// $pbkdf2-sha256$29000$salt$hash, $pbkdf2-sha256$i=29000,l=32$salt$hash
Result<Hash> parse_pbkdf2(const EVP_MD* digest, const std::vector<std::string_view>& parts) {
    if (parts.size() != 5) return broken("PBKDF2");
    const std::string_view cost = split(parts[2], ',')[0];
    const auto iterations = cost.starts_with("i=") ? parameter(cost, "i") : number(cost);
    return pbkdf2(digest, iterations, base64(parts[3]), base64(parts[4]));
}

// pbkdf2_sha256$260000$salt as text$hash
Result<Hash> parse_django(const EVP_MD* digest, const std::vector<std::string_view>& parts) {
    if (parts.size() != 4) return broken("PBKDF2");
    return pbkdf2(digest, number(parts[1]), std::string(parts[2]), base64(parts[3]));
}

Result<Hash> parse(std::string_view encoded) {
    if (encoded.size() > kPasswordHashBytesMax) {
        return fail(Code::invalid_argument, "The password hash is too long.");
    }
    const std::vector<std::string_view> parts = split(encoded, '$');
    const std::string_view django = parts[0];
    if (django.starts_with("pbkdf2_")) {
        const EVP_MD* digest = digest_of(django.substr(7));
        if (digest != nullptr) return parse_django(digest, parts);
    }
    const std::string_view scheme = django.empty() && parts.size() > 1 ? parts[1] : "";
    if (scheme == "argon2id") return parse_argon2(Argon2_id, parts);
    if (scheme == "argon2i") return parse_argon2(Argon2_i, parts);
    if (scheme == "argon2d") return parse_argon2(Argon2_d, parts);
    if (scheme == "2a" || scheme == "2b" || scheme == "2y") return parse_bcrypt(encoded, parts);
    if (scheme == "scrypt") return parse_scrypt(parts);
    if (scheme == "pbkdf2") return parse_pbkdf2(EVP_sha1(), parts);
    if (scheme.starts_with("pbkdf2-")) {
        const EVP_MD* digest = digest_of(scheme.substr(7));
        if (digest != nullptr) return parse_pbkdf2(digest, parts);
    }
    return fail(Code::unsupported,
                "Password hashes are taken in the forms of Argon2, bcrypt, scrypt and PBKDF2.");
}

std::unexpected<Error> no_memory() {
    return fail(Code::resource_exhausted, "There is no memory for a password hash now.");
}

// `size` bytes of Argon2.
Result<std::string> computed(argon2_type type, Argon2Cost cost, std::string_view salt,
                             std::string_view password, std::size_t size) {
    std::string out(size, '\0'), salt_copy(salt), password_copy(password);
    argon2_context context{};
    context.out = bytes_of(out);
    context.outlen = static_cast<std::uint32_t>(out.size());
    context.pwd = bytes_of(password_copy);
    context.pwdlen = static_cast<std::uint32_t>(password_copy.size());
    context.salt = bytes_of(salt_copy);
    context.saltlen = static_cast<std::uint32_t>(salt_copy.size());
    context.t_cost = cost.iterations;
    context.m_cost = cost.memory_kib;
    context.lanes = cost.lanes;
    context.threads = 1;  // threads are not for this module to start
    context.version = ARGON2_VERSION_13;
    context.flags = ARGON2_FLAG_CLEAR_PASSWORD;
    const int code = argon2_ctx(&context, type);
    if (code == ARGON2_MEMORY_ALLOCATION_ERROR) return no_memory();
    DOMICILE_CHECK(code == ARGON2_OK);
    return out;
}

Result<std::string> computed(const Argon2& hash, std::string_view password) {
    return computed(hash.type, hash.cost, hash.salt, password, hash.hash.size());
}

Result<std::string> computed(const Scrypt& hash, std::string_view password) {
    const ErrorsTakenBack errors;
    std::string out(hash.hash.size(), '\0');
    constexpr std::uint64_t kMemory = kScryptMemoryMax + (1 << 20);  // and what it needs beside
    if (EVP_PBE_scrypt(password.data(), password.size(), bytes_of(hash.salt), hash.salt.size(),
                       hash.n, hash.r, hash.p, kMemory, bytes_of(out), out.size()) != 1) {
        return no_memory();
    }
    return out;
}

Result<std::string> computed(const Pbkdf2& hash, std::string_view password) {
    std::string out(hash.hash.size(), '\0');
    DOMICILE_CHECK(PKCS5_PBKDF2_HMAC(password.data(), int_size(password), bytes_of(hash.salt),
                                     int_size(hash.salt), static_cast<int>(hash.iterations),
                                     hash.digest, int_size(out), bytes_of(out)) == 1);
    return out;
}

// As C strings, so that one with a NUL in it fits nothing.
Result<bool> fits_bcrypt(const Bcrypt& hash, const std::string& password) {
    const auto data = std::make_unique<crypt_data>();
    const char* made = crypt_rn(password.c_str(), hash.encoded.c_str(), data.get(), sizeof *data);
    if (made == nullptr) return broken("bcrypt");
    const bool fits = constant_time_equal(made, hash.encoded);
    OPENSSL_cleanse(data.get(), sizeof *data);
    return fits && !password.contains('\0');
}

std::string encode(Argon2Cost cost, std::string_view salt, std::string_view hash) {
    return "$argon2id$v=19$m=" + std::to_string(cost.memory_kib) +
           ",t=" + std::to_string(cost.iterations) + ",p=" + std::to_string(cost.lanes) + "$" +
           unpadded(salt) + "$" + unpadded(hash);
}

}  // namespace

Result<std::string> argon2id(std::string_view password, std::string_view salt16, Argon2Cost cost) {
    DOMICILE_CHECK(salt16.size() == kPasswordSaltSize);
    TRY(const std::string hash, computed(Argon2_id, cost, salt16, password, kHashBytes));
    return encode(cost, salt16, hash);
}

std::string decoy_argon2id(std::string_view key, std::string_view name, Argon2Cost cost) {
    const std::string salt = hmac_sha256(key, "argon2id salt:" + std::string(name));
    return encode(cost, std::string_view(salt).substr(0, kPasswordSaltSize),
                  hmac_sha256(key, "argon2id hash:" + std::string(name)));
}

bool is_argon2id_of(std::string_view encoded, Argon2Cost cost) {
    const auto hash = parse(encoded);
    const Argon2* argon2 = hash ? std::get_if<Argon2>(&*hash) : nullptr;
    return argon2 != nullptr && argon2->type == Argon2_id && argon2->cost == cost;
}

Result<void> check_password_hash(std::string_view encoded) {
    TRY_VOID(parse(encoded));
    return {};
}

Result<bool> fits_password_hash(std::string_view encoded, std::string_view password) {
    TRY(const Hash hash, parse(encoded));
    if (const auto* bcrypt = std::get_if<Bcrypt>(&hash)) {
        return fits_bcrypt(*bcrypt, std::string(password));
    }
    return std::visit(
        [&](const auto& kind) -> Result<bool> {
            if constexpr (requires { kind.hash; }) {
                TRY(const std::string made, computed(kind, password));
                return constant_time_equal(made, kind.hash);
            }
            return false;
        },
        hash);
}

}  // namespace domicile::crypto
