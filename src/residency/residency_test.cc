#include "residency/residency.h"

#include <gtest/gtest.h>

namespace domicile::residency {
namespace {

// AU has a pair (s1, whose standby is s2), US and EU have one region each.
Policy world(Transit au, Transit us, Transit eu) {
    auto policy = Policy::build({{"AU", {"AU", "NZ"}, {"s1", "s2"}, au, {{"s1", "s2"}}},
                                 {"US", {"US", "CA"}, {"u1"}, us, {}},
                                 {"EU", {"DE", "FR"}, {"e1"}, eu, {}}});
    EXPECT_TRUE(policy);
    return *policy;
}

constexpr Transit kTransits[] = {Transit::allow, Transit::never};
constexpr bool kBools[] = {true, false};
const std::vector<RegionId> kRegions = {"s1", "s2", "u1", "e1", "nowhere"};

// Facts about `world` stated without the policy, for the independent statement of the rules.
std::string legal_area(const RegionId& region) {
    if (region == "s1" || region == "s2") return "AU";
    if (region == "u1") return "US";
    return region == "e1" ? "EU" : "";
}

struct World {
    Policy policy;
    std::map<std::string, Transit> transit;
};

std::vector<World> worlds() {
    std::vector<World> out;
    for (Transit au : kTransits)
        for (Transit us : kTransits)
            for (Transit eu : kTransits)
                out.push_back({world(au, us, eu), {{"AU", au}, {"US", us}, {"EU", eu}}});
    return out;
}

// The rules once more, as a specification: for known regions, who serves and what may be carried.
struct Expected {
    Action action;
    RegionId region;
};

std::optional<RegionId> expected_server(const RegionId& home, const RegionId& asked, HomeState s) {
    const bool has_standby = home == "s1";
    if (s.up || (asked == home && !has_standby)) return home;
    if (has_standby && s.standby_promoted) return "s2";
    return std::nullopt;
}

Expected expected_resident(const World& w, const RegionId& arrival, const RegionId& home,
                           Elsewhere elsewhere, HomeState s) {
    const auto server = expected_server(home, arrival, s);
    if (server == arrival) return {Action::serve, arrival};
    const bool leaves_area = legal_area(arrival) != legal_area(home);
    const bool forbidden = leaves_area && (w.transit.at(legal_area(home)) == Transit::never ||
                                           w.transit.at(legal_area(arrival)) == Transit::never);
    if (forbidden || elsewhere == Elsewhere::misdirected)
        return {Action::misdirected, server.value_or(home)};
    if (server) return {Action::forward, *server};
    return {Action::unavailable, home};
}

// I2 and I4 as properties of any decision about a subject's data.
void expect_invariants(const World& w, const RegionId& arrival, const RegionId& home,
                       const Decision& d) {
    const std::string area = legal_area(home);
    if (d.action == Action::serve || d.action == Action::forward) {
        EXPECT_EQ(legal_area(d.region), area) << "I4: " << d.region << " for " << home;
    }
    if (d.action == Action::forward && legal_area(arrival) != area) {
        EXPECT_EQ(w.transit.at(area), Transit::allow) << "I2: home forbids transit";
        EXPECT_EQ(w.transit.at(legal_area(arrival)), Transit::allow) << "I2: arrival forbids it";
    }
    if (d.action == Action::forward) {
        EXPECT_NE(d.region, arrival) << "a loop";
    }
    EXPECT_FALSE(d.reason.empty());
}

template <class Visit>
void for_every_question(Visit visit) {
    for (const World& w : worlds())
        for (const RegionId& arrival : kRegions)
            for (const RegionId& home : kRegions)
                for (bool up : kBools)
                    for (bool promoted : kBools) visit(w, arrival, home, HomeState{up, promoted});
}

TEST(residency, every_exchange_follows_the_rules_and_the_invariants) {
    int seen = 0;
    for_every_question(
        [&](const World& w, const RegionId& arrival, const RegionId& home, HomeState state) {
            for (Operation operation : {Operation::sign_up, Operation::sign_in}) {
                const Decision d = decide_exchange(w.policy, {arrival, home, operation, state});
                ++seen;
                if (arrival == "nowhere" || home == "nowhere") {
                    EXPECT_EQ(d, (Decision{Action::refuse, "", reason::kRegionUnknown}));
                    continue;
                }
                const Expected e = expected_resident(w, arrival, home, Elsewhere::forward, state);
                EXPECT_EQ(d.action, e.action) << arrival << " " << home;
                EXPECT_EQ(d.region, e.region) << arrival << " " << home;
                expect_invariants(w, arrival, home, d);
            }
        });
    EXPECT_EQ(seen, 8 * 5 * 5 * 4 * 2);
}

TEST(residency, administrators_act_within_the_jurisdiction_of_the_home_whatever_transit_says) {
    for_every_question([&](const World& w, const RegionId& arrival, const RegionId& home,
                           HomeState state) {
        const Decision d = decide_exchange(w.policy, {arrival, home, Operation::administer, state});
        if (arrival == "nowhere" || home == "nowhere") {
            EXPECT_EQ(d, (Decision{Action::refuse, "", reason::kRegionUnknown}));
            return;
        }
        if (legal_area(arrival) != legal_area(home)) {
            EXPECT_EQ(d, (Decision{Action::misdirected, home, reason::kAdministeredAtHome}));
            return;
        }
        EXPECT_EQ(d, decide_exchange(w.policy, {arrival, home, Operation::sign_in, state}));
    });
}

TEST(residency, every_resident_call_follows_the_rules_and_the_invariants) {
    for_every_question([&](const World& w, const RegionId& arrival, const RegionId& home,
                           HomeState state) {
        for (Elsewhere elsewhere : {Elsewhere::forward, Elsewhere::misdirected}) {
            const Decision d =
                decide_call(w.policy, {arrival, home, RouteResidency::resident, elsewhere, state});
            if (arrival == "nowhere" || home == "nowhere") {
                EXPECT_EQ(d, (Decision{Action::refuse, "", reason::kRegionUnknown}));
                continue;
            }
            const Expected e = expected_resident(w, arrival, home, elsewhere, state);
            EXPECT_EQ(d.action, e.action) << arrival << " " << home;
            EXPECT_EQ(d.region, e.region) << arrival << " " << home;
            expect_invariants(w, arrival, home, d);
        }
    });
}

TEST(residency, every_public_call_is_served_where_it_arrives) {
    for_every_question([&](const World& w, const RegionId& arrival, const RegionId& home,
                           HomeState state) {
        if (arrival == "nowhere") return;
        for (Elsewhere elsewhere : {Elsewhere::forward, Elsewhere::misdirected})
            for (const auto& token : {std::optional<RegionId>(home), std::optional<RegionId>()})
                EXPECT_EQ(
                    decide_call(w.policy, {arrival, token, RouteResidency::open, elsewhere, state}),
                    (Decision{Action::serve, arrival, reason::kPublic}));
    });
}

TEST(residency, every_write_is_served_only_by_the_serving_region) {
    for_every_question(
        [&](const World& w, const RegionId& here, const RegionId& home, HomeState state) {
            const Decision d = decide_write(w.policy, {here, true, home, state});
            if (here == "nowhere" || home == "nowhere") {
                EXPECT_EQ(d, (Decision{Action::refuse, "", reason::kRegionUnknown}));
                return;
            }
            const bool serves = expected_server(home, here, state) == here;
            EXPECT_EQ(d.action, serves ? Action::serve : Action::refuse) << here << " " << home;
            EXPECT_EQ(decide_write(w.policy, {here, false, home, state}).action, Action::serve);
        });
}

TEST(residency, every_failover_stays_in_the_jurisdiction) {
    for_every_question([&](const World& w, const RegionId&, const RegionId& home, HomeState state) {
        const Decision d = decide_failover(w.policy, home, state);
        if (home == "nowhere") {
            EXPECT_EQ(d.action, Action::refuse);
            return;
        }
        const auto server = expected_server(home, "", state);
        const Action action = !server          ? Action::unavailable
                              : server == home ? Action::serve
                                               : Action::forward;
        EXPECT_EQ(d.action, action);
        EXPECT_EQ(legal_area(d.region), legal_area(home));
    });
}

// The main cases by hand, so that a mistake shared by the code and the statement above shows.
TEST(residency, main_cases) {
    struct Case {
        const char* arrival;
        const char* home;
        Transit au, us;
        bool up, promoted;
        Elsewhere elsewhere;
        Decision expected;
    };
    constexpr auto kAllow = Transit::allow, kNever = Transit::never;
    constexpr auto kForward = Elsewhere::forward, kMisdirect = Elsewhere::misdirected;
    const Case cases[] = {
        {"u1", "u1", kAllow, kAllow, true, false, kForward, {Action::serve, "u1", "home_is_here"}},
        {"u1",
         "u1",
         kAllow,
         kNever,
         true,
         false,
         kMisdirect,
         {Action::serve, "u1", "home_is_here"}},
        {"u1", "u1", kAllow, kAllow, false, false, kForward, {Action::serve, "u1", "home_is_here"}},
        {"u1",
         "s1",
         kAllow,
         kAllow,
         true,
         false,
         kForward,
         {Action::forward, "s1", "home_is_elsewhere"}},
        {"u1",
         "s1",
         kNever,
         kAllow,
         true,
         false,
         kForward,
         {Action::misdirected, "s1", "transit_never"}},
        {"u1",
         "s1",
         kAllow,
         kNever,
         true,
         false,
         kForward,
         {Action::misdirected, "s1", "transit_never"}},
        {"u1",
         "s1",
         kAllow,
         kAllow,
         true,
         false,
         kMisdirect,
         {Action::misdirected, "s1", "route_misdirects"}},
        {"u1",
         "s1",
         kAllow,
         kAllow,
         false,
         false,
         kForward,
         {Action::unavailable, "s1", "home_down"}},
        {"u1",
         "s1",
         kAllow,
         kAllow,
         false,
         true,
         kForward,
         {Action::forward, "s2", "standby_serves"}},
        {"s2",
         "s1",
         kNever,
         kAllow,
         false,
         true,
         kForward,
         {Action::serve, "s2", "standby_serves"}},
        {"s2",
         "s1",
         kNever,
         kAllow,
         true,
         false,
         kForward,
         {Action::forward, "s1", "home_is_elsewhere"}},
        {"s1",
         "s1",
         kNever,
         kAllow,
         false,
         true,
         kForward,
         {Action::forward, "s2", "standby_serves"}},
        {"s1",
         "s1",
         kNever,
         kAllow,
         false,
         false,
         kForward,
         {Action::unavailable, "s1", "home_down"}},
        {"u1",
         "s2",
         kAllow,
         kAllow,
         false,
         true,
         kForward,
         {Action::unavailable, "s2", "home_down"}},
        {"u1",
         "s1",
         kNever,
         kAllow,
         false,
         false,
         kForward,
         {Action::misdirected, "s1", "transit_never"}},
    };
    for (const Case& c : cases) {
        const Policy policy = world(c.au, c.us, Transit::allow);
        EXPECT_EQ(
            decide_call(
                policy,
                {c.arrival, c.home, RouteResidency::resident, c.elsewhere, {c.up, c.promoted}}),
            c.expected)
            << c.arrival << " for " << c.home << " expects " << to_string(c.expected.action);
    }
}

TEST(residency, a_resident_call_or_write_without_a_home_is_refused) {
    const Policy policy = world(Transit::allow, Transit::allow, Transit::allow);
    const Decision refused = {Action::refuse, "", reason::kSubjectUnknown};
    EXPECT_EQ(decide_call(policy, {.arrival = "u1", .home = std::nullopt, .home_state = {}}),
              refused);
    EXPECT_EQ(decide_write(policy, {.here = "u1", .subject_home = std::nullopt, .home_state = {}}),
              refused);
}

TEST(residency, choosing_a_home_takes_country_then_region_then_arrival) {
    using Text = std::optional<std::string>;
    const Policy policy = world(Transit::allow, Transit::never, Transit::allow);
    struct Case {
        const char* arrival;
        Text country, region;
        HomeChoice expected;
    };
    const Case cases[] = {
        {"u1", "AU", {}, {"s1", reason::kByCountry}},
        {"u1", "nz", {}, {"s1", reason::kByCountry}},
        {"s2", "AU", {}, {"s2", reason::kByCountry}},
        {"s1", "AU", "s2", {"s2", reason::kByCountry}},
        {"u1", "AU", "u1", {"s1", reason::kByCountry}},
        {"u1", "AU", "nowhere", {"s1", reason::kByCountry}},
        {"u1", "BR", {}, {std::nullopt, reason::kCountryUnknown}},
        {"u1", "BR", "u1", {std::nullopt, reason::kCountryUnknown}},
        {"u1", "", {}, {std::nullopt, reason::kCountryUnknown}},
        {"u1", "AUS", {}, {std::nullopt, reason::kCountryUnknown}},
        {"u1", {}, "e1", {"e1", reason::kByRegion}},
        {"u1", {}, "nowhere", {std::nullopt, reason::kRegionUnknown}},
        {"u1", {}, {}, {"u1", reason::kByArrival}},
        {"nowhere", {}, {}, {std::nullopt, reason::kRegionUnknown}},
    };
    for (const Case& c : cases)
        EXPECT_EQ(choose_home(policy, {c.arrival, c.country, c.region}), c.expected)
            << c.arrival << " " << c.country.value_or("-") << " " << c.region.value_or("-");
}

TEST(residency, global_names_prefer_the_countrys_jurisdiction_and_skip_what_is_down) {
    using Ids = std::vector<RegionId>;
    const Policy policy = world(Transit::allow, Transit::allow, Transit::allow);
    EXPECT_EQ(order_candidates(policy, "DE", {}), (Ids{"e1", "s1", "s2", "u1"}));
    EXPECT_EQ(order_candidates(policy, "AU", {{"s1", false}}), (Ids{"s2", "u1", "e1"}));
    EXPECT_EQ(order_candidates(policy, "BR", {{"s1", true}}), (Ids{"s1", "s2", "u1", "e1"}));
    EXPECT_EQ(order_candidates(policy, std::nullopt,
                               {{"s1", false}, {"s2", false}, {"u1", false}, {"e1", false}}),
              Ids{});
}

TEST(residency, a_policy_refuses_what_would_break_the_invariants) {
    EXPECT_FALSE(Policy::build({{"A", {"DE"}, {"r1"}, {}, {}}, {"B", {"DE"}, {"r2"}, {}, {}}}));
    EXPECT_FALSE(Policy::build({{"A", {}, {"r1"}, {}, {}}, {"B", {}, {"r1"}, {}, {}}}));
    EXPECT_FALSE(Policy::build({{"A", {}, {}, {}, {}}}));
    EXPECT_FALSE(Policy::build({{"A", {}, {"r1"}, {}, {{"r1", "r2"}}}, {"B", {}, {"r2"}, {}, {}}}));
    EXPECT_FALSE(Policy::build({{"A", {}, {"r1"}, {}, {{"r1", "r1"}}}}));
}

TEST(residency, explanations_name_the_decision_and_every_step) {
    const Policy policy = world(Transit::never, Transit::allow, Transit::allow);
    EXPECT_EQ(explain(policy, Exchange{"u1", "s1", Operation::sign_in, {}}),
              "Sign-in: Do not carry it; answer with the address of s1 (transit_never).\n"
              "  - The home s1 is up.\n"
              "  - It arrived at u1, which does not serve the people of s1.\n"
              "  - The jurisdiction AU of the home s1 says transit: never: its people's data may "
              "not pass through u1.\n");
    EXPECT_EQ(explain(policy, SignUp{"u1", "NZ", std::nullopt}),
              "The home is s1 (by_country).\n"
              "  - The country NZ is in the jurisdiction AU.\n"
              "  - Its first region is s1.\n");
    EXPECT_NE(explain_failover(policy, "u1", {false, false}).find("no standby"), std::string::npos);
    EXPECT_NE(explain(policy, Write{"u1", true, "e1", {}}).find("a store never forwards"),
              std::string::npos);
}

}  // namespace
}  // namespace domicile::residency
