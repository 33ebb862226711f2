#include "residency/residency.h"
#include "residency/trace.h"

namespace domicile::residency {
namespace {

Decision refuse_unknown(std::string_view what, const RegionId& region, Trace trace) {
    trace.step("The ", what, " ", region, " is not declared in the policy.");
    return {Action::refuse, {}, reason::kRegionUnknown};
}

// May data of people at home in `home` pass through `arrival`? Both are declared.
bool may_pass(const Policy& policy, const RegionId& arrival, const RegionId& home, Trace trace) {
    const Jurisdiction& from = *policy.of_region(arrival);
    const Jurisdiction& to = *policy.of_region(home);
    if (&from == &to) {
        trace.step(arrival, " and ", home, " are both in the jurisdiction ", to.name,
                   ", so no data leaves it.");
        return true;
    }
    if (to.transit == Transit::never) {
        trace.step("The jurisdiction ", to.name, " of the home ", home,
                   " says transit: never: its people's data may not pass through ", arrival, ".");
        return false;
    }
    if (from.transit == Transit::never) {
        trace.step("The jurisdiction ", from.name, " of the arrival region ", arrival,
                   " says transit: never: it carries nobody else's data.");
        return false;
    }
    trace.step("The jurisdictions ", to.name, " (home) and ", from.name,
               " (arrival) both allow transit, in memory only.");
    return true;
}

// Who serves the home's people now: the home, its promoted standby, or nobody (nullptr). The
// pointer is to `home` or into the policy.
const RegionId* serving_region(const Policy& policy, const RegionId& home, HomeState state,
                               bool asked_itself, Trace trace) {
    const RegionId* standby = policy.standby_of(home);
    if (asked_itself && !standby) {
        trace.step(home, " is asked about its own people and has no standby: it stands alone.");
        return &home;
    }
    if (state.up) {
        trace.step("The home ", home, " is up.");
        return &home;
    }
    if (!standby) {
        trace.step("The home ", home,
                   " is down and has no standby in its jurisdiction; "
                   "no other region may hold its data.");
        return nullptr;
    }
    if (!state.standby_promoted) {
        trace.step("The home ", home, " is down and its standby ", *standby,
                   " has not taken over.");
        return nullptr;
    }
    trace.step("The home ", home, " is down and its standby ", *standby, " has taken over.");
    return standby;
}

// What sign-up, sign-in and resident calls share. `elsewhere` says what to do where a forward would
// be permitted.
Decision decide_resident(const Policy& policy, const RegionId& arrival, const RegionId& home,
                         HomeState state, Elsewhere elsewhere, Trace trace) {
    if (!policy.of_region(arrival)) return refuse_unknown("arrival region", arrival, trace);
    if (!policy.of_region(home)) return refuse_unknown("home region", home, trace);

    const RegionId* serving = serving_region(policy, home, state, arrival == home, trace);
    if (serving && *serving == arrival) {
        trace.step("It arrived at ", arrival, ", where it is served.");
        return {Action::serve, arrival, arrival == home ? reason::kHere : reason::kStandby};
    }
    trace.step("It arrived at ", arrival, ", which does not serve the people of ", home, ".");
    if (!may_pass(policy, arrival, home, trace))
        return {Action::misdirected, serving ? *serving : home, reason::kTransitNever};
    if (elsewhere == Elsewhere::misdirected) {
        trace.step("The route says elsewhere: misdirected.");
        return {Action::misdirected, serving ? *serving : home, reason::kRouteMisdirects};
    }
    if (!serving) return {Action::unavailable, home, reason::kHomeDown};
    return {Action::forward, *serving, *serving == home ? reason::kElsewhere : reason::kStandby};
}

HomeChoice choose_in(const Jurisdiction& jurisdiction, const Policy& policy, const SignUp& sign_up,
                     Trace trace) {
    const auto inside = [&](const RegionId& region) {
        return policy.of_region(region) == &jurisdiction;
    };
    if (sign_up.explicit_region) {
        if (inside(*sign_up.explicit_region)) {
            trace.step("The region asked for, ", *sign_up.explicit_region, ", is in it.");
            return {*sign_up.explicit_region, reason::kByCountry};
        }
        trace.step("The region asked for, ", *sign_up.explicit_region,
                   ", is not in it; the country wins.");
    }
    if (inside(sign_up.arrival)) {
        trace.step("The arrival region ", sign_up.arrival, " is in it.");
        return {sign_up.arrival, reason::kByCountry};
    }
    trace.step("Its first region is ", jurisdiction.regions.front(), ".");
    return {jurisdiction.regions.front(), reason::kByCountry};
}

}  // namespace

HomeChoice choose_home(const Policy& policy, const SignUp& sign_up, Trace trace) {
    if (sign_up.country) {
        const Jurisdiction* jurisdiction = policy.of_country(*sign_up.country);
        if (!jurisdiction) {
            trace.step("The country ", *sign_up.country, " is in no jurisdiction.");
            return {std::nullopt, reason::kCountryUnknown};
        }
        trace.step("The country ", *sign_up.country, " is in the jurisdiction ", jurisdiction->name,
                   ".");
        return choose_in(*jurisdiction, policy, sign_up, trace);
    }
    trace.step("No country is given.");
    const RegionId& region = sign_up.explicit_region ? *sign_up.explicit_region : sign_up.arrival;
    if (!policy.of_region(region)) {
        trace.step("The region ", region, " is not declared in the policy.");
        return {std::nullopt, reason::kRegionUnknown};
    }
    if (sign_up.explicit_region) {
        trace.step("The region asked for is ", region, ".");
        return {region, reason::kByRegion};
    }
    trace.step("No region is asked for either, so the arrival region ", region, " counts.");
    return {region, reason::kByArrival};
}

Decision decide_exchange(const Policy& policy, const Exchange& exchange, Trace trace) {
    const bool declared =
        policy.of_region(exchange.arrival) != nullptr && policy.of_region(exchange.home) != nullptr;
    if (exchange.operation == Operation::administer && declared &&
        !policy.same_jurisdiction(exchange.arrival, exchange.home)) {
        trace.step("An administrator asks, not the person: only in the jurisdiction of the home ",
                   exchange.home, ", whatever is said on transit.");
        return {Action::misdirected, exchange.home, reason::kAdministeredAtHome};
    }
    return decide_resident(policy, exchange.arrival, exchange.home, exchange.home_state,
                           Elsewhere::forward, trace);
}

Decision decide_call(const Policy& policy, const Call& call, Trace trace) {
    if (!policy.of_region(call.arrival))
        return refuse_unknown("arrival region", call.arrival, trace);
    if (call.residency == RouteResidency::open) {
        trace.step("The route is public: any region may answer.");
        return {Action::serve, call.arrival, reason::kPublic};
    }
    trace.step("The route is resident: only the subject's home may answer.");
    if (!call.home) {
        trace.step("There is no token, so nobody knows whose data it is.");
        return {Action::refuse, {}, reason::kSubjectUnknown};
    }
    return decide_resident(policy, call.arrival, *call.home, call.home_state, call.elsewhere,
                           trace);
}

Decision decide_write(const Policy& policy, const Write& write, Trace trace) {
    if (!policy.of_region(write.here)) return refuse_unknown("region", write.here, trace);
    if (!write.resident) {
        trace.step("The table is not bound to subjects.");
        return {Action::serve, write.here, reason::kPublic};
    }
    trace.step("The table is resident: only the subject's home may store the item.");
    if (!write.subject_home) {
        trace.step("The subject's home is not known.");
        return {Action::refuse, {}, reason::kSubjectUnknown};
    }
    const RegionId& home = *write.subject_home;
    if (!policy.of_region(home)) return refuse_unknown("home region", home, trace);
    const RegionId* serving =
        serving_region(policy, home, write.home_state, write.here == home, trace);
    if (serving && *serving == write.here) {
        trace.step(write.here, " serves the subject.");
        return {Action::serve, write.here, write.here == home ? reason::kHere : reason::kStandby};
    }
    trace.step(write.here, " does not serve the subject; a store never forwards.");
    return {Action::refuse, {}, write.here == home ? reason::kHomeDown : reason::kElsewhere};
}

Decision decide_failover(const Policy& policy, const RegionId& home, HomeState state, Trace trace) {
    if (!policy.of_region(home)) return refuse_unknown("home region", home, trace);
    const RegionId* serving = serving_region(policy, home, state, false, trace);
    if (!serving) return {Action::unavailable, home, reason::kHomeDown};
    if (*serving == home) return {Action::serve, home, reason::kHere};
    return {Action::forward, *serving, reason::kStandby};
}

HomeChoice choose_home(const Policy& policy, const SignUp& sign_up) {
    return choose_home(policy, sign_up, Trace());
}
Decision decide_exchange(const Policy& policy, const Exchange& exchange) {
    return decide_exchange(policy, exchange, Trace());
}
Decision decide_call(const Policy& policy, const Call& call) {
    return decide_call(policy, call, Trace());
}
Decision decide_write(const Policy& policy, const Write& write) {
    return decide_write(policy, write, Trace());
}
Decision decide_failover(const Policy& policy, const RegionId& home, HomeState state) {
    return decide_failover(policy, home, state, Trace());
}

std::vector<RegionId> order_candidates(const Policy& policy, const std::optional<Country>& country,
                                       const std::map<RegionId, bool>& up) {
    const Jurisdiction* own = country ? policy.of_country(*country) : nullptr;
    std::vector<RegionId> out;
    const auto take = [&](const Jurisdiction& jurisdiction) {
        for (const RegionId& region : jurisdiction.regions) {
            const auto state = up.find(region);
            if (state == up.end() || state->second) out.push_back(region);
        }
    };
    if (own) take(*own);
    for (const Jurisdiction& jurisdiction : policy.jurisdictions())
        if (&jurisdiction != own) take(jurisdiction);
    return out;
}

}  // namespace domicile::residency
