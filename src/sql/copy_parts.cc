#include "sql/copy_parts.h"

#include <algorithm>
#include <map>

namespace domicile::sql {
namespace {

constexpr const char* kVersions = "schema_versions";
constexpr const char* kMark = "transfer";

bool among(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool has(const std::vector<Table>& tables, const std::string& name) {
    return std::any_of(tables.begin(), tables.end(),
                       [&](const Table& table) { return table.name == name; });
}

// Its tables without those that say something about this place only.
std::vector<Table> carried(std::vector<Table> tables, const CopyPlan& plan) {
    std::erase_if(tables, [&](const Table& table) {
        return table.name == kVersions || table.name == kMark ||
               among(plan.passing_tables, table.name);
    });
    return tables;
}

bool look_alike(const Table& a, const Table& b) {
    const auto same = [](const Column& x, const Column& y) {
        return x.name == y.name && x.type == y.type && x.key == y.key;
    };
    return a.name == b.name &&
           std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(), b.columns.end(), same);
}

using Versions = std::map<std::string, std::int64_t>;

io::Task<Result<Versions>> versions_of(Database& database) {
    std::string sql = "SELECT component, version FROM schema_versions";
    CO_TRY(const std::vector<Row> rows, co_await ask(database, std::move(sql)));
    Versions out;
    for (const Row& row : rows) out[row.text(0)] = row.integer(1);
    co_return out;
}

}  // namespace

const Component kCopyMarkPart = {
    kMark, {"CREATE TABLE transfer (id TEXT PRIMARY KEY, copying BIGINT NOT NULL)"}};

io::Task<Result<std::vector<Row>>> ask(Database& database, std::string sql) {
    std::vector<Statement> batch;
    batch.push_back({std::move(sql), {}});
    CO_TRY(BatchResult out, co_await database.read(std::move(batch)));
    co_return std::move(out[0].rows);
}

io::Task<Result<void>> tell(Database& database, std::vector<Statement> batch) {
    CO_TRY_VOID(co_await database.write(std::move(batch)));
    co_return Result<void>();
}

io::Task<Result<std::int64_t>> count(Database& database, std::string table) {
    std::string sql = "SELECT COUNT(*) FROM \"" + table + '"';
    CO_TRY(const std::vector<Row> rows, co_await ask(database, std::move(sql)));
    co_return rows[0].integer(0);
}

io::Task<Result<std::optional<CopyMark>>> mark_of(Database& database) {
    CO_TRY(const std::vector<Table> tables, co_await database.tables());
    if (!has(tables, kMark)) co_return std::nullopt;
    std::string sql = "SELECT id, copying FROM transfer";
    CO_TRY(const std::vector<Row> rows, co_await ask(database, std::move(sql)));
    if (rows.empty()) co_return std::nullopt;
    co_return CopyMark{rows[0].text(0), rows[0].integer(1) != 0};
}

io::Task<Result<void>> check_parts(Database& source, CopyPlan plan) {
    CO_TRY(Versions versions, co_await versions_of(source));
    versions.erase(kMark);
    for (const std::string& passing : plan.passing_components) versions.erase(passing);
    for (const Component& component : plan.schema) {
        const auto found = versions.find(component.name);
        const auto known = static_cast<std::int64_t>(component.steps.size());
        const std::int64_t has = found == versions.end() ? 0 : found->second;
        if (has != known)
            co_return fail(Code::failed_precondition,
                           "The source's part " + component.name + " is of version " +
                               std::to_string(has) + ", and this program's is " +
                               std::to_string(known) +
                               ". Start the deployment once with this program, stop it, and "
                               "carry it over then.");
        versions.erase(found);
    }
    if (versions.empty()) co_return Result<void>();
    co_return fail(Code::failed_precondition,
                   "The source has a part that this program does not know: " +
                       versions.begin()->first + ". Use the program that it was written by.");
}

io::Task<Result<bool>> is_begun(Database& target, std::string id) {
    CO_TRY(const std::optional<CopyMark> mark, co_await mark_of(target));
    if (mark && mark->id == id) co_return mark->copying;
    if (mark)
        co_return fail(Code::already_exists,
                       "Another copy to this database was begun and not ended.");
    CO_TRY(const std::vector<Table> tables, co_await target.tables());
    for (const Table& table : tables)
        if (table.name != kVersions && table.name != kMark)
            co_return fail(Code::already_exists,
                           "The database is not empty: it has a table " + table.name + '.');
    co_return false;
}

io::Task<Result<std::vector<Table>>> tables_of_both(Database& source, Database& target,
                                                    CopyPlan plan) {
    CO_TRY(std::vector<Table> here, co_await source.tables());
    CO_TRY(std::vector<Table> there, co_await target.tables());
    here = carried(std::move(here), plan);
    there = carried(std::move(there), plan);
    for (const Table& table : here)
        if (std::none_of(there.begin(), there.end(),
                         [&](const Table& other) { return look_alike(table, other); }))
            co_return fail(Code::failed_precondition,
                           "The source's table " + table.name +
                               " is not one that this program makes, or looks otherwise.");
    if (here.size() != there.size())
        co_return fail(Code::failed_precondition, "The source lacks tables of this program.");
    co_return here;
}

}  // namespace domicile::sql
