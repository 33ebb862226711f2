// Every change reads the records of all keys of a claim, decides, and commits only if none has
// changed meanwhile; so no interleaving of regions gives a key two homes (I1).
#include "directory/directory.h"

#include <algorithm>
#include <functional>

#include "base/check.h"
#include "base/log.h"
#include "base/mutant.h"
#include "crypto/hash.h"
#include "directory/homes.h"
#include "directory/key_record.h"
#include "directory/record.h"
#include "telemetry/outcome.h"

namespace domicile::directory {
namespace {

constexpr int kAttemptsMax = 32;
constexpr std::size_t kPage = 256;

using Keys = std::vector<SubjectKey>;
using Entries = std::vector<std::optional<kv::Entry>>;
using Writes = std::vector<kv::Write>;
// What to write, given what is there; nothing when all is as it should be.
using Decision = std::function<Result<Writes>(const Entries&)>;

kv::Compare unchanged(const SubjectKey& key, const std::optional<kv::Entry>& entry) {
    kv::Compare out;
    out.kind = entry ? kv::Compare::Kind::revision_is : kv::Compare::Kind::absent;
    out.key = store_key(key);
    out.revision = entry ? entry->revision : 0;
    return out;
}

kv::Compare absent(const std::string& key) {
    kv::Compare out;
    out.kind = kv::Compare::Kind::absent;
    out.key = key;
    return out;
}

std::vector<kv::Compare> all_unchanged(const Keys& keys, const Entries& entries) {
    std::vector<kv::Compare> out;
    for (std::size_t i = 0; i < keys.size(); ++i) out.push_back(unchanged(keys[i], entries[i]));
    return out;
}

// Absent or damaged ones are nullopt; damaged ones are an error.
Result<std::optional<Record>> record_of(const std::optional<kv::Entry>& entry) {
    if (!entry) return std::nullopt;
    TRY(Record record, decode(entry->value));
    return record;
}

Result<void> check(const Keys& keys, const std::string& claim_id) {
    const auto whole = [](const SubjectKey& key) { return key.bytes.size() == kSubjectKeyBytes; };
    if (keys.empty() || keys.size() > kKeysPerClaimMax || !std::ranges::all_of(keys, whole) ||
        claim_id.size() != kClaimIdBytes)
        return fail(Code::invalid_argument,
                    "A claim has 1 to 8 subject keys and an id of 16 bytes.");
    return {};
}

struct Claiming {
    Keys keys;
    Record wanted;
    io::Clock& clock;
    Millis ttl;

    Result<Writes> operator()(const Entries& entries) const {
        const Timestamp now = clock.now();
        Record fresh = wanted;
        fresh.pending_until = now + ttl;
        Writes out;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            TRY(const auto held, record_of(entries[i]));
            const bool own = held && held->claim_id == wanted.claim_id && held->home == wanted.home;
            const bool pending = held && held->state == State::pending;
            if (own && (!pending || held->pending_until >= fresh.pending_until)) continue;
            if (held && !own && !(pending && held->pending_until <= now))
                return fail(Code::already_exists, "Another claim holds a key.",
                            std::string(kReasonClaimed));
            out.push_back({store_key(keys[i]), encode(fresh)});
        }
        return out;
    }
};

struct Activating {
    Keys keys;
    std::string home;
    std::string claim_id;

    Result<Writes> operator()(const Entries& entries) const {
        Writes out;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            TRY(const auto held, record_of(entries[i]));
            if (!held || held->claim_id != claim_id || held->home != home)
                return fail(Code::failed_precondition, "The claim no longer holds all its keys.",
                            std::string(kReasonClaimLost));
            if (held->state == State::active) continue;
            Record active = *held;
            active.state = State::active;
            out.push_back({store_key(keys[i]), encode(active)});
        }
        return out;
    }
};

struct Releasing {
    Keys keys;
    std::string home;
    std::string claim_id;
    bool fences = true;

    // The fence goes in even when no key is there: the claim may be on its way.
    Result<Writes> operator()(const Entries& entries) const {
        Writes out;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            TRY(const auto held, record_of(entries[i]));
            if (held && held->claim_id == claim_id && held->home == home)
                out.push_back({store_key(keys[i]), std::nullopt});
        }
        if (fences) out.push_back({fence_key(claim_id), encode_fence(home)});
        return out;
    }
};

