// The global map subject key -> home and the claim protocol that gives every person exactly one
// home (I1). It holds no identifier in clear (I3): subject keys, region ids, states, epochs, public
// keys.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/task.h"
#include "kv/store.h"
#include "telemetry/registry.h"

namespace domicile::directory {

// Reasons of the errors that leave the directory.
inline constexpr std::string_view kReasonClaimed = "claimed";
inline constexpr std::string_view kReasonClaimLost = "claim_lost";

inline constexpr std::size_t kClaimIdBytes = 16;
inline constexpr std::size_t kKeysPerClaimMax = 8;

enum class IdentifierKind : std::uint8_t { email, phone, username, sub };

// 16 bytes: HMAC-SHA-256 under the pepper of (pool scope, kind, normalised identifier), cut. An
// e-mail-shaped username counts as an e-mail.
struct SubjectKey {
    std::string bytes;
    auto operator<=>(const SubjectKey&) const = default;
};

struct Pepper {
    std::uint32_t version = 1;
    std::string key;  // 32 bytes
};

// Trimmed; e-mail: lower case (ASCII) of the whole; phone: digits with a leading '+'; else as is.
std::string normalise(IdentifierKind kind, std::string_view identifier);
// What a person types as their username may be shaped like an e-mail (one @ with something on both
// sides), a phone number (E.164: '+' and 7 to 15 digits) or a sub (a UUID), and then counts as one,
// so that both ways to write it have one key.
IdentifierKind kind_of_username(std::string_view username);
SubjectKey subject_key(const Pepper& pepper, std::string_view pool_scope, IdentifierKind kind,
                       std::string_view identifier);

enum class State : std::uint8_t { pending, active };

struct Record {
    std::string home;
    State state = State::pending;
    std::uint64_t epoch = 0;
    std::string claim_id;     // 16 bytes
    Timestamp pending_until;  // meaningless once active
    bool operator==(const Record&) const = default;
};

// Where a subject lives, or the decoy: a keyed, deterministic region, indistinguishable to callers
// that must not learn whether the person exists (I8).
struct Located {
    std::string home;
    bool known = false;  // never leaves the process that asked, in any form
    std::uint64_t epoch = 0;
};

struct ClaimRequest {
    std::vector<SubjectKey> keys;  // all keys of the person; 1 to 8, one named twice counts once
    std::string claim_id;          // 16 random bytes, minted by the home and kept in its intent
    std::uint64_t epoch = 0;
};

// A public key of a region, signed with the region's border key (Ed25519 or ECDSA over
// signed_bytes()).
struct KeyRecord {
    std::string region;
    std::string kid;  // 1 to 128 of A-Z a-z 0-9 - _ .
    json::object jwk;
    std::string signature;  // by the region's border key over region, kid and jwk
};

// What the signature of a key record is over: region, kid and the JWK with its members sorted by
// name, byte for byte as in docs/formats/directory.md.
std::string signed_bytes(const KeyRecord& record);

struct Options {
    std::string region;  // the own one: claims are always for it
    Pepper pepper;
    std::vector<std::string> regions;  // all, sorted: decoys are drawn from them
    Millis pending_ttl{3'600'000};
};

// Who keeps which subject keys are whose: the directory for all regions, or a region for its own
// people alone (region_keys.h). The claim protocol (claims.h) is the same over both.
class KeyKeeper {
  public:
    virtual ~KeyKeeper() = default;

    virtual SubjectKey key(std::string_view pool_scope, IdentifierKind kind,
                           std::string_view identifier) const = 0;

    // Takes all keys for the own region in one transaction: all or none. The same claim id again
    // renews the time of keys still pending and takes missing ones; active ones stay as they are. A
    // pending claim past its time may be taken over. already_exists (reason "claimed") when any key
    // is held by another claim; failed_precondition (reason "claim_lost") when the claim was
    // released; unavailable when the outcome is unknown or others kept changing the keys.
    virtual io::Task<Result<void>> claim(ClaimRequest request) = 0;
    // Makes a pending claim permanent, comparing the claim id. Idempotent. failed_precondition
    // (reason "claim_lost") when a key is held by another claim or by none.
    virtual io::Task<Result<void>> activate(std::vector<SubjectKey> keys, std::string claim_id) = 0;
    // Deletes the keys that hold this claim id; others are left alone. Idempotent. Only the home
    // calls it, after it has deleted the row. In the same transaction it fences the claim id, so
    // that a claim() whose outcome was unknown, and which is still under way, never lands.
    virtual io::Task<Result<void>> release(std::vector<SubjectKey> keys, std::string claim_id) = 0;
    // Hands keys that are claimed under `from` to the claim `to` of the own region, for which they
    // are active from then on; all or none. It fences `from`. Idempotent. failed_precondition
    // (reason "claim_lost") when a key is held by neither.
    virtual io::Task<Result<void>> adopt(std::vector<SubjectKey> keys, std::string from,
                                         std::string to) = 0;
    // Deletes the keys that hold this claim id, which lives on with others, so without a fence.
    // Idempotent.
    virtual io::Task<Result<void>> drop(std::vector<SubjectKey> keys, std::string claim_id) = 0;
    // Forgets the fence, once whatever may still land would land past its time (pending_ttl after
    // the release). Idempotent.
    virtual io::Task<Result<void>> drop_fence(std::string claim_id) = 0;

    // The linearizable record, for the home's own checks and `directory` commands.
    virtual io::Task<Result<std::optional<Record>>> record(SubjectKey key) = 0;
};

class Homes;

class Directory final : public KeyKeeper {
  public:
    // `homes`: the region's copy (homes.h), where the store is not on this machine.
    Directory(kv::Store& store, io::Clock& clock, Options options, const Homes* homes = nullptr);
    ~Directory() override;

    SubjectKey key(std::string_view pool_scope, IdentifierKind kind,
                   std::string_view identifier) const override;
    io::Task<Result<void>> claim(ClaimRequest request) override;
    io::Task<Result<void>> activate(std::vector<SubjectKey> keys, std::string claim_id) override;
    io::Task<Result<void>> release(std::vector<SubjectKey> keys, std::string claim_id) override;
    io::Task<Result<void>> adopt(std::vector<SubjectKey> keys, std::string from,
                                 std::string to) override;
    io::Task<Result<void>> drop(std::vector<SubjectKey> keys, std::string claim_id) override;
    io::Task<Result<void>> drop_fence(std::string claim_id) override;
    io::Task<Result<std::optional<Record>>> record(SubjectKey key) override;

    // Home of a key, or the decoy when there is none or it is pending and past its time. Known and
    // unknown keys get the same work (I8): a look into the copy, a linearizable read, and the
    // decoy's HMAC. The linearizable answer wins; without one, a home in the copy is still answered
    // (I7). Any other key is unavailable: a pending one may have been given up and taken by another
    // region since.
    io::Task<Result<Located>> locate(SubjectKey key);

    io::Task<Result<void>> publish_key(KeyRecord record);
    // Published keys of all regions; each is checked against its region's border certificate by the
    // verify function of the composition root before it is used.
    io::Task<Result<std::vector<KeyRecord>>> keys();

    // Adds its metrics. Once, at start. They do not tell keys that are there from those that are
    // not: whoever reads them has not the secret (I8).
    void report_to(telemetry::Registry& registry);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace domicile::directory
