// An authorizer that is a function: who calls, and whether they may, is what it says.
//
// What it said is kept for a while, under a hash of the identity sources, so that no token lies
// here in clear: a policy for all routes, since it names what it allows, the simple form for the
// route that it was asked about. Bounded in number and size; what was said longest ago goes first.
// Each process keeps its own. Internal.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "config/authorizer.h"
#include "functions/authorizer.h"
#include "functions/functions.h"
#include "http/message.h"
#include "telemetry/instruments.h"
#include "telemetry/registry.h"

namespace domicile::gateway {

// What an authorizer said, of a caller whom it let in.
struct Grant {
    functions::AuthorizerAnswer answer;
    std::string caller;  // tells callers apart: the principal, or the hash of the identity sources
};
using GrantPtr = std::shared_ptr<const Grant>;

class GrantCache {
  public:
    static constexpr std::size_t kEntriesMax = 10'000;
    static constexpr std::size_t kBytesMax = 16 << 20;

    GrantPtr find(const std::string& key, Instant now) const;
    void add(const std::string& key, GrantPtr grant, std::size_t bytes, Instant until);
    std::size_t size() const;

  private:
    struct Entry {
        std::string key;
        GrantPtr grant;
        std::size_t bytes = 0;
        Instant until = {};
    };
    void drop(std::list<Entry>::iterator entry);

    mutable std::mutex mutex_;
    std::list<Entry> by_age_;  // oldest first
    std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
    std::size_t bytes_ = 0;
};

// unidentified: an identity source was missing; kept: no call was needed.
enum class AuthorizerOutcome : std::uint8_t { allowed, denied, kept, unidentified, failed };
constexpr std::array<std::string_view, 5> label_values(AuthorizerOutcome) {
    return {"allowed", "denied", "kept", "unidentified", "failed"};
}

class RequestAuthorizer {
  public:
    RequestAuthorizer(std::string name, config::AuthorizerFunction options);

    // What a call has of the identity sources, all values of each with a comma between; nullopt
    // when one is missing or empty.
    std::optional<functions::IdentitySources> sources_of(const http::Headers& headers,
                                                         std::string_view query) const;
    // What is known without a call; null: nothing. It may still deny this one: see permits().
    GrantPtr known(const functions::IdentitySources& sources, std::string_view route_key,
                   Instant now) const;
    // Asks the function. unauthenticated by its word; unavailable when it has no process for us;
    // internal when it fails or says what is no answer.
    io::Task<Result<GrantPtr>> ask(functions::Functions& functions, functions::HttpCall call,
                                   functions::IdentitySources sources, std::string region);
    // permission_denied; counts.
    Result<GrantPtr> permits(GrantPtr grant, std::string_view arn, bool kept) const;
    void count(AuthorizerOutcome outcome) const { outcomes_.add(outcome); }

    bool v2() const { return options_.event == config::EventVersion::v2; }
    const std::string& name() const { return name_; }
    const config::AuthorizerFunction& options() const { return options_; }
    void report_to(telemetry::Registry& registry) const;

  private:
    std::string key_of(const functions::IdentitySources& sources, std::string_view route_key) const;
    std::string event_of(const functions::HttpCall& call, const functions::IdentitySources& sources,
                         std::string_view region) const;

    const std::string name_;
    const config::AuthorizerFunction options_;
    GrantCache cache_;
    const telemetry::CounterBy<AuthorizerOutcome> outcomes_;
};

}  // namespace domicile::gateway
