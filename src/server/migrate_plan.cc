#include "server/migrate_plan.h"

#include <algorithm>

#include "base/encoding.h"
#include "io/clock.h"

namespace domicile::server {
namespace {

bool under_way(const std::optional<StoresPlace>& place) {
    return place && place->state != StoresPlace::State::settled;
}

Result<Deployment> origin(io::Files& files, const std::string& data) {
    TRY(Deployment from, load(files, data));
    if (!from.engines.any()) return from;
    TRY(from.engines, same_engines(from, from.engines));
    TRY(from.config, load_config(files, from));
    return from;
}

Result<LocalEngines> engines_to(io::Files& files, const Deployment& to, const Deployment& from,
                                const std::optional<StoresPlace>& place) {
    if (under_way(place)) return same_engines(to, place->engines);
    if (from.engines.any()) return from.engines;
    return new_engines(files, to);
}

Result<void> same_regions(const Deployment& from, const Deployment& to) {
    const StoreNames here = store_names(from), there = store_names(to);
    const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
    if (std::equal(here.begin(), here.end(), there.begin(), there.end(), same)) return {};
    return fail(Code::invalid_argument,
                "Both configurations must have the same regions while data is carried.");
}

Result<Deployment> destination(io::Files& files, const MigrateOptions& options,
                               const Deployment& from, const std::optional<StoresPlace>& place) {
    Deployment to = from;
    to.engines = {};
    if (options.config_path) to.config_path = *options.config_path;
    TRY(to.config, load_config(files, to));
    if (options.engines == EnginesWish::distributed) {
        TRY(to.engines, engines_to(files, to, from, place));
        TRY(to.config, load_config(files, to));
    }
    TRY_VOID(same_regions(from, to));
    return to;
}

// Both have the same stores, as far as their names say.
Result<void> check_same(const MigrateOptions& options, const Deployment& from,
                        const std::optional<StoresPlace>& place, const StoreNames& to) {
    if (!options.config_path || (place && place->to == to)) return {};
    if (options.config_path == from.config_path)
        return fail(Code::invalid_argument,
                    "The deployment has this configuration already. Leave it as it was, and write "
                    "the one with the new stores to another file.");
    return fail(Code::invalid_argument,
                "Both configurations name the same stores. A store is known by its engine and its "
                "database's name, or prefix, not by its address: to move it from one server to "
                "another, use that engine's own means.");
}

}  // namespace

Result<std::optional<Journey>> plan_journey(io::Files& files, const MigrateOptions& options) {
    Journey out;
    TRY(out.from, origin(files, options.data));
    TRY(const std::optional<StoresPlace> place, read_place(files, options.data));
    TRY(out.to, destination(files, options, out.from, place));
    const StoreNames from = store_names(out.from), to = store_names(out.to);
    if (under_way(place)) {
        if (place->to != to || place->from != from)
            return fail(Code::failed_precondition,
                        "Data is being carried from or to other stores than these. End that "
                        "first, or give it up with --give-up.");
        out.place = *place;
        out.place.engines = out.to.engines;
        return out;
    }
    TRY_VOID(refuse_elsewhere(files, out.from));
    if (from == to) {
        TRY_VOID(check_same(options, out.from, place, to));
        return std::nullopt;
    }
    const std::string id = to_hex(io::system_random().bytes(16));
    out.place = {StoresPlace::State::copying, id, from, to, out.to.engines};
    return out;
}

}  // namespace domicile::server
