#include "base/log.h"

#include <boost/json.hpp>
#include <utility>

#include "base/context.h"
#include "base/encoding.h"

namespace domicile::log {
namespace {

struct Settings {
    Level least = Level::info;
    Sink sink;
    Stamp stamp;
    std::string region;
    std::string node;
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

// After the fields: what a part says of another request, such as a function's, goes before.
void add_ids(boost::json::object& line) {
    const RequestContext& context = RequestContext::current();
    if (context.request_id == decltype(context.request_id){}) return;
    const auto hex = [](const auto& id) {
        return to_hex(std::string_view(reinterpret_cast<const char*>(id.data()), id.size()));
    };
    if (!line.contains("request_id")) line["request_id"] = uuid_from(context.request_id);
    line["trace_id"] = hex(context.trace_id);
    line["span_id"] = hex(context.span_id);
}

}  // namespace

void configure(Level least, Sink sink, Stamp stamp, std::string region, std::string node) {
    settings() = {least, std::move(sink), std::move(stamp), std::move(region), std::move(node)};
}

bool enabled(Level level) { return settings().sink && level >= settings().least; }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (!enabled(level)) return;
    const Settings& current = settings();
    boost::json::object line;
    if (current.stamp) line["time"] = current.stamp();
    line["level"] = name_of(level);
    if (!current.region.empty()) line["region"] = current.region;
    if (!current.node.empty()) line["node"] = current.node;
    line["event"] = event;
    for (const Field& field : fields) {
        std::visit([&](const auto& value) { line[field.name] = value; }, field.value);
    }
    add_ids(line);
    current.sink(boost::json::serialize(line) + '\n');
}

}  // namespace domicile::log
