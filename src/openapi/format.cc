// The formats of JSON Schema that are kept (JSON Schema Validation 2020-12, 7.3; the format
// registry of OpenAPI). Each by hand and in one pass.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.h"
#include "openapi/schema.h"

namespace domicile::openapi {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Two or four digits at the front, cut off; -1: there are none.
int cut_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits || !std::ranges::all_of(text.substr(0, digits), is_digit)) return -1;
    int out = 0;
    for (const char c : text.substr(0, digits)) out = out * 10 + (c - '0');
    text.remove_prefix(digits);
    return out;
}

bool cut(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

bool cut_date(std::string_view& text) {
    const int year = cut_number(text, 4);
    if (year < 0 || !cut(text, '-')) return false;
    const int month = cut_number(text, 2);
    if (month < 1 || month > 12 || !cut(text, '-')) return false;
    const int day = cut_number(text, 2);
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    const std::array<int, 12> days = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return day >= 1 && day <= days[static_cast<std::size_t>(month - 1)];
}

// RFC 3339, full-time.
bool is_time(std::string_view text) {
    const int hour = cut_number(text, 2);
    if (hour < 0 || hour > 23 || !cut(text, ':')) return false;
    const int minute = cut_number(text, 2);
    if (minute < 0 || minute > 59 || !cut(text, ':')) return false;
    const int second = cut_number(text, 2);
    if (second < 0 || second > 60) return false;
    if (cut(text, '.')) {
        const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
        if (end == 0) return false;
        text.remove_prefix(end);
    }
    if (text == "Z" || text == "z") return true;
    if (!cut(text, '+') && !cut(text, '-')) return false;
    const int hours = cut_number(text, 2);
    if (hours < 0 || hours > 23 || !cut(text, ':')) return false;
    const int minutes = cut_number(text, 2);
    return minutes >= 0 && minutes <= 59 && text.empty();
}

bool is_date_time(std::string_view text) {
    return cut_date(text) && (cut(text, 'T') || cut(text, 't')) && is_time(text);
}

bool is_hostname(std::string_view text) {
    if (text.empty() || text.size() > 253) return false;
    while (true) {
        const std::size_t end = std::min(text.find('.'), text.size());
        const std::string_view label = text.substr(0, end);
        if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
            return false;
        if (!std::ranges::all_of(label,
                                 [](char c) { return is_digit(c) || is_letter(c) || c == '-'; }))
            return false;
        if (end == text.size()) return true;
        text.remove_prefix(end + 1);
    }
}

// The dot-atoms of RFC 5321; no quoted local parts, no address literals.
bool is_email(std::string_view text) {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos || at == 0 || at > 64) return false;
    const std::string_view local = text.substr(0, at);
    const auto fits = [](char c) {
        return is_digit(c) || is_letter(c) ||
               std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
    };
    return std::ranges::all_of(local, fits) && local.front() != '.' && local.back() != '.' &&
           local.find("..") == std::string_view::npos && is_hostname(text.substr(at + 1));
}

bool is_address(std::string_view text, int family) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    const std::string copy(text);
    return copy.size() == text.size() && text.find('\0') == std::string_view::npos &&
           ::inet_pton(family, copy.c_str(), bytes.data()) == 1;
}

// A scheme, a colon, and what RFC 3986 lets stand in a URI.
bool is_uri(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == std::string_view::npos || !is_letter(text.front())) return false;
    for (const char c : text.substr(0, colon))
        if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return false;
    for (std::size_t i = colon + 1; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '%') {
            if (!percent_decode(text.substr(i, 3)) || text.size() - i < 3) return false;
            i += 2;
            continue;
        }
        const bool fits =
            is_letter(c) || is_digit(c) ||
            std::string_view("-._~:/?#[]@!$&'()*+,;=").find(c) != std::string_view::npos;
        if (!fits) return false;
    }
    return true;
}

struct Named {
    std::string_view name;
    Format format;
};
constexpr Named kFormats[] = {
    {"date", Format::date},
    {"date-time", Format::date_time},
    {"time", Format::time},
    {"email", Format::email},
    {"uuid", Format::uuid},
    {"ipv4", Format::ipv4},
    {"ipv6", Format::ipv6},
    {"hostname", Format::hostname},
    {"uri", Format::uri},
    {"byte", Format::byte},
    {"int32", Format::int32},
    {"int64", Format::int64},
    // These want nothing that could be looked at.
    {"float", Format::any},
    {"double", Format::any},
    {"password", Format::any},
    {"binary", Format::any},
};

}  // namespace

std::optional<Format> format_of(std::string_view name) {
    for (const Named& each : kFormats)
        if (each.name == name) return each.format;
    return std::nullopt;
}

bool has_format(std::string_view text, Format format) {
    switch (format) {
        case Format::date:
            return cut_date(text) && text.empty();
        case Format::date_time:
            return is_date_time(text);
        case Format::time:
            return is_time(text);
        case Format::email:
            return is_email(text);
        case Format::uuid:
            return is_uuid(to_lower(text));
        case Format::ipv4:
            return is_address(text, AF_INET);
        case Format::ipv6:
            return is_address(text, AF_INET6);
        case Format::hostname:
            return is_hostname(text);
        case Format::uri:
            return is_uri(text);
        case Format::byte:
            return from_base64(text).has_value();
        case Format::any:
        case Format::int32:
        case Format::int64:
            break;
    }
    return true;
}

}  // namespace domicile::openapi
