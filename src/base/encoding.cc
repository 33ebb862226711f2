#include "base/encoding.h"

#include <zlib.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace domicile {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kBase64Url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// What each byte stands for; 255 where it is not of the alphabet.
constexpr std::array<std::uint8_t, 256> make_base64_values(const char* alphabet) {
    std::array<std::uint8_t, 256> values{};
    values.fill(255);
    for (std::uint8_t i = 0; i < 64; ++i) values[static_cast<unsigned char>(alphabet[i])] = i;
    return values;
}
constexpr auto kBase64Values = make_base64_values(kBase64);
constexpr auto kBase64UrlValues = make_base64_values(kBase64Url);

std::string encode64(std::string_view bytes, const char* alphabet, bool pad) {
    const std::size_t whole = bytes.size() / 3, left = bytes.size() % 3;
    const std::size_t rest = left == 0 ? 0 : pad ? 4 : left + 1;
    std::string out(whole * 4 + rest, '=');
    char* to = out.data();
    const auto* from = reinterpret_cast<const std::uint8_t*>(bytes.data());
    for (std::size_t i = 0; i < whole; ++i, from += 3) {
        const std::uint32_t group = from[0] << 16 | from[1] << 8 | from[2];
        *to++ = alphabet[group >> 18];
        *to++ = alphabet[group >> 12 & 63];
        *to++ = alphabet[group >> 6 & 63];
        *to++ = alphabet[group & 63];
    }
    if (left > 0) {
        const std::uint32_t group = from[0] << 16 | (left == 2 ? from[1] << 8 : 0);
        *to++ = alphabet[group >> 18];
        *to++ = alphabet[group >> 12 & 63];
        if (left == 2) *to = alphabet[group >> 6 & 63];
    }
    return out;
}

// `text` without padding. Rejects a length of 4n+1 and non-zero left-over bits, so that every byte
// string has exactly one encoding.
std::optional<std::string> decode64(std::string_view text,
                                    const std::array<std::uint8_t, 256>& values) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out(text.size() * 3 / 4, '\0');
    char* to = out.data();
    unsigned all = 0;  // above 63 when one of them was not of the alphabet
    const auto value = [&](std::size_t i) {
        const std::uint32_t found = values[static_cast<unsigned char>(text[i])];
        all |= found;
        return found;
    };
    std::size_t i = 0;
    for (; i + 4 <= text.size(); i += 4) {
        const std::uint32_t group =
            value(i) << 18 | value(i + 1) << 12 | value(i + 2) << 6 | value(i + 3);
        *to++ = static_cast<char>(group >> 16 & 0xff);
        *to++ = static_cast<char>(group >> 8 & 0xff);
        *to++ = static_cast<char>(group & 0xff);
    }
    if (i < text.size()) {  // two characters for one byte, or three for two
        const bool two = text.size() - i == 3;
        const std::uint32_t group = value(i) << 12 | value(i + 1) << 6 | (two ? value(i + 2) : 0U);
        *to++ = static_cast<char>(group >> 10 & 0xff);
        if (two) *to++ = static_cast<char>(group >> 2 & 0xff);
        if ((group & (two ? 3U : 0x3ffU)) != 0) return std::nullopt;
    }
    if (all > 63) return std::nullopt;
    return out;
}

bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string to_hex(std::string_view bytes) {
    std::string out(bytes.size() * 2, '0');
    char* to = out.data();
    for (unsigned char c : bytes) {
        *to++ = kHex[c >> 4];
        *to++ = kHex[c & 15];
    }
    return out;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]), low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high << 4 | low);
    }
    return out;
}

std::string to_base64(std::string_view bytes) { return encode64(bytes, kBase64, true); }
std::string to_base64url(std::string_view bytes) { return encode64(bytes, kBase64Url, false); }

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
    return decode64(text, kBase64Values);
}

std::optional<std::string> from_base64url(std::string_view text) {
    return decode64(text, kBase64UrlValues);
}

