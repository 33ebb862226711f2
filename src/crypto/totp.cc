#include "crypto/totp.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/openssl.h"

namespace domicile::crypto {
namespace {

constexpr std::int64_t kStepSeconds = 30;
constexpr std::int64_t kSkewSteps = 1;
constexpr std::uint32_t kCodes = 1'000'000;

std::string hmac_sha1(std::string_view key, std::string_view message) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    const auto* done = HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), bytes_of(message),
                            message.size(), out.data(), &size);
    DOMICILE_CHECK(done != nullptr && size == 20);
    return {out.begin(), out.begin() + size};
}

}  // namespace

std::string totp_secret_text(std::string_view secret) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    std::string out;
    unsigned bits = 0, held = 0;
    for (const char c : secret) {
        bits = (bits << 8) | static_cast<unsigned char>(c);
        for (held += 8; held >= 5; held -= 5) out += kDigits[(bits >> (held - 5)) & 31];
    }
    if (held > 0) out += kDigits[(bits << (5 - held)) & 31];
    return out;
}

std::int64_t totp_step(Timestamp time) { return time.seconds() / kStepSeconds; }

std::string totp_code(std::string_view secret, std::int64_t step) {
    std::string counter(8, '\0');
    for (int at = 7; at >= 0; --at, step >>= 8) counter[at] = static_cast<char>(step & 0xff);
    const std::string mac = hmac_sha1(secret, counter);
    // RFC 4226, 5.3: four bytes from where the last one points to, without the sign.
    const std::size_t from = static_cast<unsigned char>(mac[19]) & 15;
    std::uint32_t number = 0;
    for (std::size_t at = from; at < from + 4; ++at) {
        number = (number << 8) | static_cast<unsigned char>(mac[at]);
    }
    return fmt::format("{:06}", (number & 0x7fffffff) % kCodes);
}

std::optional<std::int64_t> totp_match(std::string_view secret, std::string_view code,
                                       Timestamp now) {
    std::optional<std::int64_t> out;
    const std::int64_t middle = totp_step(now);
    for (std::int64_t step = middle - kSkewSteps; step <= middle + kSkewSteps; ++step) {
        if (constant_time_equal(totp_code(secret, step), code)) out = step;
    }
    return out;
}

}  // namespace domicile::crypto
