// Hex digits into a buffer that is there already, for what happens at each request. Internal.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace domicile::telemetry {

template <std::size_t N>
void write_hex(const std::array<std::uint8_t, N>& bytes, char* into) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const std::uint8_t byte : bytes) {
        *into++ = kDigits[byte >> 4];
        *into++ = kDigits[byte & 15];
    }
}

}  // namespace domicile::telemetry
