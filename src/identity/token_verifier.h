// Checks access and id tokens of all regions, with a cache of verified ones (a hit compares the
// full token and checks exp, the key-set version and, at the home, epoch and revocation).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/jwt.h"
#include "io/clock.h"
#include "io/task.h"

namespace domicile::identity {

struct VerifiedToken {
    std::string sub;
    std::string home;  // custom:region; equals the region of the issuer and of the key
    std::uint64_t epoch = 0;
    std::string use;        // "access" or "id"
    std::string client_id;  // client_id or aud
    std::string pool_suffix;
    std::string origin_jti;
    std::string username;
    Timestamp expires;
    json::object claims;  // all of them
};
using TokenPtr = std::shared_ptr<const VerifiedToken>;

struct TrustedKey {
    std::string region, kid;
    std::shared_ptr<const crypto::PublicKey> key;
};

class TokenVerifier {
  public:
    struct Options {
        std::string region;
        std::size_t cache_tokens_max = 100'000;
        Millis reload_interval{5'000};
        // Where revocations_known() is told: how long after it tokens of the own people are still
        // taken.
        Millis revocations_age_max{10'000};
    };
    // issuer_of(region, pool suffix) as the region writes it.
    using Issuer =
        std::function<std::string(std::string_view region, std::string_view pool_suffix)>;
    // Fetches the published keys and calls set_keys. Called when a token names an unknown kid, at
    // most once in reload_interval whoever asks.
    using Reload = std::function<io::Task<Result<void>>()>;
    TokenVerifier(Options options, io::Clock& clock, Issuer issuer, Reload reload = {});
    ~TokenVerifier();

    // All members may be called from any executor.

    // Replaces the key set; its version changes, so cached tokens are verified again.
    void set_keys(std::vector<TrustedKey> keys);
    // At the home: tokens of this origin are refused from now on, also after a cached hit.
    // Forgotten after `until`, when the last of them has expired.
    void revoke_origin(std::string_view origin_jti, Timestamp until);
    // All revocations that were acknowledged before this moment have been told. Called where other
    // nodes revoke too; when it stays away, tokens of the own people are unavailable rather than
    // taken.
    void revocations_known(Instant at);
    // At the home: tokens of the subject with a smaller epoch are refused as revoked.
    void set_epoch(std::string_view sub, std::uint64_t least);

    // A hit without suspending; null on a miss. unauthenticated with reason access_expired,
    // access_revoked or access_invalid; unavailable when the revocations are not known.
    Result<TokenPtr> lookup(std::string_view token);
    // The whole check; a miss verifies the signature on the blocking pool. unavailable when the key
    // is not known here and the published keys cannot be read: nobody can say then that the token
    // is not valid.
    io::Task<Result<TokenPtr>> verify(std::string token);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace domicile::identity