struct Adopting {
    Keys keys;
    std::string home;
    std::string from, to;

    Result<Writes> operator()(const Entries& entries) const {
        Writes out;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            TRY(const auto held, record_of(entries[i]));
            const bool ours =
                held && held->home == home && (held->claim_id == from || held->claim_id == to);
            if (!ours)
                return fail(Code::failed_precondition, "The claim no longer holds all its keys.",
                            std::string(kReasonClaimLost));
            if (held->claim_id == to && held->state == State::active) continue;
            out.push_back(
                {store_key(keys[i]), encode({home, State::active, held->epoch, to, Timestamp{}})});
        }
        if (!out.empty()) out.push_back({fence_key(from), encode_fence(home)});
        return out;
    }
};

io::Task<Result<void>> refuse(Error error) { co_return std::unexpected(std::move(error)); }

Keys distinct(Keys keys) {
    std::ranges::sort(keys);
    const auto repeated = std::ranges::unique(keys);
    keys.erase(repeated.begin(), repeated.end());
    return keys;
}

}  // namespace

enum class Change : std::uint8_t { claim, activate, release, adopt, drop };
constexpr std::array<std::string_view, 5> label_values(Change) {
    return {"claim", "activate", "release", "adopt", "drop"};
}
// undecided: the store gave no answer, or others kept changing the keys.
enum class Decided : std::uint8_t { yes, undecided };
constexpr std::array<std::string_view, 2> label_values(Decided) { return {"decided", "undecided"}; }
enum class Source : std::uint8_t { linearizable, local_copy, none };
constexpr std::array<std::string_view, 3> label_values(Source) {
    return {"linearizable", "local_copy", "none"};
}

struct Directory::Impl {
    kv::Store& store;
    io::Clock& clock;
    Options options;
    const Homes* homes;
    struct Metrics {
        const telemetry::CounterBy<Change, Decided> changes;
        const telemetry::CounterBy<Source> lookups;
        const telemetry::TimeHistogram lookup_time;
    } metrics = {};

    io::Task<Result<void>> counted(Change change, io::Task<Result<void>> task);

    // With `unless`, only while that key is absent; failed_precondition otherwise.
    io::Task<Result<void>> transact(Keys keys, Entries entries, Decision decide,
                                    std::optional<std::string> unless = std::nullopt);
    io::Task<Result<void>> transact_on_current(Keys keys, Decision decide);
    std::string decoy(const SubjectKey& key) const;
    std::optional<Home> copied(const SubjectKey& key) const;
};

// `entries` is a guess when it comes in: a wrong one fails to apply and is replaced by the truth.
io::Task<Result<void>> Directory::Impl::transact(Keys keys, Entries entries, Decision decide,
                                                 std::optional<std::string> unless) {
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
        CO_TRY(Writes writes, decide(entries));
        if (writes.empty()) co_return Result<void>();
        kv::Transaction transaction;
        transaction.compares = all_unchanged(keys, entries);
        if (unless) transaction.compares.push_back(absent(*unless));
        if (unless && DOMICILE_IS_MUTANT("claim_without_compare")) transaction.compares.clear();
        transaction.writes = std::move(writes);
        // An earlier try that did land shows in the current entries, where `decide` finds nothing
        // left to do; what a release undid meanwhile, its fence keeps from being done again.
        transaction.repeatable = true;
        CO_TRY(kv::TransactionResult result, co_await store.commit(std::move(transaction)));
        if (result.applied) co_return Result<void>();
        entries = std::move(result.current);
        if (unless && entries.back())
            co_return fail(Code::failed_precondition, "The claim was given up meanwhile.",
                           std::string(kReasonClaimLost));
        entries.resize(keys.size());
    }
    co_return fail(Code::unavailable, "Others keep changing these keys; try again.");
}

// A transaction without writes that expects no key to be there gives the records of all keys at one
// revision.
io::Task<Result<void>> Directory::Impl::transact_on_current(Keys keys, Decision decide) {
    Entries entries(keys.size());
    kv::Transaction look;
    look.compares = all_unchanged(keys, entries);
    CO_TRY(kv::TransactionResult result, co_await store.commit(std::move(look)));
    if (!result.applied) entries = std::move(result.current);
    co_return co_await transact(std::move(keys), std::move(entries), std::move(decide));
}

