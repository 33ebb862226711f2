// The file is read twice: whole, before anything is written, and again for what is written.
#include "directory/transfer.h"
#include "directory/transfer_format.h"

namespace domicile::directory {
namespace {

using Batch = std::vector<kv::Write>;

// Those that are not there yet, all at once; until none of them is left.
io::Task<Result<void>> write_batch(kv::Store& store, Batch batch, Imported& report) {
    while (!batch.empty()) {
        kv::Transaction transaction;
        for (const kv::Write& write : batch)
            transaction.compares.push_back({kv::Compare::Kind::absent, write.key, "", 0});
        transaction.writes = batch;
        transaction.repeatable = true;
        CO_TRY(const kv::TransactionResult result, co_await store.commit(std::move(transaction)));
        if (result.applied) {
            report.written += batch.size();
            co_return Result<void>();
        }
        Batch left;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            if (!result.current[i]) {
                left.push_back(std::move(batch[i]));
            } else {
                const bool same = result.current[i]->value == *batch[i].value;
                ++(same ? report.present : report.conflicts);
            }
        }
        batch = std::move(left);
    }
    co_return Result<void>();
}

Result<void> check(io::ReadFile& file) {
    ExportReader reader(file);
    TRY_VOID(reader.read_head());
    while (true) {
        TRY(const auto entry, reader.next());
        if (!entry) return {};
    }
}

Result<Batch> next_batch(ExportReader& reader) {
    Batch batch;
    while (batch.size() < kv::kTransactionItemsMax) {
        TRY(auto entry, reader.next());
        if (!entry) break;
        batch.push_back({std::move(entry->key), std::move(entry->value)});
    }
    return batch;
}

}  // namespace

io::Task<Result<Imported>> import_all(kv::Store& store, io::Files& files, std::string path,
                                      OnEntries on_entries) {
    CO_TRY(const auto file, files.open_read(path));
    CO_TRY_VOID(check(*file));
    ExportReader reader(*file);
    CO_TRY_VOID(reader.read_head());
    Imported report;
    while (true) {
        CO_TRY(Batch batch, next_batch(reader));
        const std::size_t size = batch.size();
        CO_TRY_VOID(co_await write_batch(store, std::move(batch), report));
        on_entries(report.written + report.present + report.conflicts);
        if (size < kv::kTransactionItemsMax) co_return report;
    }
}

}  // namespace domicile::directory
