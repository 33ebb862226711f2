// Names of sessions in the form that Cognito gives them. They are the session's own id, written
// otherwise, so that nothing more is kept.
#include <algorithm>
#include <array>
#include <cstdint>

#include "base/encoding.h"
#include "identity/session_types.h"

namespace domicile::identity {
namespace {

constexpr std::string_view kPrefix = "tkn";
constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kLength = 25;  // 36^25 is more than 2^128
constexpr std::size_t kUuidBytes = 16;

using Number = std::array<std::uint8_t, kUuidBytes>;  // the most significant byte first

// What is left over.
std::uint32_t divide(Number& number, std::uint32_t by) {
    std::uint32_t rest = 0;
    for (std::uint8_t& byte : number) {
        rest = rest << 8 | byte;
        byte = static_cast<std::uint8_t>(rest / by);
        rest %= by;
    }
    return rest;
}

// False when it does not fit.
bool multiply(Number& number, std::uint32_t by, std::uint32_t plus) {
    std::uint32_t carry = plus;
    for (std::size_t i = number.size(); i-- > 0;) {
        carry += number[i] * by;
        number[i] = static_cast<std::uint8_t>(carry & 0xff);
        carry >>= 8;
    }
    return carry == 0;
}

std::string as_uuid(const Number& number) {
    std::string out = to_hex(std::string(number.begin(), number.end()));
    for (const std::size_t at : {20, 16, 12, 8}) out.insert(at, 1, '-');
    return out;
}

}  // namespace

std::string session_id(std::string_view origin_jti) {
    std::string hex(origin_jti);
    std::erase(hex, '-');
    const std::string bytes = from_hex(hex).value_or("");
    Number number{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), number.size()), number.begin());
    std::string out(kPrefix.size() + kLength, '0');
    out.replace(0, kPrefix.size(), kPrefix);
    for (std::size_t at = out.size(); at-- > kPrefix.size();) out[at] = kDigits[divide(number, 36)];
    return out;
}

std::string origin_jti_of(std::string_view session_id) {
    if (session_id.size() != kPrefix.size() + kLength || !session_id.starts_with(kPrefix)) {
        return {};
    }
    Number number{};
    for (const char c : session_id.substr(kPrefix.size())) {
        const std::size_t digit = kDigits.find(c);
        if (digit == kDigits.npos || !multiply(number, 36, static_cast<std::uint32_t>(digit))) {
            return {};
        }
    }
    return as_uuid(number);
}

}  // namespace domicile::identity
