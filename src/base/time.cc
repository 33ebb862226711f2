#include "base/time.h"

#include <fmt/format.h>

#include <array>

namespace domicile {
namespace {

using std::chrono::year_month_day;

constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Civil {
    int year;
    unsigned month, day, weekday;
    int hour, minute, second, millisecond;
};

Civil civil_from(Timestamp time) {
    const std::chrono::sys_time<Millis> at{Millis(time.ms)};
    const auto days = std::chrono::floor<std::chrono::days>(at);
    const year_month_day date{days};
    const std::chrono::hh_mm_ss clock{at - days};
    return {static_cast<int>(date.year()),
            static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()),
            std::chrono::weekday(days).c_encoding(),
            static_cast<int>(clock.hours().count()),
            static_cast<int>(clock.minutes().count()),
            static_cast<int>(clock.seconds().count()),
            static_cast<int>(clock.subseconds().count())};
}

std::optional<Timestamp> timestamp_from(int year, unsigned month, unsigned day, int hour,
                                        int minute, int second) {
    const year_month_day date{std::chrono::year(year), std::chrono::month(month),
                              std::chrono::day(day)};
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    const std::chrono::sys_days days{date};
    const auto seconds = days.time_since_epoch() + std::chrono::hours(hour) +
                         std::chrono::minutes(minute) + Seconds(second);
    return Timestamp{std::chrono::duration_cast<Millis>(seconds).count()};
}

// The number in text[at, at + width), or -1 if any of it is not a digit.
int digits(std::string_view text, std::size_t at, std::size_t width) {
    int value = 0;
    for (std::size_t i = at; i < at + width; ++i) {
        if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

}  // namespace

std::string to_rfc3339(Timestamp time) {
    const Civil c = civil_from(time);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", c.year, c.month, c.day, c.hour,
                       c.minute, c.second, c.millisecond);
}

std::string to_http_date(Timestamp time) {
    const Civil c = civil_from(time);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[c.weekday], c.day,
                       kMonths[c.month - 1], c.year, c.hour, c.minute, c.second);
}

std::optional<Timestamp> parse_http_date(std::string_view text) {
    if (text.size() != 29 || text.substr(25) != " GMT" || text[3] != ',') return std::nullopt;
    unsigned month = 0;
    for (unsigned i = 0; i < kMonths.size(); ++i) {
        if (text.substr(8, 3) == kMonths[i]) month = i + 1;
    }
    const int day = digits(text, 5, 2), year = digits(text, 12, 4), hour = digits(text, 17, 2),
              minute = digits(text, 20, 2), second = digits(text, 23, 2);
    if (month == 0 || day < 0 || year < 0 || hour < 0 || minute < 0 || second < 0) {
        return std::nullopt;
    }
    const auto time = timestamp_from(year, month, static_cast<unsigned>(day), hour, minute, second);
    // The day of the week and everything between the numbers must be right too.
    if (!time || to_http_date(*time) != text) return std::nullopt;
    return time;
}

std::string to_amz_date(Timestamp time) {
    const Civil c = civil_from(time);
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", c.year, c.month, c.day, c.hour, c.minute,
                       c.second);
}

std::optional<Timestamp> parse_amz_date(std::string_view text) {
    if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
    const int year = digits(text, 0, 4), month = digits(text, 4, 2), day = digits(text, 6, 2),
              hour = digits(text, 9, 2), minute = digits(text, 11, 2), second = digits(text, 13, 2);
    if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) {
        return std::nullopt;
    }
    return timestamp_from(year, static_cast<unsigned>(month), static_cast<unsigned>(day), hour,
                          minute, second);
}

}  // namespace domicile
