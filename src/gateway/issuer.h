// One issuer of tokens that is not ours: its keys, fetched and kept fresh, and the tokens that they
// have verified.
//
// All fetching happens on one executor, one at a time: by a clock, and at once when a token names a
// key that is not there yet, so that an issuer may sign with a new key the moment it has published
// it. Who waits for such a fetch waits for the one under way. Keys that could not be refreshed for
// too long count for nothing: an issuer may have taken one back. Internal.
#pragma once

#include <atomic>
#include <set>
#include <shared_mutex>

#include "config/authorizer.h"
#include "federation/jwks.h"
#include "http/client.h"
#include "identity/token_cache.h"
#include "io/executor.h"
#include "io/tls.h"
#include "telemetry/outcome.h"
#include "telemetry/registry.h"

namespace domicile::gateway {

class Issuer {
  public:
    // `regions` are the values that `home_claim` may have.
    Issuer(std::string name, config::JwtIssuer options, std::set<std::string> regions);

    // On one executor, which verify() then asks from any other. The first keys are fetched at once.
    void start();
    io::Task<void> stop();

    // A hit without suspending; null on a miss. unauthenticated; unavailable when the keys are too
    // old to say.
    Result<identity::TokenPtr> lookup(std::string_view token);
    // The whole check, on the blocking pool. Its `home` is empty where the token does not say it.
    io::Task<Result<identity::TokenPtr>> verify(std::string token);

    const std::string& name() const { return name_; }
    const config::JwtIssuer& options() const { return options_; }
    const std::set<std::string>& regions() const { return regions_; }
    void report_to(telemetry::Registry& registry);

  private:
    struct KeySet {
        federation::Keys keys;
        std::uint64_t version = 0;
        Instant fetched = {};
    };
    struct Found {
        std::shared_ptr<const crypto::PublicKey> key;
        std::uint64_t version = 0;  // of the set that it is in
    };

    std::shared_ptr<const KeySet> snapshot() const;
    bool is_stale(const KeySet& set) const;
    Result<void> still_good(const identity::VerifiedToken& token) const;
    Result<identity::VerifiedToken> read_claims(json::object claims) const;
    // unavailable when the keys are stale; none of them may be the token's.
    Result<Found> known_key(const crypto::ParsedJwt& token) const;
    io::Task<Result<Found>> key_of(const crypto::ParsedJwt& token);

    io::Task<void> run();
    // The number of the fetch that brought what is there now.
    io::Task<Result<std::uint64_t>> refresh_from_anywhere();
    io::Task<Result<std::uint64_t>> refresh();
    Result<std::uint64_t> outcome() const;
    io::Task<Result<void>> fetch();
    io::Task<Result<std::string>> get(Url url, Instant deadline);
    void take(federation::Keys keys);

    const std::string name_;
    const config::JwtIssuer options_;
    const std::set<std::string> regions_;
    std::unique_ptr<io::TlsClient> tls_;
    identity::TokenCache cache_;

    mutable std::shared_mutex mutex_;
    std::shared_ptr<const KeySet> set_ = std::make_shared<KeySet>();  // under the mutex

    std::atomic<io::Executor*> home_ = nullptr;
    std::atomic<std::uint64_t> begun_ = 0;  // fetches, the last one's number
    // For the metric, which may be read when this is gone; 0: never.
    const std::shared_ptr<std::atomic<std::int64_t>> fetched_ns_ =
        std::make_shared<std::atomic<std::int64_t>>(0);
    // What follows, on home_ only.
    bool fetching_ = false, stopping_ = false;
    Instant ended_ = {};
    Result<void> last_ = fail(Code::unavailable, "The issuer's keys were not fetched yet.");
    io::Event fetched_, stop_;
    http::Cancellation call_;
    io::TaskGroup tasks_;

    const telemetry::CounterBy<telemetry::Outcome> refreshes_;
};

}  // namespace domicile::gateway
