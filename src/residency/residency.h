// Where may this go? The one place that answers, from the policy and the facts of a request alone:
// no clock, no network, no directory. Everybody that moves or stores a person's data asks here and
// does what the Decision says; nobody decides alone. `domicile explain` prints the same decisions.
//
// Rules (I2 and I4 are the invariants of the design that they carry out):
// - The serving region of a subject is its home; while the home is down, the standby that has been
//   promoted; else there is none and the answer is `unavailable` (I4). A standby is always in the
//   jurisdiction of the home: Policy refuses to hold any other.
// - A region without a standby that is asked about its own people serves them whatever the health
//   table says: being asked proves that it is up.
// - Data may pass through the arrival region if that is in the jurisdiction of the home. Otherwise
// both
//   jurisdictions must say `transit: allow`: the home's, since it is their people's data, and the
//   arrival's, since `never` also means that it carries nobody else's (I2).
// - Transit is judged before health, so an outage never changes whether a forward is permitted.
// - A public route is served where it arrives.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace domicile::residency {

using RegionId = std::string;  // e.g. "eu-central-1"
using Country = std::string;   // ISO 3166-1 alpha-2, upper case

enum class Transit : std::uint8_t { allow, never };

struct Jurisdiction {
    std::string name;
    std::vector<Country> countries;
    std::vector<RegionId> regions;  // in order of preference for new homes
    Transit transit = Transit::allow;
    std::map<RegionId, RegionId> standbys;  // region -> the region that may take over for it
};

// Immutable; copy it or share it as const. Lookups return nullptr for what is not declared and
// point into the policy.
class Policy {
  public:
    Policy() = default;

    // Code::invalid_argument if a country or region is in two jurisdictions, a jurisdiction has no
    // region, or a standby is the region itself or outside its jurisdiction.
    static Result<Policy> build(std::vector<Jurisdiction> jurisdictions);

    const std::vector<Jurisdiction>& jurisdictions() const { return jurisdictions_; }
    const Jurisdiction* of_region(std::string_view region) const;
    const Jurisdiction* of_country(std::string_view country) const;  // either case
    const RegionId* standby_of(std::string_view region) const;
    bool same_jurisdiction(std::string_view a,
                           std::string_view b) const;  // false if one is unknown

  private:
    std::vector<Jurisdiction> jurisdictions_;
    std::map<std::string, std::size_t, std::less<>> by_region_;  // index into jurisdictions_
    std::map<std::string, std::size_t, std::less<>> by_country_;
};

enum class Action : std::uint8_t {
    serve,        // here
    forward,      // over the border to Decision::region
    misdirected,  // answer with the address of Decision::region and nothing else
    refuse,       // for the reason given; Decision::region is empty
    unavailable,  // 503 with Retry-After; Decision::region is the home that is down
};

// Stable tokens for logs, audit records and error documents.
namespace reason {
inline constexpr std::string_view kHere = "home_is_here";
inline constexpr std::string_view kElsewhere = "home_is_elsewhere";
inline constexpr std::string_view kStandby = "standby_serves";
inline constexpr std::string_view kPublic = "public";
inline constexpr std::string_view kHomeDown = "home_down";
inline constexpr std::string_view kTransitNever = "transit_never";
inline constexpr std::string_view kAdministeredAtHome = "administered_at_home";
inline constexpr std::string_view kRouteMisdirects = "route_misdirects";
inline constexpr std::string_view kSubjectUnknown = "subject_unknown";
inline constexpr std::string_view kRegionUnknown = "region_unknown";
inline constexpr std::string_view kCountryUnknown = "country_unknown";
inline constexpr std::string_view kByCountry = "by_country";
inline constexpr std::string_view kByRegion = "by_region";
inline constexpr std::string_view kByArrival = "by_arrival";
}  // namespace reason

struct Decision {
    Action action = Action::refuse;
    RegionId region;  // who serves, or the home; see Action
    std::string_view reason;

    bool operator==(const Decision&) const = default;
};