std::string percent_encode(std::string_view text, bool keep_slash) {
    std::string out;
    out.reserve(text.size());
    for (char c : text) {
        if (is_unreserved(c) || (keep_slash && c == '/')) {
            out += c;
        } else {
            out += '%';
            out += "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4];
            out += "0123456789ABCDEF"[static_cast<unsigned char>(c) & 15];
        }
    }
    return out;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high << 4 | low);
            i += 2;
        } else {
            out += plus_is_space && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        // Most of what people send is ASCII.
        std::uint64_t word = 0;
        while (i + 8 <= text.size()) {
            std::memcpy(&word, text.data() + i, 8);
            if ((word & 0x8080808080808080) != 0) break;
            i += 8;
        }
        if (i == text.size()) break;
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) {
            ++i;
            continue;
        }
        const int more = lead >= 0xf0 && lead <= 0xf4  ? 3
                         : lead >= 0xe0 && lead < 0xf0 ? 2
                         : lead >= 0xc2 && lead < 0xe0 ? 1
                                                       : 0;
        if (more == 0 || i + static_cast<std::size_t>(more) >= text.size()) return false;
        std::uint32_t point = lead & (0x3f >> more);
        for (int k = 1; k <= more; ++k) {
            const auto next = static_cast<unsigned char>(text[i + static_cast<std::size_t>(k)]);
            if ((next & 0xc0) != 0x80) return false;
            point = point << 6 | (next & 0x3f);
        }
        if ((more == 2 && point < 0x800) || (more == 3 && point < 0x10000) || point > 0x10ffff ||
            (point >= 0xd800 && point <= 0xdfff)) {
            return false;
        }
        i += static_cast<std::size_t>(more) + 1;
    }
    return true;
}

std::string to_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return out;
}

namespace {

// Of eight bytes each: whether those that differ are the same letter.
bool same_letters(std::uint64_t a, std::uint64_t b) {
    constexpr std::uint64_t kOnes = 0x0101010101010101, kTops = kOnes << 7, kCase = kOnes << 5;
    const std::uint64_t differ = a ^ b;
    if ((differ & ~kCase) != 0) return false;
    const std::uint64_t lower = a | kCase;
    const std::uint64_t low = lower & ~kTops;
    const std::uint64_t from_a = low + kOnes * (0x80 - 'a');
    const std::uint64_t after_z = low + kOnes * (0x7f - 'z');
    const std::uint64_t letters = from_a & ~after_z & ~lower & kTops;
    return (differ & ~(letters >> 2)) == 0;
}

template <class Word>
std::uint64_t load(const char* at) {
    Word word = 0;
    std::memcpy(&word, at, sizeof word);
    return word;
}

}  // namespace

bool equals_ignore_case(std::string_view a, std::string_view b) {
    const std::size_t size = a.size();
    if (size != b.size()) return false;
    if (size == 0) return true;
    const char* x = a.data();
    const char* y = b.data();
    // Most texts that differ do so at once.
    if (((x[0] ^ y[0]) & ~0x20) != 0) return false;
    if (size < 4) {
        std::uint64_t first = 0, second = 0;
        for (std::size_t i = 0; i < size; ++i) {
            first = first << 8 | static_cast<unsigned char>(x[i]);
            second = second << 8 | static_cast<unsigned char>(y[i]);
        }
        return same_letters(first, second);
    }
    // The last bytes are looked at twice where the words do not come out even.
    if (size < 8) {
        return same_letters(load<std::uint32_t>(x), load<std::uint32_t>(y)) &&
               same_letters(load<std::uint32_t>(x + size - 4), load<std::uint32_t>(y + size - 4));
    }
    for (std::size_t i = 0; i + 8 < size; i += 8)
        if (!same_letters(load<std::uint64_t>(x + i), load<std::uint64_t>(y + i))) return false;
    return same_letters(load<std::uint64_t>(x + size - 8), load<std::uint64_t>(y + size - 8));
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

namespace {
// The two digits of each byte.
constexpr auto kHexPairs = [] {
    std::array<std::array<char, 2>, 256> pairs{};
    for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {kHex[i >> 4], kHex[i & 15]};
    return pairs;
}();
// Where the two digits of each byte stand.
constexpr std::array<std::uint8_t, 16> kUuidPlaces = {0,  2,  4,  6,  9,  11, 14, 16,
                                                      19, 21, 24, 26, 28, 30, 32, 34};
}  // namespace

std::string uuid_from(const std::array<std::uint8_t, 16>& random) {
    std::array<std::uint8_t, 16> bytes = random;
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
    std::array<char, 36> text;
    text.fill('-');
    for (std::size_t i = 0; i < bytes.size(); ++i)
        std::memcpy(&text[kUuidPlaces[i]], kHexPairs[bytes[i]].data(), 2);
    return std::string(text.data(), text.size());
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char c = text[i];
        if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
    }
    return true;
}

std::uint32_t crc32(std::string_view bytes) {
    return static_cast<std::uint32_t>(::crc32(0,
                                              reinterpret_cast<const unsigned char*>(bytes.data()),
                                              static_cast<unsigned>(bytes.size())));
}

}  // namespace domicile
