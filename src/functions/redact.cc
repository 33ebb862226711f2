#include "functions/redact.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"

namespace domicile::functions {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
    // Of other alphabets too: each byte of UTF-8 beyond ASCII.
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 128;
}
bool is_word(char c) { return is_digit(c) || is_letter(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool in_local_part(char c) { return is_word(c) || std::string_view("._+-%!#$'*^`|~").contains(c); }
bool in_domain(char c) { return is_word(c) || c == '-' || c == '.'; }
bool in_token(char c) { return is_word(c) || c == '-' || c == '_' || c == '.'; }
bool in_phone(char c) { return is_digit(c) || std::string_view(" -.()/").contains(c); }

constexpr std::size_t kUuidBytes = 36;
constexpr std::size_t kDigitsMin = 7, kDigitsMax = 15;  // of a number as E.164 writes it
constexpr std::size_t kNationalDigitsMin = 9;

bool word_before(std::string_view text, std::size_t at) { return at > 0 && is_word(text[at - 1]); }

// The length of a UUID at this place, 0 if there is none. With or without its dashes.
std::size_t uuid_at(std::string_view text, std::size_t at) {
    if (word_before(text, at)) return 0;
    std::size_t digits = 0, end = at;
    while (end < text.size() && digits < 32) {
        const std::size_t here = end - at;
        const bool dash = here == 8 || here == 13 || here == 18 || here == 23;
        if (text[end] == '-' && dash) {
            ++end;
            continue;
        }
        if (!is_hex(text[end])) return 0;
        ++digits;
        ++end;
    }
    const std::size_t length = end - at;
    if (digits != 32 || (length != kUuidBytes && length != 32)) return 0;
    return end < text.size() && is_word(text[end]) ? 0 : length;
}

// A JSON Web Token, or what begins as one: {" in base64.
std::size_t token_at(std::string_view text, std::size_t at) {
    if (word_before(text, at) || !text.substr(at).starts_with("eyJ")) return 0;
    std::size_t end = at;
    while (end < text.size() && in_token(text[end])) ++end;
    return end - at >= 16 ? end - at : 0;
}

struct Run {
    std::size_t length = 0;  // to the last digit
    std::size_t digits = 0;
    std::string groups;  // digits of each group, as characters
};

Run digits_at(std::string_view text, std::size_t at) {
    Run out;
    char group = 0;
    std::size_t apart = 0;
    for (std::size_t i = at; i < text.size() && in_phone(text[i]) && apart < 3; ++i) {
        if (!is_digit(text[i])) {
            if (group != 0) out.groups += std::exchange(group, '\0');
            ++apart;
            continue;
        }
        apart = 0;
        ++group;
        ++out.digits;
        out.length = i + 1 - at;
    }
    if (group != 0) out.groups += group;
    return out;
}

// +49 30 901820, 0049..., (030) 90 18 20, 0151-23456789, 415-555-0132. Not times, dates, counts.
std::size_t phone_at(std::string_view text, std::size_t at) {
    if (word_before(text, at) || (at > 0 && std::string_view(".:-").contains(text[at - 1])))
        return 0;
    const bool international = text[at] == '+';
    const bool bracket = text[at] == '(';
    if (!international && !bracket && !is_digit(text[at])) return 0;
    const std::size_t skip = international ? 1 : 0;
    const Run run = digits_at(text, at + skip);
    const std::size_t end = at + skip + run.length;
    if (run.digits > kDigitsMax || (end < text.size() && is_letter(text[end]))) return 0;
    if (international) return run.digits >= kDigitsMin ? run.length + skip : 0;
    const bool american = run.groups == "\3\3\4";
    const std::string_view first = text.substr(at + (bracket ? 1 : 0), 2);
    const bool trunk = first.size() == 2 && first[0] == '0' && is_digit(first[1]);
    const bool national = trunk && run.digits >= kNationalDigitsMin;
    return american || national ? run.length : 0;
}

// Where the local part of an address that has its @ (or %40) here begins; npos if it is none.
std::size_t address_begin(std::string_view text, std::size_t at, std::size_t least) {
    std::size_t begin = at;
    while (begin > least && in_local_part(text[begin - 1])) --begin;
    return begin == at ? std::string_view::npos : begin;
}

// Addresses first, since their parts may look like anything else.
std::string without_addresses(std::string_view text) {
    std::string out;
    std::size_t done = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool encoded = text.substr(at).starts_with("%40");
        if (text[at] != '@' && !encoded) continue;
        std::size_t end = at + (encoded ? 3 : 1);
        const std::size_t domain = end;
        while (end < text.size() && in_domain(text[end])) ++end;
        const std::size_t begin = address_begin(text, at, done);
        if (begin == std::string_view::npos || end == domain) continue;
        out += text.substr(done, begin - done);
        out += "[e-mail]";
        done = end;
        at = end - 1;
    }
    out += text.substr(done);
    return out;
}

}  // namespace

std::string redact(std::string_view text, std::string_view keep) {
    const std::string left = without_addresses(text);
    const std::string_view from = left;
    std::string out;
    for (std::size_t at = 0; at < from.size();) {
        if (!keep.empty() && from.substr(at).starts_with(keep)) {
            out += keep;
            at += keep.size();
        } else if (const std::size_t uuid = uuid_at(from, at)) {
            out += "[id]";
            at += uuid;
        } else if (const std::size_t token = token_at(from, at)) {
            out += "[token]";
            at += token;
        } else if (const std::size_t phone = phone_at(from, at)) {
            out += "[phone]";
            at += phone;
        } else {
            out += from[at++];
        }
    }
    return out;
}

}  // namespace domicile::functions
