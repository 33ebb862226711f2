// Whether two databases have the same in them, by what one sees who reads both whole.
#include "crypto/hash.h"
#include "sql/copy_parts.h"
#include "sql/table_reader.h"

namespace domicile::sql {
namespace {

io::Task<Result<TableDigest>> digest(Database& database, Table table, CopyProgress progress,
                                     const OnProgress& on_progress) {
    TableDigest out{table.name, 0, {}};
    CO_TRY(TableReader reader, TableReader::make(database, std::move(table)));
    crypto::Sha256 sum;
    while (true) {
        CO_TRY(const std::vector<Row> rows, co_await reader.next());
        if (rows.empty()) break;
        for (const Row& row : rows) sum.update(canonical(row));
        out.rows += static_cast<std::int64_t>(rows.size());
        progress.rows += static_cast<std::int64_t>(rows.size());
        on_progress(progress);
    }
    out.sha256 = sum.finish();
    co_return out;
}

}  // namespace

io::Task<Result<std::vector<TableComparison>>> compare_tables(Database& source, Database& target,
                                                              CopyPlan plan,
                                                              OnProgress on_progress) {
    CO_TRY(const std::vector<Table> tables, co_await tables_of_both(source, target, plan));
    std::vector<TableComparison> out;
    for (const Table& table : tables) {
        CopyProgress progress{table.name, 0, 0};
        CO_TRY(const std::int64_t here, co_await count(source, table.name));
        CO_TRY(const std::int64_t there, co_await count(target, table.name));
        progress.total = here + there;
        TableComparison both;
        CO_TRY(both.source, co_await digest(source, table, progress, on_progress));
        progress.rows = both.source.rows;
        CO_TRY(both.target, co_await digest(target, table, progress, on_progress));
        out.push_back(std::move(both));
    }
    co_return out;
}

}  // namespace domicile::sql
