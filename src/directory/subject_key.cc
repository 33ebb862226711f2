#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "directory/record.h"

namespace domicile::directory {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool looks_like_email(std::string_view text) {
    const std::size_t at = text.find('@');
    return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
           text.rfind('@') == at && text.find_first_of(" \t") == std::string_view::npos;
}

bool looks_like_phone(std::string_view text) {
    return text.size() >= 8 && text.size() <= 16 && text[0] == '+' &&
           std::ranges::all_of(text.substr(1), is_digit);
}

// Part of what is hashed: never renumber.
char number_of(IdentifierKind kind) {
    switch (kind) {
        case IdentifierKind::email:
            return 1;
        case IdentifierKind::phone:
            return 2;
        case IdentifierKind::username:
            return 3;
        case IdentifierKind::sub:
            return 4;
    }
    return 0;
}

}  // namespace

std::string normalise(IdentifierKind kind, std::string_view identifier) {
    identifier = trim(identifier);
    if (kind == IdentifierKind::email) return to_lower(identifier);
    if (kind != IdentifierKind::phone) return std::string(identifier);
    std::string out = "+";
    std::ranges::copy_if(identifier, std::back_inserter(out), is_digit);
    return out;
}

IdentifierKind kind_of_username(std::string_view username) {
    username = trim(username);
    if (looks_like_email(username)) return IdentifierKind::email;
    if (looks_like_phone(username)) return IdentifierKind::phone;
    if (is_uuid(username)) return IdentifierKind::sub;
    return IdentifierKind::username;
}

// Every field has its length before it, so that no two identifiers give the same message.
SubjectKey subject_key(const Pepper& pepper, std::string_view pool_scope, IdentifierKind kind,
                       std::string_view identifier) {
    std::string message = "domicile subject key";
    append_u64(message, pepper.version);
    append_text(message, pool_scope);
    message += number_of(kind);
    append_text(message, normalise(kind, identifier));
    return {crypto::hmac_sha256(pepper.key, message).substr(0, kSubjectKeyBytes)};
}

}  // namespace domicile::directory
