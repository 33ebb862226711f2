#include "kv/etcd.h"

#include <map>
#include <set>

#include "base/check.h"
#include "base/encoding.h"
#include "io/executor.h"
#include "kv/etcd_client.h"
#include "kv/etcd_codec.h"
#include "kv/etcd_watch.h"
#include "kv/rules.h"

namespace domicile::kv {
namespace {

using etcd::Watch;

class EtcdStore final : public Store {
  public:
    explicit EtcdStore(std::unique_ptr<etcd::Client> client) : client_(std::move(client)) {}

    io::Task<Result<TransactionResult>> commit(Transaction transaction) override;
    io::Task<Result<std::optional<Entry>>> get(std::string key) override;
    io::Task<Result<std::vector<Entry>>> range(std::string prefix, std::string after,
                                               std::size_t limit) override;
    io::Task<Result<std::vector<Change>>> changes(std::int64_t after_revision,
                                                  std::size_t limit) override;
    io::Task<Result<void>> keep_present(std::string key, std::string value, Seconds ttl) override;
    io::Task<void> stop() override;
    void report_to(telemetry::Registry& registry, const std::string& name) override {
        client_->report_to(registry, name);
    }

  private:
    const std::string& prefix() const { return client_->options().prefix; }
    const StoreOptions& options() const { return client_->options().store; }
    io::Task<void> compact(std::int64_t revision);
    io::Task<Result<std::int64_t>> grant(std::string key, std::string value, Seconds ttl);
    std::int64_t lease_of(const std::string& key);
    void note_lease(const std::string& key, std::int64_t lease);
    std::shared_ptr<Watch> take_watch(std::int64_t after);
    void return_watch(std::shared_ptr<Watch> watch, bool good);