// A claim that another one holds is decided too: counted apart, it would tell who exists.
io::Task<Result<void>> Directory::Impl::counted(Change change, io::Task<Result<void>> task) {
    auto outcome = co_await task;
    const bool decided = telemetry::outcome_of(outcome) <= telemetry::Outcome::refused;
    metrics.changes.add(change, decided ? Decided::yes : Decided::undecided);
    co_return outcome;
}

std::string Directory::Impl::decoy(const SubjectKey& key) const {
    const std::string mac = crypto::hmac_sha256(options.pepper.key, "decoy" + key.bytes);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i) number = number << 8 | static_cast<unsigned char>(mac[i]);
    return options.regions[number % options.regions.size()];
}

std::optional<Home> Directory::Impl::copied(const SubjectKey& key) const {
    if (homes == nullptr || key.bytes.size() != kSubjectKeyBytes) return std::nullopt;
    return homes->find(KeyBits::of(key.bytes));
}

Directory::Directory(kv::Store& store, io::Clock& clock, Options options, const Homes* homes)
    : impl_(std::make_unique<Impl>(store, clock, std::move(options), homes)) {
    std::ranges::sort(impl_->options.regions);
    DOMICILE_CHECK(std::ranges::binary_search(impl_->options.regions, impl_->options.region));
    DOMICILE_CHECK(!impl_->options.pepper.key.empty());
}
Directory::~Directory() = default;

SubjectKey Directory::key(std::string_view pool_scope, IdentifierKind kind,
                          std::string_view identifier) const {
    return subject_key(impl_->options.pepper, pool_scope, kind, identifier);
}

io::Task<Result<void>> Directory::claim(ClaimRequest request) {
    Keys keys = distinct(std::move(request.keys));
    if (auto valid = check(keys, request.claim_id); !valid) return refuse(valid.error());
    const Record wanted{impl_->options.region, State::pending, request.epoch,
                        std::move(request.claim_id), Timestamp{}};
    Claiming decide{keys, wanted, impl_->clock, impl_->options.pending_ttl};
    Entries guess(keys.size());  // mostly nobody holds them
    return impl_->counted(Change::claim,
                          impl_->transact(std::move(keys), std::move(guess), std::move(decide),
                                          fence_key(wanted.claim_id)));
}

io::Task<Result<void>> Directory::activate(std::vector<SubjectKey> keys, std::string claim_id) {
    keys = distinct(std::move(keys));
    if (auto valid = check(keys, claim_id); !valid) return refuse(valid.error());
    Activating decide{keys, impl_->options.region, std::move(claim_id)};
    return impl_->counted(Change::activate,
                          impl_->transact_on_current(std::move(keys), std::move(decide)));
}

io::Task<Result<void>> Directory::release(std::vector<SubjectKey> keys, std::string claim_id) {
    keys = distinct(std::move(keys));
    if (auto valid = check(keys, claim_id); !valid) return refuse(valid.error());
    Releasing decide{keys, impl_->options.region, std::move(claim_id)};
    return impl_->counted(Change::release,
                          impl_->transact_on_current(std::move(keys), std::move(decide)));
}

io::Task<Result<void>> Directory::adopt(std::vector<SubjectKey> keys, std::string from,
                                        std::string to) {
    keys = distinct(std::move(keys));
    if (auto valid = check(keys, from); !valid) return refuse(valid.error());
    if (auto valid = check(keys, to); !valid) return refuse(valid.error());
    Adopting decide{keys, impl_->options.region, std::move(from), std::move(to)};
    return impl_->counted(Change::adopt,
                          impl_->transact_on_current(std::move(keys), std::move(decide)));
}

io::Task<Result<void>> Directory::drop(std::vector<SubjectKey> keys, std::string claim_id) {
    keys = distinct(std::move(keys));
    if (auto valid = check(keys, claim_id); !valid) return refuse(valid.error());
    Releasing decide{keys, impl_->options.region, std::move(claim_id), false};
    return impl_->counted(Change::drop,
                          impl_->transact_on_current(std::move(keys), std::move(decide)));
}

