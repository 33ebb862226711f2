#include <algorithm>

#include "base/check.h"
#include "base/encoding.h"
#include "blob/store.h"
#include "io/clock.h"

namespace domicile::blob {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
bool is_space(char c) { return is_lower(c) || is_digit(c); }

// The beginning of a space, or the whole of one.
bool begins_space(std::string_view text) {
    return text.size() <= kSpaceBytesMax && (text.empty() || is_lower(text[0])) &&
           std::all_of(text.begin(), text.end(), is_space);
}

bool begins_key(std::string_view text) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return begins_space(text);
    const std::string_view id = text.substr(slash + 1);
    return slash > 0 && begins_space(text.substr(0, slash)) && id.size() <= kIdBytes &&
           std::all_of(id.begin(), id.end(), is_hex);
}

}  // namespace

std::string new_key(std::string_view space, io::Random& random) {
    std::string key = std::string(space) + "/" + to_hex(random.bytes(kIdBytes / 2));
    DOMICILE_CHECK(check_key(key).has_value());
    return key;
}

Result<void> check_key(std::string_view key) {
    const std::size_t slash = key.find('/');
    if (slash != std::string_view::npos && begins_key(key) && key.size() == slash + 1 + kIdBytes)
        return {};
    return fail(Code::invalid_argument, "The key of a blob is not SPACE/ID.");
}

Result<void> check_prefix(std::string_view prefix) {
    if (begins_key(prefix)) return {};
    return fail(Code::invalid_argument, "No key of a blob begins like this.");
}

}  // namespace domicile::blob
