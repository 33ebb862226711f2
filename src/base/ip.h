// IP addresses as bytes, to be counted and compared. Where they come from is io's business.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace domicile {

// What one subscriber has: an address of IPv4, the /64 of an address of IPv6 (RFC 6177).
inline constexpr int kSubscriberBitsV6 = 64;

// ::ffff:192.0.2.7 is the IPv4 address 192.0.2.7, and the other way round: one form for both.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};  // in network order; IPv4 as ::ffff:0:0/96

    bool is_v4() const;
    // With all but the first `bits` of the 128 cleared.
    IpAddress first(int bits) const;
    bool operator==(const IpAddress&) const = default;
};
// No port, no zone.
std::optional<IpAddress> parse_ip(std::string_view text);

struct IpNetwork {
    IpAddress address;
    int bits = 128;  // of the 128

    bool contains(const IpAddress& other) const { return other.first(bits) == address; }
};
// "192.0.2.0/24", "2001:db8::/32"; nullopt also when bits beyond the prefix are set.
std::optional<IpNetwork> parse_ip_network(std::string_view text);

}  // namespace domicile
