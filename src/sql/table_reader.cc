#include "sql/table_reader.h"

#include <algorithm>

namespace domicile::sql {
namespace {

std::string quoted(const std::string& name) { return '"' + name + '"'; }

void append(std::string& list, const std::string& item, const char* separator = ", ") {
    if (!list.empty()) list += separator;
    list += item;
}

std::string placeholders(std::size_t count) {
    std::string out;
    for (std::size_t i = 1; i <= count; ++i) append(out, '$' + std::to_string(i));
    return out;
}

void append_number(std::string& out, std::uint64_t number) {
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift);
}

void append_bytes(std::string& out, char type, const std::string& bytes) {
    out += type;
    append_number(out, bytes.size());
    out += bytes;
}

}  // namespace

std::string canonical(const Row& row) {
    std::string out;
    for (std::size_t i = 0; i < row.values.size(); ++i) {
        const Value& value = row.values[i];
        if (row.is_null(i)) {
            out += 'n';
        } else if (std::holds_alternative<std::int64_t>(value)) {
            out += 'i';
            append_number(out, static_cast<std::uint64_t>(row.integer(i)));
        } else if (std::holds_alternative<std::string>(value)) {
            append_bytes(out, 't', row.text(i));
        } else {
            append_bytes(out, 'b', row.bytes(i));
        }
    }
    return out;
}

Result<TableReader> TableReader::make(Database& database, Table table) {
    TableReader out(database, std::move(table));
    const std::vector<Column>& columns = out.table_.columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        append(out.columns_, quoted(columns[i].name));
        if (columns[i].key > 0) out.key_.push_back(i);
        if (columns[i].type != ColumnType::bigint)
            append(out.size_, "COALESCE(LENGTH(" + quoted(columns[i].name) + "), 0)", " + ");
    }
    if (out.size_.empty()) out.size_ = "0";
    if (out.key_.empty())
        return fail(Code::internal, "Table " + out.table_.name + " has no primary key.");
    std::sort(out.key_.begin(), out.key_.end(),
              [&](std::size_t a, std::size_t b) { return columns[a].key < columns[b].key; });
    for (const std::size_t i : out.key_) append(out.key_names_, quoted(columns[i].name));
    return out;
}

Statement TableReader::select(const std::string& what, std::int64_t limit) const {
    Statement out;
    out.sql = "SELECT " + what + " FROM " + quoted(table_.name);
    if (!after_.empty())
        out.sql += " WHERE (" + key_names_ + ") > (" + placeholders(after_.size()) + ')';
    out.parameters = after_;
    out.parameters.emplace_back(limit);
    out.sql += " ORDER BY " + key_names_ + " LIMIT $" + std::to_string(out.parameters.size());
    return out;
}

io::Task<Result<void>> TableReader::skip_what_is_in(Database& other) {
    std::string order;
    for (const std::size_t i : key_) append(order, quoted(table_.columns[i].name) + " DESC");
    std::vector<Statement> batch;
    batch.push_back({"SELECT " + key_names_ + " FROM " + quoted(table_.name) + " ORDER BY " +
                         order + " LIMIT 1",
                     {}});
    CO_TRY(BatchResult found, co_await other.read(std::move(batch)));
    if (!found[0].rows.empty()) after_ = std::move(found[0].rows[0].values);
    co_return Result<void>();
}

// Rows may have some bytes or some hundred thousand, so that no fixed number of them is right.
io::Task<Result<std::int64_t>> TableReader::rows_that_fit() {
    std::vector<Statement> batch;
    batch.push_back(select("CAST(" + size_ + " AS BIGINT)", kPageRows));
    CO_TRY(const BatchResult sizes, co_await database_.read(std::move(batch)));
    std::int64_t rows = 0;
    std::int64_t bytes = 0;
    for (const Row& row : sizes[0].rows) {
        bytes += row.integer(0);
        if (rows > 0 && bytes > kPageBytes) break;
        ++rows;
    }
    co_return rows;
}

io::Task<Result<std::vector<Row>>> TableReader::next() {
    CO_TRY(const std::int64_t rows, co_await rows_that_fit());
    if (rows == 0) co_return std::vector<Row>();
    std::vector<Statement> batch;
    batch.push_back(select(columns_, rows));
    CO_TRY(BatchResult out, co_await database_.read(std::move(batch)));
    if (out[0].rows.empty()) co_return std::vector<Row>();
    after_.clear();
    for (const std::size_t i : key_) after_.push_back(out[0].rows.back().values[i]);
    co_return std::move(out[0].rows);
}

Statement TableReader::insert(Row row) const {
    const std::string sql = "INSERT INTO " + quoted(table_.name) + " (" + columns_ + ") VALUES (" +
                            placeholders(row.values.size()) + ')';
    return {sql, std::move(row.values)};
}

}  // namespace domicile::sql
