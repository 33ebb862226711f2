#include "base/log.h"

#include <boost/json.hpp>
#include <utility>

namespace domicile::log {
namespace {

struct Settings {
    Level least = Level::info;
    Sink sink;
    Stamp stamp;
    std::string region;
};

Settings& settings() {
    static Settings instance;
    return instance;
}

constexpr std::string_view name_of(Level level) {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warning:
            return "warning";
        case Level::error:
            return "error";
    }
    return "error";
}

}  // namespace

void configure(Level least, Sink sink, Stamp stamp, std::string region) {
    settings() = {least, std::move(sink), std::move(stamp), std::move(region)};
}

bool enabled(Level level) { return settings().sink && level >= settings().least; }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (!enabled(level)) return;
    const Settings& current = settings();
    boost::json::object line;
    if (current.stamp) line["time"] = current.stamp();
    line["level"] = name_of(level);
    if (!current.region.empty()) line["region"] = current.region;
    line["event"] = event;
    for (const Field& field : fields) {
        std::visit([&](const auto& value) { line[field.name] = value; }, field.value);
    }
    current.sink(boost::json::serialize(line) + '\n');
}

}  // namespace domicile::log