io::Task<Result<void>> Directory::drop_fence(std::string claim_id) {
    kv::Transaction transaction;
    transaction.writes.push_back({fence_key(claim_id), std::nullopt});
    transaction.repeatable = true;
    CO_TRY_VOID(co_await impl_->store.commit(std::move(transaction)));
    co_return Result<void>();
}

io::Task<Result<Located>> Directory::locate(SubjectKey key) {
    const std::int64_t start = impl_->clock.monotonic_ns();
    const std::optional<Home> copied = impl_->copied(key);
    if (DOMICILE_IS_MUTANT("trust_negative_local_answer") && !copied)
        co_return Located{impl_->decoy(key), false, 0};
    auto sure = co_await impl_->store.get(store_key(key));
    impl_->metrics.lookup_time.observe(telemetry::Nanos(impl_->clock.monotonic_ns() - start));
    const Source unsure = copied ? Source::local_copy : Source::none;
    impl_->metrics.lookups.add(sure ? Source::linearizable : unsure);
    Located out{impl_->decoy(key), false, 0};
    if (!sure && !copied) co_return std::unexpected(sure.error());
    if (!sure) co_return Located{std::string(copied->region), true, copied->epoch};
    CO_TRY(auto record, record_of(*sure));
    const bool known =
        record && (record->state == State::active || record->pending_until > impl_->clock.now());
    if (!known) co_return out;
    out.home = std::move(record->home);
    out.known = true;
    out.epoch = record->epoch;
    co_return out;
}

void Directory::report_to(telemetry::Registry& registry) {
    const Impl::Metrics& metrics = impl_->metrics;
    registry.add("domicile_directory_changes_total",
                 "Changes of keys: claims, activations, releases, new and old keys of people who "
                 "stay; undecided: the store did not answer, or others "
                 "kept changing the keys.",
                 metrics.changes, {"change", "outcome"});
    registry.add("domicile_directory_lookups_total",
                 "Look-ups of homes by what answered; none: nothing did. Known and unknown people "
                 "count alike.",
                 metrics.lookups, {"source"});
    registry.add("domicile_directory_lookup_duration_seconds", "Look-ups of homes.",
                 metrics.lookup_time);
    const Homes* const homes = impl_->homes;
    if (homes == nullptr) return;
    registry.add_gauge("domicile_directory_copy_homes", "Homes that the region's copy has.",
                       [homes] { return static_cast<double>(homes->size()); });
    registry.add_gauge("domicile_directory_copy_bytes", "Memory of the region's copy.",
                       [homes] { return static_cast<double>(homes->bytes()); });
}

io::Task<Result<std::optional<Record>>> Directory::record(SubjectKey key) {
    CO_TRY(auto entry, co_await impl_->store.get(store_key(key)));
    co_return record_of(entry);
}

io::Task<Result<void>> Directory::publish_key(KeyRecord record) {
    if (record.region != impl_->options.region)
        co_return fail(Code::invalid_argument, "A region publishes only its own keys.");
    CO_TRY(kv::Write write, encode_key(record));
    CO_TRY(auto present, co_await impl_->store.get(write.key));
    if (present && present->value == *write.value) co_return Result<void>();
    kv::Transaction transaction;
    transaction.writes.push_back(std::move(write));
    transaction.repeatable = true;
    CO_TRY_VOID(co_await impl_->store.commit(std::move(transaction)));
    co_return Result<void>();
}

// What one region wrote badly must not keep the others from reading the rest.
io::Task<Result<std::vector<KeyRecord>>> Directory::keys() {
    std::vector<KeyRecord> out;
    std::string after;
    while (true) {
        std::string prefix = kKeyRecordPrefix;
        CO_TRY(auto page, co_await impl_->store.range(std::move(prefix), after, kPage));
        for (const kv::Entry& entry : page) {
            if (auto record = decode_key(entry))
                out.push_back(std::move(*record));
            else
                log::warning("key_record_ignored");
        }
        if (page.size() < kPage) break;
        after = page.back().key;
    }
    co_return out;
}

}  // namespace domicile::directory
