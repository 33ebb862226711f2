// Text forms of bytes. Bytes are std::string throughout the project; views are std::string_view.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace domicile {

std::string to_hex(std::string_view bytes);                  // lower case
std::optional<std::string> from_hex(std::string_view text);  // both cases; even length only

std::string to_base64(std::string_view bytes);                     // RFC 4648 4, padded
std::optional<std::string> from_base64(std::string_view text);     // strict: padded, canonical
std::string to_base64url(std::string_view bytes);                  // RFC 4648 5, unpadded
std::optional<std::string> from_base64url(std::string_view text);  // strict: unpadded, canonical

// RFC 3986 percent-encoding of everything but unreserved characters (and '/' if keep_slash).
std::string percent_encode(std::string_view text, bool keep_slash = false);
// nullopt on a broken escape. `+` stays `+` unless plus_is_space (form encoding).
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

// Well-formed UTF-8 as RFC 3629 has it: no overlong forms, surrogates or values above U+10FFFF.
bool is_utf8(std::string_view text);

// ASCII only; other bytes are left alone.
std::string to_lower(std::string_view text);
bool equals_ignore_case(std::string_view a, std::string_view b);
std::string_view trim(std::string_view text);  // spaces and tabs

// Version 4, variant 10 (RFC 9562) from 16 random bytes.
std::string uuid_from(const std::array<std::uint8_t, 16>& random);
bool is_uuid(std::string_view text);  // 8-4-4-4-12 lower-case hex

// CRC-32 as in zlib; DynamoDB sends it as x-amz-crc32.
std::uint32_t crc32(std::string_view bytes);

}  // namespace domicile
