// The operations of a dialect, each a route of its service. A name from a request is only looked
// up: one that is not in the list is counted as unknown.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "telemetry/registry.h"

namespace domicile::telemetry {

class Operations {
  public:
    // Until then nothing is known, and find() gives null.
    template <class Names>
    void report_to(Registry& registry, std::string_view service, const Names& names) {
        for (const auto& name : names) {
            routes_.insert_or_assign(std::string(name), &registry.route(service, name));
        }
        unknown_ = &registry.route(service, "unknown");
    }

    const Route* find(std::string_view name) const {
        const auto found = routes_.find(name);
        return found == routes_.end() ? unknown_ : found->second;
    }

  private:
    std::map<std::string, const Route*, std::less<>> routes_;
    const Route* unknown_ = nullptr;
};

}  // namespace domicile::telemetry
