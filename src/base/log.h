// One JSON object a line, with the ids of the current request (context.h) where there is one. The
// sink adds nothing: the time comes from the caller's clock through the stamp function that the
// composition root installs, since base reads no clock. Fields hold ids, codes, counts and route
// templates; never identifiers, attributes, addresses, paths or tokens (I2).
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace domicile::log {

enum class Level : std::uint8_t { debug, info, warning, error };

struct Field {
    std::string_view name;
    std::variant<std::string_view, std::int64_t, bool> value;

    Field(std::string_view n, std::string_view v) : name(n), value(v) {}
    Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
    Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
    Field(std::string_view n, std::int64_t v) : name(n), value(v) {}
    Field(std::string_view n, int v) : name(n), value(std::int64_t{v}) {}
    Field(std::string_view n, std::size_t v) : name(n), value(static_cast<std::int64_t>(v)) {}
    Field(std::string_view n, bool v) : name(n), value(v) {}
};

// Receives whole lines, newline included; called from any thread.
using Sink = std::function<void(std::string_view line)>;
// The wall-clock time as RFC 3339.
using Stamp = std::function<std::string()>;

// Process-wide, set once by the composition root before any thread starts. Without a sink, lines
// are dropped, which is what unit tests want.
void configure(Level least, Sink sink, Stamp stamp, std::string region, std::string node = {});

bool enabled(Level level);
// `event` is a stable snake_case name such as "listener_started".
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void debug(std::string_view e, std::initializer_list<Field> f = {}) {
    write(Level::debug, e, f);
}
inline void info(std::string_view e, std::initializer_list<Field> f = {}) {
    write(Level::info, e, f);
}
inline void warning(std::string_view e, std::initializer_list<Field> f = {}) {
    write(Level::warning, e, f);
}
inline void error(std::string_view e, std::initializer_list<Field> f = {}) {
    write(Level::error, e, f);
}

}  // namespace domicile::log
