#include "telemetry/registry.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/json.h"

namespace domicile::telemetry {
namespace {

bool is_name(std::string_view name, bool colon) {
    const auto letter = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
    };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !name.empty() && letter(name[0]) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

// Inside double quotes; also what help texts need, which have no quotes of their own.
std::string escaped(std::string_view text, bool quotes) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') out += "\\\\";
        if (c == '\n') out += "\\n";
        if (c == '"') out += quotes ? "\\\"" : "\"";
        if (c != '\\' && c != '\n' && c != '"') out += c;
    }
    return out;
}

std::string printed(const Labels& labels) {
    std::string out;
    for (const auto& [name, value] : labels) {
        DOMICILE_CHECK(is_name(name, false) && name != "le" && !name.starts_with("__"));
        out += fmt::format("{}{}=\"{}\"", out.empty() ? "" : ",", name, escaped(value, true));
    }
    return out;
}

std::string braced(std::string_view labels) {
    return labels.empty() ? std::string() : fmt::format("{{{}}}", labels);
}

// Whole numbers without an exponent, as sums are; the rest in the shortest form that reads back.
std::string number(double value) {
    if (value == static_cast<double>(static_cast<std::int64_t>(value)) && value < 1e15 &&
        value > -1e15)
        return fmt::format("{}", static_cast<std::int64_t>(value));
    return fmt::format("{}", value);
}

void print_histogram(std::string_view name, std::string_view labels, const Histogram& histogram,
                     std::string& out) {
    const double per_unit = name.ends_with("_seconds") ? 1e9 : 1;
    const std::string before = labels.empty() ? std::string() : std::string(labels) + ',';
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < histogram.limits().size(); ++i) {
        below += histogram.in_bucket(i);
        out += fmt::format("{}_bucket{{{}le=\"{}\"}} {}\n", name, before,
                           number(static_cast<double>(histogram.limits()[i]) / per_unit), below);
    }
    below += histogram.in_bucket(histogram.limits().size());
    out += fmt::format("{}_bucket{{{}le=\"+Inf\"}} {}\n", name, before, below);
    out += fmt::format("{}_sum{} {}\n", name, braced(labels),
                       number(static_cast<double>(histogram.sum()) / per_unit));
    // The sum of what was read, so that it equals the last bucket whoever adds meanwhile.
    out += fmt::format("{}_count{} {}\n", name, braced(labels), below);
}

std::string json_fields(const std::string& service, const std::string& path) {
    return "\"service\":" + json::serialize(json::value(service)) +
           ",\"route\":" + json::serialize(json::value(path));
}

constexpr std::array<std::string_view, 3> kTypes = {"counter", "gauge", "histogram"};

}  // namespace

Registry::Registry() = default;
Registry::~Registry() = default;

void Registry::add_series(std::string_view name, std::string_view help, Type type, Series series) {
    DOMICILE_CHECK(is_name(name, true));
    DOMICILE_CHECK((type == Type::counter) == name.ends_with("_total"));
    const std::lock_guard lock(mutex_);
    Family& family = families_[std::string(name)];
    DOMICILE_CHECK(family.series.empty() || (family.type == type && family.help == help));
    family.type = type;
    family.help = help;
    const auto same = [&](const Series& other) { return other.labels == series.labels; };
    const auto found = std::find_if(family.series.begin(), family.series.end(), same);
    if (found != family.series.end()) {
        *found = std::move(series);
    } else {
        family.series.push_back(std::move(series));
    }
}

void Registry::add(std::string_view name, std::string_view help, const Counter& counter,
                   Labels labels) {
    Series series{printed(labels), [counter] { return static_cast<double>(counter.value()); }, {}};
    add_series(name, help, Type::counter, std::move(series));
}

void Registry::add_many(std::string_view name, std::string_view help, std::vector<Labels> all,
                        bool sparse, std::function<std::uint64_t(std::size_t)> value) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        Series series{
            printed(all[i]), [value, i] { return static_cast<double>(value(i)); }, {}, sparse};
        add_series(name, help, Type::counter, std::move(series));
    }
}

void Registry::add(std::string_view name, std::string_view help, const Histogram& histogram,
                   Labels labels) {
    Series series{printed(labels), {}, std::make_unique<const Histogram>(histogram)};
    add_series(name, help, Type::histogram, std::move(series));
}

void Registry::add_gauge(std::string_view name, std::string_view help, std::function<double()> read,
                         Labels labels) {
    add_series(name, help, Type::gauge, {printed(labels), std::move(read), {}});
}

void Registry::add_counter(std::string_view name, std::string_view help,
                           std::function<double()> read, Labels labels) {
    add_series(name, help, Type::counter, {printed(labels), std::move(read), {}});
}

const Route& Registry::route(std::string_view service, std::string_view path) {
    std::pair<std::string, std::string> key(service, path);
    const Route* made = nullptr;
    {
        const std::lock_guard lock(mutex_);
        auto& entry = routes_[key];
        if (entry) return *entry;
        entry.reset(new Route{key.first, key.second, json_fields(key.first, key.second), {}, {}});
        made = entry.get();
    }
    const Labels labels{{"service", made->service}, {"route", made->path}};
    add("domicile_http_requests_total", "Requests answered, by what they were and how it ended.",
        made->requests, {"method", "status_class"}, labels);
    add("domicile_http_request_duration_seconds",
        "From the first byte of a request's head to the last of its response.", made->time, labels);
    return *made;
}

std::string Registry::expose() const {
    const std::lock_guard lock(mutex_);
    std::string out;
    for (const auto& [name, family] : families_) {
        out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(family.help, false), name,
                           kTypes[static_cast<std::size_t>(family.type)]);
        for (const Series& series : family.series) {
            if (series.histogram) {
                print_histogram(name, series.labels, *series.histogram, out);
                continue;
            }
            const double value = series.value();
            if (series.sparse && value == 0) continue;
            out += fmt::format("{}{} {}\n", name, braced(series.labels), number(value));
        }
    }
    return out;
}

}  // namespace domicile::telemetry
