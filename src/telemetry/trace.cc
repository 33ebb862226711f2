#include "telemetry/trace.h"

#include <algorithm>

#include "telemetry/hex.h"

namespace domicile::telemetry {
namespace {

constexpr std::size_t kVersionAt = 0, kTraceAt = 3, kParentAt = 36, kFlagsAt = 53, kBytes = 55;
constexpr std::size_t kStateBytesMax = 512, kStateMembersMax = 32;
constexpr std::size_t kStateKeyBytesMax = 256, kStateValueBytesMax = 256;

// Lower case only, as the specification has it.
std::optional<std::uint8_t> nibble(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
    return std::nullopt;
}

template <std::size_t N>
bool read_hex(std::string_view text, std::array<std::uint8_t, N>& out) {
    for (std::size_t i = 0; i < N; ++i) {
        const auto high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
        if (!high || !low) return false;
        out[i] = static_cast<std::uint8_t>(*high << 4 | *low);
    }
    return true;
}

template <std::size_t N>
bool is_zero(const std::array<std::uint8_t, N>& id) {
    return std::all_of(id.begin(), id.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool is_key(std::string_view key) {
    if (key.empty() || key.size() > kStateKeyBytesMax) return false;
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
               c == '*' || c == '/' || c == '@';
    };
    return std::all_of(key.begin(), key.end(), fits);
}

bool is_value(std::string_view value) {
    if (value.empty() || value.size() > kStateValueBytesMax || value.back() == ' ') return false;
    const auto fits = [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; };
    return std::all_of(value.begin(), value.end(), fits);
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view text) {
    if (text.size() < kBytes || text[2] != '-' || text[35] != '-' || text[52] != '-')
        return std::nullopt;
    std::array<std::uint8_t, 1> version{}, flags{};
    TraceParent out;
    if (!read_hex(text.substr(kVersionAt), version) ||
        !read_hex(text.substr(kTraceAt), out.trace_id) ||
        !read_hex(text.substr(kParentAt), out.parent_id) || !read_hex(text.substr(kFlagsAt), flags))
        return std::nullopt;
    // Version 00 has nothing behind the flags; a later one may, after a dash.
    if (version[0] == 0xff || (version[0] == 0 && text.size() != kBytes)) return std::nullopt;
    if (text.size() > kBytes && text[kBytes] != '-') return std::nullopt;
    if (is_zero(out.trace_id) || is_zero(out.parent_id)) return std::nullopt;
    out.flags = flags[0];
    return out;
}

std::optional<TraceParent> parse_amazon_trace(std::string_view text) {
    TraceParent out;
    bool root = false, parent = false;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(';'), text.size());
        const std::string_view field = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (field.starts_with("Root=1-") && field.size() == 40 && field[15] == '-') {
            const std::string digits =
                std::string(field.substr(7, 8)) + std::string(field.substr(16));
            root = read_hex(digits, out.trace_id) && !is_zero(out.trace_id);
        } else if (field.starts_with("Parent=") && field.size() == 23) {
            parent = read_hex(field.substr(7), out.parent_id) && !is_zero(out.parent_id);
        } else if (field == "Sampled=1") {
            out.flags = TraceParent::kSampled;
        }
    }
    if (!root || !parent) return std::nullopt;
    return out;
}

TraceParentText traceparent_text(const RequestContext& context) {
    TraceParentText out;
    out.fill('-');
    char* at = out.data();
    at[0] = at[1] = '0';
    write_hex(context.trace_id, at + kTraceAt);
    write_hex(context.span_id, at + kParentAt);
    write_hex(std::array<std::uint8_t, 1>{context.trace_flags}, at + kFlagsAt);
    return out;
}

std::string traceparent_of(const RequestContext& context) {
    const TraceParentText text = traceparent_text(context);
    return {text.data(), text.size()};
}

std::string amazon_trace_of(const RequestContext& context) {
    std::array<char, 32> trace;
    write_hex(context.trace_id, trace.data());
    std::array<char, 16> span;
    write_hex(context.span_id, span.data());
    const std::string_view digits(trace.data(), trace.size());
    std::string out = "Root=1-";
    out.append(digits.substr(0, 8)).append("-").append(digits.substr(8));
    out.append(";Parent=").append(span.data(), span.size());
    out.append(";Sampled=").append((context.trace_flags & TraceParent::kSampled) != 0 ? "1" : "0");
    return out;
}

bool is_tracestate(std::string_view text) {
    if (text.empty() || text.size() > kStateBytesMax) return false;
    std::size_t members = 0;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string_view member = trimmed(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
        if (member.empty()) continue;  // empty list members are allowed
        const std::size_t equals = member.find('=');
        if (equals == member.npos || ++members > kStateMembersMax) return false;
        if (!is_key(member.substr(0, equals)) || !is_value(member.substr(equals + 1))) return false;
    }
    return members > 0;
}

}  // namespace domicile::telemetry
