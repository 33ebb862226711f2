#include "base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace domicile {
namespace {

constexpr int kV4Offset = 96;  // bits before an IPv4 address
constexpr std::array<std::uint8_t, 12> kV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

bool IpAddress::is_v4() const {
    return std::equal(kV4Prefix.begin(), kV4Prefix.end(), bytes.begin());
}

IpAddress IpAddress::first(int bits) const {
    IpAddress out = *this;
    for (std::size_t i = 0; i < out.bytes.size(); ++i) {
        const int kept = std::clamp(bits - static_cast<int>(i) * 8, 0, 8);
        out.bytes[i] &= static_cast<std::uint8_t>(0xff00U >> kept);
    }
    return out;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
    if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
    const std::string copy(text);
    IpAddress out;
    if (inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1) return out;
    if (inet_pton(AF_INET, copy.c_str(), out.bytes.data() + kV4Prefix.size()) != 1) {
        return std::nullopt;
    }
    std::ranges::copy(kV4Prefix, out.bytes.begin());
    return out;
}

std::optional<IpNetwork> parse_ip_network(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == text.npos) return std::nullopt;
    const auto address = parse_ip(text.substr(0, slash));
    const std::string_view digits = text.substr(slash + 1);
    int bits = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (!address || digits.empty() || read.ec != std::errc() ||
        read.ptr != digits.data() + digits.size()) {
        return std::nullopt;
    }
    if (!text.substr(0, slash).contains(':')) bits = bits > 32 ? -1 : bits + kV4Offset;
    if (bits < 0 || bits > 128 || address->first(bits) != *address) return std::nullopt;
    return IpNetwork{*address, bits};
}

}  // namespace domicile
