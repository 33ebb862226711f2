#include <deque>
#include <map>
#include <mutex>

#include "io/executor.h"
#include "kv/rules.h"
#include "kv/store.h"

namespace domicile::kv {
namespace {

// Callable from the reactors of several runtimes at once; the lock is never held across a wait.
class MemoryStore final : public Store {
  public:
    explicit MemoryStore(const StoreOptions& options) : options_(options) {}

    io::Task<Result<TransactionResult>> commit(Transaction transaction) override {
        CO_TRY_VOID(check_bounds(transaction));
        co_return apply(transaction);
    }
    io::Task<Result<std::optional<Entry>>> get(std::string key) override { co_return find(key); }
    io::Task<Result<std::vector<Entry>>> range(std::string prefix, std::string after,
                                               std::size_t limit) override {
        co_return list(prefix, after, limit);
    }
    io::Task<Result<std::vector<Change>>> changes(std::int64_t after_revision,
                                                  std::size_t limit) override {
        const Instant give_up = io::deadline_in(options_.watch_wait);
        while (true) {
            CO_TRY(auto found, read_log(after_revision, limit));
            const bool last = io::deadline_in(Millis(0)) >= give_up;
            if (!found.empty() || last) co_return found;
            co_await io::sleep_for(options_.watch_poll);
        }
    }

  private:
    std::optional<Entry> find(const std::string& key) const {
        const std::lock_guard lock(mutex_);
        return find_locked(key);
    }
    std::optional<Entry> find_locked(const std::string& key) const {
        const auto found = entries_.find(key);
        if (found == entries_.end()) return std::nullopt;
        return found->second;
    }

    TransactionResult apply(const Transaction& transaction) {
        const std::lock_guard lock(mutex_);
        TransactionResult out{.applied = true, .revision = revision_, .current = {}};
        for (const Compare& compare : transaction.compares) {
            out.current.push_back(find_locked(compare.key));
            out.applied = out.applied && holds(compare, out.current.back());
        }
        if (!out.applied) return out;
        out.current.clear();
        for (const Write& write : transaction.writes) change(write);
        if (!log_.empty() && log_.back().entry.revision > revision_) ++revision_;
        out.revision = revision_;
        compact();
        return out;
    }

    void change(const Write& write) {
        const std::int64_t revision = revision_ + 1;
        const auto found = entries_.find(write.key);
        const bool present = found != entries_.end();
        if (write.value) {
            const std::int64_t created = present ? found->second.create_revision : revision;
            const Entry entry{write.key, *write.value, created, revision};
            entries_[write.key] = entry;
            log_.push_back({entry, false});
        } else if (present) {
            entries_.erase(found);
            log_.push_back({{write.key, "", 0, revision}, true});
        }
    }

    void compact() {
        while (!log_.empty() &&
               log_.front().entry.revision <= revision_ - options_.log_revisions_max) {
            compacted_ = log_.front().entry.revision;
            log_.pop_front();
        }
    }

    std::vector<Entry> list(const std::string& prefix, const std::string& after,
                            std::size_t limit) const {
        const std::lock_guard lock(mutex_);
        std::vector<Entry> out;
        auto at = after < prefix ? entries_.lower_bound(prefix) : entries_.upper_bound(after);
        for (; at != entries_.end() && out.size() < limit && at->first.starts_with(prefix); ++at)
            out.push_back(at->second);
        return out;
    }

    Result<std::vector<Change>> read_log(std::int64_t after, std::size_t limit) const {
        const std::lock_guard lock(mutex_);
        if (after < compacted_) return compacted();
        std::vector<Change> out;
        for (const Change& change : log_) {
            if (change.entry.revision <= after) continue;
            if (out.size() >= limit && out.back().entry.revision != change.entry.revision) break;
            out.push_back(change);
        }
        return out;
    }

    StoreOptions options_;
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;
    std::deque<Change> log_;
    std::int64_t revision_ = 0;
    std::int64_t compacted_ = 0;  // the last revision that is no longer in the log
};

}  // namespace

std::shared_ptr<Store> make_memory_store(const StoreOptions& options) {
    return std::make_shared<MemoryStore>(options);
}

}  // namespace domicile::kv
