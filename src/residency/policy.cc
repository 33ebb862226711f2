#include <set>

#include "residency/residency.h"

namespace domicile::residency {
namespace {

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return out;
}

Result<> check_standbys(const Jurisdiction& jurisdiction) {
    const std::set<RegionId> own(jurisdiction.regions.begin(), jurisdiction.regions.end());
    for (const auto& [region, standby] : jurisdiction.standbys) {
        if (!own.contains(region) || !own.contains(standby))
            return fail(
                Code::invalid_argument,
                "the standby of " + region + " is outside the jurisdiction " + jurisdiction.name);
        if (region == standby) return fail(Code::invalid_argument, region + " is its own standby");
    }
    return {};
}

}  // namespace

Result<Policy> Policy::build(std::vector<Jurisdiction> jurisdictions) {
    Policy policy;
    for (std::size_t i = 0; i < jurisdictions.size(); ++i) {
        const Jurisdiction& jurisdiction = jurisdictions[i];
        if (jurisdiction.regions.empty())
            return fail(Code::invalid_argument, jurisdiction.name + " has no region");
        for (const RegionId& region : jurisdiction.regions)
            if (!policy.by_region_.emplace(region, i).second)
                return fail(Code::invalid_argument, region + " is listed twice");
        for (const Country& country : jurisdiction.countries)
            if (!policy.by_country_.emplace(upper(country), i).second)
                return fail(Code::invalid_argument, country + " is listed twice");
        TRY_VOID(check_standbys(jurisdiction));
    }
    policy.jurisdictions_ = std::move(jurisdictions);
    return policy;
}

const Jurisdiction* Policy::of_region(std::string_view region) const {
    const auto found = by_region_.find(region);
    return found == by_region_.end() ? nullptr : &jurisdictions_[found->second];
}

const Jurisdiction* Policy::of_country(std::string_view country) const {
    if (country.size() != 2) return nullptr;
    const auto found = by_country_.find(upper(country));
    return found == by_country_.end() ? nullptr : &jurisdictions_[found->second];
}

const RegionId* Policy::standby_of(std::string_view region) const {
    const Jurisdiction* jurisdiction = of_region(region);
    if (!jurisdiction) return nullptr;
    const auto found = jurisdiction->standbys.find(std::string(region));
    return found == jurisdiction->standbys.end() ? nullptr : &found->second;
}

bool Policy::same_jurisdiction(std::string_view a, std::string_view b) const {
    const Jurisdiction* jurisdiction = of_region(a);
    return jurisdiction && jurisdiction == of_region(b);
}

}  // namespace domicile::residency
