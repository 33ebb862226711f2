#include "kv/copy.h"

#include <algorithm>
#include <utility>

#include "crypto/hash.h"
#include "io/executor.h"

namespace domicile::kv {
namespace {

// So many transactions are under way at once: they share the engine's waits for the disk.
constexpr std::size_t kBatches = 16;
constexpr std::size_t kPage = kBatches * kTransactionItemsMax;

// Says something about this store only: the mark, and who lives at the moment (under leases).
bool stays(const std::string& key) { return key == kCopyKey || key.starts_with(kPresencePrefix); }

std::string mark_key() { return std::string(kCopyKey); }

// A line with the id, then the key as it is.
std::string mark_value(const std::string& id, const std::string& key) { return id + '\n' + key; }

io::Task<Result<std::vector<Entry>>> page_after(Store& store, std::string after, std::size_t size) {
    std::string all;
    return store.range(std::move(all), std::move(after), size);
}

io::Task<Result<std::optional<Entry>>> mark_of(Store& store) {
    std::string key = mark_key();
    return store.get(std::move(key));
}

io::Task<Result<bool>> is_begun(Store& target, std::string id) {
    CO_TRY(const std::optional<Entry> mark, co_await mark_of(target));
    if (!mark) co_return false;
    if (mark->value.starts_with(id + '\n')) co_return true;
    co_return fail(Code::already_exists, "Another copy to it was begun and not ended.");
}

// The greatest key that is there.
io::Task<Result<std::string>> position(Store& target, std::string id) {
    CO_TRY(const bool begun, co_await is_begun(target, id));
    CO_TRY(const std::optional<Entry> mark, co_await mark_of(target));
    if (!begun || !mark) co_return fail(Code::failed_precondition, "No copy to it was begun.");
    co_return mark->value.substr(id.size() + 1);
}

std::unexpected<Error> somebody_writes() {
    return fail(Code::conflict, "Somebody else writes to it.");
}

// Only while the mark stands where it stood: nothing of a copy that was killed lands later.
io::Task<void> write_batch(Store& target, std::string mark, std::vector<Write> writes,
                           Result<void>& outcome) {
    Transaction transaction;
    transaction.compares.push_back({Compare::Kind::value_is, mark_key(), std::move(mark), 0});
    transaction.writes = std::move(writes);
    transaction.repeatable = true;
    const Result<TransactionResult> done = co_await target.commit(std::move(transaction));
    if (!done) outcome = std::unexpected(done.error());
    if (done && !done->applied) outcome = somebody_writes();
}

// In any order, each again if need be: they are the same whenever they are written.
io::Task<Result<void>> write_page(Store& target, std::string mark, std::vector<Write> writes) {
    Result<void> outcome;
    io::TaskGroup writing;
    for (std::size_t at = 0; at < writes.size(); at += kTransactionItemsMax) {
        const auto begin = writes.begin() + static_cast<std::ptrdiff_t>(at);
        const std::size_t size = std::min(kTransactionItemsMax, writes.size() - at);
        std::vector<Write> batch(begin, begin + static_cast<std::ptrdiff_t>(size));
        writing.spawn(write_batch(target, mark, std::move(batch), outcome));
    }
    while (writing.running() > 0) co_await writing.drain(io::deadline_in(Seconds(1)));
    co_return outcome;
}

// A try whose answer was lost may have been done: then the mark says so.
io::Task<Result<void>> move_mark(Store& target, std::string from, std::string to) {
    Transaction transaction;
    transaction.compares.push_back({Compare::Kind::value_is, mark_key(), std::move(from), 0});
    transaction.writes.push_back({mark_key(), to});
    transaction.repeatable = true;
    CO_TRY(const TransactionResult done, co_await target.commit(std::move(transaction)));
    if (done.applied) co_return Result<void>();
    const std::optional<Entry>& now = done.current[0];
    if (now && now->value == to) co_return Result<void>();
    co_return somebody_writes();
}

void append_bytes(std::string& out, const std::string& bytes) {
    for (int shift = 56; shift >= 0; shift -= 8)
        out += static_cast<char>(static_cast<std::uint64_t>(bytes.size()) >> shift);
    out += bytes;
}

}  // namespace

io::Task<Result<void>> check_copy(Store& source, Store& target, std::string id) {
    CO_TRY_VOID(co_await refuse_unfinished_copy(source));
    CO_TRY(const bool begun, co_await is_begun(target, std::move(id)));
    if (begun) co_return Result<void>();
    std::string start;
    CO_TRY(const auto first, co_await page_after(target, std::move(start), 1));
    if (!first.empty()) co_return fail(Code::already_exists, "It is not empty.");
    co_return Result<void>();
}

io::Task<Result<void>> begin_copy(Store& source, Store& target, std::string id) {
    CO_TRY_VOID(co_await check_copy(source, target, id));
    Transaction transaction;
    transaction.compares.push_back({Compare::Kind::absent, mark_key(), "", 0});
    transaction.writes.push_back({mark_key(), mark_value(id, "")});
    transaction.repeatable = true;
    CO_TRY_VOID(co_await target.commit(std::move(transaction)));
    CO_TRY_VOID(co_await position(target, std::move(id)));
    co_return Result<void>();
}

io::Task<Result<void>> copy_entries(Store& source, Store& target, std::string id,
                                    OnEntries on_entries) {
    CO_TRY(std::string reached, co_await position(target, id));
    while (true) {
        CO_TRY(std::vector<Entry> page, co_await page_after(source, reached, kPage));
        if (page.empty()) co_return Result<void>();
        const std::string mark = mark_value(id, reached);
        reached = page.back().key;
        std::vector<Write> writes;
        for (Entry& entry : page)
            if (!stays(entry.key)) writes.push_back({std::move(entry.key), std::move(entry.value)});
        CO_TRY_VOID(co_await write_page(target, mark, std::move(writes)));
        CO_TRY_VOID(co_await move_mark(target, mark, mark_value(id, reached)));
        on_entries(page.size());
    }
}

io::Task<Result<StoreDigest>> digest(Store& store, OnEntries on_entries) {
    StoreDigest out;
    crypto::Sha256 sum;
    std::string after;
    while (true) {
        CO_TRY(const std::vector<Entry> page, co_await page_after(store, after, kPage));
        if (page.empty()) break;
        after = page.back().key;
        for (const Entry& entry : page) {
            if (stays(entry.key)) continue;
            std::string bytes;
            append_bytes(bytes, entry.key);
            append_bytes(bytes, entry.value);
            sum.update(bytes);
            ++out.entries;
        }
        on_entries(page.size());
    }
    out.sha256 = sum.finish();
    co_return out;
}

io::Task<Result<void>> end_copy(Store& target) {
    Transaction transaction;
    transaction.writes.push_back({mark_key(), std::nullopt});
    transaction.repeatable = true;
    CO_TRY_VOID(co_await target.commit(std::move(transaction)));
    co_return Result<void>();
}

io::Task<Result<void>> refuse_unfinished_copy(Store& store) {
    CO_TRY(const std::optional<Entry> mark, co_await mark_of(store));
    if (!mark) co_return Result<void>();
    co_return fail(Code::failed_precondition,
                   "`domicile migrate-store` was begun with this directory and did not end: what "
                   "is in it is not whole. Run it again.",
                   std::string(kReasonUnfinishedCopy));
}

}  // namespace domicile::kv
