// The metrics of one node, and their text. Names follow the conventions of Prometheus: a prefix,
// base units (seconds, bytes), `_total` for counters; what does not is refused at start.
//
// Adding takes a lock and allocates; it is for start and reload only. The same name and labels
// again replace what was there, so that a part that is built anew on reload goes on under its name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/instruments.h"
#include "telemetry/route.h"

namespace domicile::telemetry {

// Names and values, fixed when a metric is added. Values come from the configuration or the program
// (regions, route templates, functions, tables), never from a request.
using Labels = std::vector<std::pair<std::string, std::string>>;

class Registry {
  public:
    Registry();
    ~Registry();
    Registry(const Registry&) = delete;

    void add(std::string_view name, std::string_view help, const Counter& counter,
             Labels labels = {});
    // One series for each combination of the enums' words; those that are zero are left out when
    // there are several enums.
    template <class... E>
    void add(std::string_view name, std::string_view help, const CounterBy<E...>& counter,
             const std::array<std::string_view, sizeof...(E)>& label_names, Labels labels = {}) {
        std::vector<Labels> all;
        for (std::size_t i = 0; i < CounterBy<E...>::kSize; ++i) {
            Labels series = labels;
            const auto words = CounterBy<E...>::words(i);
            for (std::size_t k = 0; k < words.size(); ++k)
                series.emplace_back(label_names[k], words[k]);
            all.push_back(std::move(series));
        }
        add_many(name, help, std::move(all), sizeof...(E) > 1,
                 [counter](std::size_t i) { return counter.value_at(i); });
    }
    // Of nanoseconds when the name ends in `_seconds`; else in the unit of the observations.
    void add(std::string_view name, std::string_view help, const Histogram& histogram,
             Labels labels = {});
    // Read when the text is made, on that thread. What `read` refers to outlives the registry's
    // use.
    void add_gauge(std::string_view name, std::string_view help, std::function<double()> read,
                   Labels labels = {});
    void add_counter(std::string_view name, std::string_view help, std::function<double()> read,
                     Labels labels = {});

    // What the requests of this route are counted under, made when there is none yet. `service` and
    // `path` (a template such as "/entries/{id}", or an operation) come from the configuration or
    // the program. The reference lives as long as the registry.
    const Route& route(std::string_view service, std::string_view path);

    // Text format 0.0.4, sorted by name.
    std::string expose() const;
    static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

  private:
    enum class Type : std::uint8_t { counter, gauge, histogram };
    struct Series {
        std::string labels;  // `a="b",c="d"`
        std::function<double()> value;
        std::unique_ptr<const Histogram> histogram;
        bool sparse = false;  // left out while zero
    };
    struct Family {
        Type type = Type::counter;
        std::string help;
        std::vector<Series> series;
    };

    void add_many(std::string_view name, std::string_view help, std::vector<Labels> all,
                  bool sparse, std::function<std::uint64_t(std::size_t)> value);
    void add_series(std::string_view name, std::string_view help, Type type, Series series);

    mutable std::mutex mutex_;
    std::map<std::string, Family, std::less<>> families_;
    std::map<std::pair<std::string, std::string>, std::unique_ptr<const Route>> routes_;
};

}  // namespace domicile::telemetry
