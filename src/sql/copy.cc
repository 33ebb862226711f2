#include "sql/copy.h"

#include "sql/copy_parts.h"
#include "sql/table_reader.h"

namespace domicile::sql {
namespace {

io::Task<Result<void>> copy_table(Database& source, Database& target, Table table,
                                  const OnProgress& on_progress) {
    CopyProgress progress{table.name, 0, 0};
    CO_TRY(progress.total, co_await count(source, table.name));
    CO_TRY(progress.rows, co_await count(target, table.name));
    CO_TRY(TableReader reader, TableReader::make(source, std::move(table)));
    CO_TRY_VOID(co_await reader.skip_what_is_in(target));
    while (true) {
        on_progress(progress);
        CO_TRY(std::vector<Row> rows, co_await reader.next());
        if (rows.empty()) co_return Result<void>();
        progress.rows += static_cast<std::int64_t>(rows.size());
        std::vector<Statement> batch;
        batch.reserve(rows.size());
        for (Row& row : rows) batch.push_back(reader.insert(std::move(row)));
        CO_TRY_VOID(co_await tell(target, std::move(batch)));
    }
}

}  // namespace

io::Task<Result<void>> check_copy(Database& source, Database& target, CopyPlan plan) {
    CO_TRY_VOID(co_await refuse_unfinished_copy(source));
    CO_TRY_VOID(co_await check_parts(source, plan));
    CO_TRY_VOID(co_await is_begun(target, plan.id));
    co_return Result<void>();
}

io::Task<Result<void>> begin_copy(Database& source, Database& target, CopyPlan plan) {
    CO_TRY_VOID(co_await check_copy(source, target, plan));
    CO_TRY(const bool begun, co_await is_begun(target, plan.id));
    if (begun) co_return Result<void>();
    // The mark is there before any table that could be taken for the data.
    CO_TRY_VOID(co_await target.migrate(kCopyMarkPart.name, kCopyMarkPart.steps));
    std::vector<Statement> batch;
    batch.push_back(
        {"INSERT INTO transfer (id, copying) VALUES ($1, 0) ON CONFLICT (id) DO NOTHING",
         {plan.id}});
    CO_TRY_VOID(co_await tell(target, std::move(batch)));
    for (const Component& component : plan.schema)
        CO_TRY_VOID(co_await target.migrate(component.name, component.steps));
    CO_TRY(const std::vector<Table> tables, co_await tables_of_both(source, target, plan));
    // Steps put rows in, too.
    std::vector<Statement> emptying;
    emptying.reserve(tables.size() + 1);
    for (const Table& table : tables) emptying.push_back({"DELETE FROM \"" + table.name + '"', {}});
    emptying.push_back({"UPDATE transfer SET copying = 1 WHERE id = $1", {plan.id}, 1});
    co_return co_await tell(target, std::move(emptying));
}

io::Task<Result<void>> copy_tables(Database& source, Database& target, CopyPlan plan,
                                   OnProgress on_progress) {
    CO_TRY(std::vector<Table> tables, co_await tables_of_both(source, target, plan));
    for (Table& table : tables)
        CO_TRY_VOID(co_await copy_table(source, target, std::move(table), on_progress));
    co_return Result<void>();
}

io::Task<Result<void>> end_copy(Database& target, std::string id) {
    CO_TRY(const std::optional<CopyMark> mark, co_await mark_of(target));
    if (!mark) co_return Result<void>();
    std::vector<Statement> batch;
    batch.push_back({"DELETE FROM transfer WHERE id = $1", {std::move(id)}});
    co_return co_await tell(target, std::move(batch));
}

io::Task<Result<void>> refuse_unfinished_copy(Database& database) {
    CO_TRY(const std::optional<CopyMark> mark, co_await mark_of(database));
    if (!mark) co_return Result<void>();
    co_return fail(Code::failed_precondition,
                   "`domicile migrate-store` was begun with this database and did not end: what is "
                   "in it is not whole. Run it again.",
                   std::string(kReasonUnfinishedCopy));
}

}  // namespace domicile::sql
