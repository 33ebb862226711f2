// Hex digits into a buffer that is there already, for what happens at each request. Internal.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace domicile::telemetry {

// Both digits of each byte, so that one is written with one look and one store.
inline constexpr auto kHexPairs = [] {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> pairs{};
    for (std::size_t byte = 0; byte < pairs.size(); ++byte)
        pairs[byte] = {kDigits[byte >> 4], kDigits[byte & 15]};
    return pairs;
}();

template <std::size_t N>
void write_hex(const std::array<std::uint8_t, N>& bytes, char* into) {
    for (std::size_t i = 0; i < N; ++i) std::memcpy(into + 2 * i, kHexPairs[bytes[i]].data(), 2);
}

}  // namespace domicile::telemetry