    std::unique_ptr<etcd::Client> client_;
    std::atomic<std::int64_t> compacted_ = 0;  // up to where this process asked for it
    std::mutex mutex_;
    // Under mutex_. Where the last call of changes() ended, for the next one to go on; one at a
    // time, since one task of a process follows a store.
    std::shared_ptr<Watch> watch_;
    std::set<std::shared_ptr<Watch>> used_;       // under mutex_: those of calls under way
    bool stopped_ = false;                        // under mutex_
    std::map<std::string, std::int64_t> leases_;  // under mutex_, by the key that they hold
};

// What only looks may always be sent again.
io::Task<Result<TransactionResult>> EtcdStore::commit(Transaction transaction) {
    CO_TRY_VOID(check_bounds(transaction));
    json::object request = etcd::encode_transaction(transaction, prefix());
    const bool repeatable = transaction.repeatable || transaction.writes.empty();
    CO_TRY(const json::object response,
           co_await client_->call("/v3/kv/txn", std::move(request), repeatable));
    CO_TRY(TransactionResult out, etcd::decode_transaction(response, transaction, prefix()));
    if (out.applied && !transaction.writes.empty()) co_await compact(out.revision);
    co_return out;
}

// Every so many revisions, and whichever process comes first: to compact again what is compacted
// is refused, and does no harm.
io::Task<void> EtcdStore::compact(std::int64_t revision) {
    const std::int64_t kept = options().log_revisions_max;
    if (kept <= 0) co_return;
    const std::int64_t step = std::max<std::int64_t>(kept / 10, 1);
    std::int64_t done = compacted_.load();
    const std::int64_t wanted = revision - kept;
    if (wanted <= 0 || wanted < done + step) co_return;
    if (!compacted_.compare_exchange_strong(done, wanted)) co_return;
    json::object request{{"revision", std::to_string(wanted)}};
    (void)co_await client_->call("/v3/kv/compaction", std::move(request), true);
}

io::Task<Result<std::optional<Entry>>> EtcdStore::get(std::string key) {
    json::object request = etcd::encode_get(key, prefix());
    CO_TRY(const json::object response,
           co_await client_->call("/v3/kv/range", std::move(request), true));
    co_return etcd::decode_one(response, key, prefix());
}

io::Task<Result<std::vector<Entry>>> EtcdStore::range(std::string under, std::string after,
                                                      std::size_t limit) {
    auto request = etcd::encode_range(under, after, limit, prefix());
    if (!request) co_return std::vector<Entry>();
    CO_TRY(const json::object response,
           co_await client_->call("/v3/kv/range", std::move(*request), true));
    co_return etcd::decode_entries(response, prefix());
}

std::int64_t EtcdStore::lease_of(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = leases_.find(key);
    return found == leases_.end() ? 0 : found->second;
}

void EtcdStore::note_lease(const std::string& key, std::int64_t lease) {
    const std::lock_guard lock(mutex_);
    leases_[key] = lease;
}

// A lease that was granted and not heard of ends by itself.
io::Task<Result<std::int64_t>> EtcdStore::grant(std::string key, std::string value, Seconds ttl) {
    json::object ask{{"TTL", std::to_string(ttl.count())}};
    CO_TRY(const json::object granted,
           co_await client_->call("/v3/lease/grant", std::move(ask), true));
    const std::int64_t lease = etcd::number_of(granted, "ID");
    if (lease == 0) co_return fail(Code::unavailable, "etcd granted no lease.");
    json::object put{{"key", to_base64(prefix() + key)},
                     {"value", to_base64(value)},
                     {"lease", std::to_string(lease)}};
    CO_TRY_VOID(co_await client_->call("/v3/kv/put", std::move(put), true));
    co_return lease;
}

io::Task<Result<void>> EtcdStore::keep_present(std::string key, std::string value, Seconds ttl) {
    DOMICILE_CHECK(key.starts_with(kPresencePrefix));
    std::int64_t lease = lease_of(key);
    if (lease != 0) {
        json::object ask{{"ID", std::to_string(lease)}};
        CO_TRY(const json::object kept,
               co_await client_->call("/v3/lease/keepalive", std::move(ask), true));
        if (etcd::lease_lives(kept)) co_return Result<void>();
    }
    CO_TRY(lease, co_await grant(key, std::move(value), ttl));
    note_lease(key, lease);
    co_return Result<void>();
}

// Two callers never share a watch: one that is used is out of its place.
std::shared_ptr<Watch> EtcdStore::take_watch(std::int64_t after) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return nullptr;
    std::shared_ptr<Watch> found;
    if (watch_ && &watch_->executor() == &io::Executor::current()) found = std::move(watch_);
    if (found && !found->continues(after)) {
        found->stop();
        found.reset();
    }
    if (!found) found = Watch::start(*client_, after);
    used_.insert(found);
    return found;
}

void EtcdStore::return_watch(std::shared_ptr<Watch> watch, bool good) {
    const std::lock_guard lock(mutex_);
    used_.erase(watch);
    if (good && !watch_ && !stopped_) {
        watch_ = std::move(watch);
    } else {
        watch->stop();
    }
}

io::Task<Result<std::vector<Change>>> EtcdStore::changes(std::int64_t after_revision,
                                                         std::size_t limit) {
    std::shared_ptr<Watch> watch = take_watch(after_revision);
    if (!watch) co_return fail(Code::cancelled, "The store is stopping.");
    auto out = co_await watch->next(limit, options().watch_wait);
    return_watch(std::move(watch), out.has_value());
    co_return out;
}

struct StopWatch {
    static io::Task<Result<void>> run(std::shared_ptr<Watch> watch) {
        watch->stop();
        co_await watch->stopped();
        co_return Result<void>();
    }
};

// Not in the coroutine that awaits it: see run_blocking.
io::Task<Result<void>> stop_there(std::shared_ptr<Watch> watch) {
    io::Executor& there = watch->executor();
    return io::run_on<Result<void>>(there, [watch] { return StopWatch::run(watch); });
}

io::Task<void> EtcdStore::stop() {
    std::set<std::shared_ptr<Watch>> all;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        all = used_;
        if (watch_) all.insert(std::exchange(watch_, nullptr));
    }
    for (const std::shared_ptr<Watch>& watch : all) (void)co_await stop_there(watch);
}

}  // namespace

Result<std::unique_ptr<Store>> open_etcd_store(EtcdOptions options) {
    TRY(auto client, etcd::Client::make(std::move(options)));
    return std::make_unique<EtcdStore>(std::move(client));
}

}  // namespace domicile::kv