// The state of a home as the asking node knows it.
struct HomeState {
    bool up = true;
    bool standby_promoted = false;  // the standby holds the lease of the primary
};

// ---- Choosing a home ---------------------------------------------------------------------------

struct SignUp {
    RegionId arrival;
    std::optional<Country> country;           // the country attribute
    std::optional<RegionId> explicit_region;  // the region that the client asks for
};

// `home` is empty when the sign-up is refused. reason: kByCountry, kByRegion or kByArrival, or
// kCountryUnknown or kRegionUnknown.
struct HomeChoice {
    std::optional<RegionId> home;
    std::string_view reason;

    bool operator==(const HomeChoice&) const = default;
};

// The country decides the jurisdiction; in it, the explicit region, else the arrival region, else
// the first in order. A region outside the country's jurisdiction is ignored: the country wins.
// Without a country, the explicit region, else the arrival region.
HomeChoice choose_home(const Policy& policy, const SignUp& sign_up);

// ---- Sign-up and sign-in -----------------------------------------------------------------------

// `administer`: somebody else than the person asks. Transit is for bytes on their way to or from
// their subject (I2), so it does not help here: administrators of the home's own jurisdiction only.
enum class Operation : std::uint8_t { sign_up, sign_in, administer };

// `home` is what choose_home said, or the directory's home or decoy: both are treated alike.
struct Exchange {
    RegionId arrival;
    RegionId home;
    Operation operation = Operation::sign_in;
    HomeState home_state;
};

// serve, forward, misdirected (transit), unavailable; refuse only for an undeclared region.
// One rule for sign-up and sign-in; `administer` is misdirected as soon as it would leave the
// jurisdiction.
Decision decide_exchange(const Policy& policy, const Exchange& exchange);

// ---- API calls ---------------------------------------------------------------------------------

enum class RouteResidency : std::uint8_t { resident, open };  // `open` is `public` in the config
enum class Elsewhere : std::uint8_t { forward, misdirected };

struct Call {
    RegionId arrival;
    std::optional<RegionId> home;  // of the verified token; nullopt without one
    RouteResidency residency = RouteResidency::resident;
    Elsewhere elsewhere = Elsewhere::forward;
    HomeState home_state;
};

// A resident route without a home is refused (kSubjectUnknown): nobody knows whose data it is.
Decision decide_call(const Policy& policy, const Call& call);

// ---- Stores ------------------------------------------------------------------------------------

struct Write {
    RegionId here;
    bool resident = true;                  // the table declares a subject attribute
    std::optional<RegionId> subject_home;  // nullopt if the subject is not known
    HomeState home_state;
};

// serve or refuse (kElsewhere, kSubjectUnknown, kRegionUnknown). A store never forwards. A region
// that is fenced off from its own people (it has a standby and is down) refuses with kHomeDown.
Decision decide_write(const Policy& policy, const Write& write);

// ---- Failover and global names -----------------------------------------------------------------

// serve (the home is up), forward (its standby) or unavailable; never leaves the jurisdiction (I4).
Decision decide_failover(const Policy& policy, const RegionId& home, HomeState state);

// Regions for a global name, best first, and only those that are up: the country's jurisdiction in
// its order, then the others in the policy's order. For public content: any region may answer. A
// region that is not in `up` counts as up. Empty if all are down.
std::vector<RegionId> order_candidates(const Policy& policy, const std::optional<Country>& country,
                                       const std::map<RegionId, bool>& up);

// ---- Words -------------------------------------------------------------------------------------

std::string_view to_string(Action action);
std::string_view to_string(Transit transit);
std::string_view to_string(Operation operation);

// What is decided and every step of why, one sentence a line; for `domicile explain`. The steps are
// recorded by the decision itself, so they cannot differ from it.
std::string explain(const Policy& policy, const SignUp& sign_up);
std::string explain(const Policy& policy, const Exchange& exchange);
std::string explain(const Policy& policy, const Call& call);
std::string explain(const Policy& policy, const Write& write);
std::string explain_failover(const Policy& policy, const RegionId& home, HomeState state);

}  // namespace domicile::residency
