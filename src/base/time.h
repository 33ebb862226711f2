// Two kinds of time that must not be mixed. Values only: clocks are in io.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace domicile {

using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

// Wall-clock time, milliseconds since 1970-01-01T00:00:00Z. May jump; compare across processes.
struct Timestamp {
    std::int64_t ms = 0;

    std::int64_t seconds() const { return ms / 1000; }
    auto operator<=>(const Timestamp&) const = default;
    Timestamp operator+(Millis d) const { return {ms + d.count()}; }
    Timestamp operator-(Millis d) const { return {ms - d.count()}; }
    Millis operator-(Timestamp other) const { return Millis(ms - other.ms); }
};

// Monotonic time, milliseconds since an arbitrary start. For deadlines within one process.
struct Instant {
    std::int64_t ms = 0;

    auto operator<=>(const Instant&) const = default;
    Instant operator+(Millis d) const { return {ms + d.count()}; }
    Instant operator-(Millis d) const { return {ms - d.count()}; }
    Millis operator-(Instant other) const { return Millis(ms - other.ms); }
};

// "2026-11-22T20:16:53.123Z" (RFC 3339).
std::string to_rfc3339(Timestamp time);
// "Sun, 22 Nov 2026 20:16:53 GMT" (RFC 9110, 5.6.7).
std::string to_http_date(Timestamp time);
// Accepts the preferred form of RFC 9110 only; nullopt otherwise.
std::optional<Timestamp> parse_http_date(std::string_view text);
// "20261122T201653Z", as SigV4 writes it.
std::string to_amz_date(Timestamp time);
std::optional<Timestamp> parse_amz_date(std::string_view text);

}  // namespace domicile
