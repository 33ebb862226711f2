#include "identity/external.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/hash.h"

namespace domicile::identity {
namespace {

constexpr std::size_t kNameBytesMax = 128;

bool stands_as_it_is(std::string_view subject) {
    return !subject.empty() && subject.front() != '~' &&
           std::ranges::all_of(subject, [](char c) { return c > ' ' && c < 0x7f && c != '@'; });
}

}  // namespace

std::string external_username(std::string_view provider, std::string_view subject) {
    std::string out = std::string(provider) + '_';
    if (stands_as_it_is(subject) && out.size() + subject.size() <= kNameBytesMax) {
        return out += subject;
    }
    return out + '~' + to_base64url(crypto::sha256(subject));
}

bool is_external_username(const config::Pool& pool, std::string_view username) {
    const auto end = username.find('_');
    return end != username.npos &&
           pool.identity_providers.find(std::string(username.substr(0, end))) != nullptr;
}

Result<void> check_own_username(const config::Pool& pool, std::string_view username) {
    if (!is_external_username(pool, username)) return {};
    return fail(Code::invalid_argument,
                "Username cannot have the form of a user of an identity provider.",
                reason::kSchema);
}

}  // namespace domicile::identity
