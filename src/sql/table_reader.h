// Reads a table in the order of its primary key, in pages of bounded size. Internal to sql.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/database.h"

namespace domicile::sql {

class TableReader {
  public:
    // internal for a table without a primary key. The database outlives the reader.
    static Result<TableReader> make(Database& database, Table table);

    // From the row after the greatest one that `other` has.
    io::Task<Result<void>> skip_what_is_in(Database& other);
    // At least one row; none at the end. About kPageBytes, or one row that is larger.
    io::Task<Result<std::vector<Row>>> next();

    // One statement a row, for a table that looks the same.
    Statement insert(Row row) const;

    static constexpr std::int64_t kPageRows = 500;
    static constexpr std::int64_t kPageBytes = 4 << 20;

  private:
    TableReader(Database& database, Table table) : database_(database), table_(std::move(table)) {}

    Statement select(const std::string& what, std::int64_t limit) const;
    io::Task<Result<std::int64_t>> rows_that_fit();

    Database& database_;
    Table table_;
    std::vector<std::size_t> key_;  // columns, in the key's order
    std::string columns_, key_names_, size_;
    std::vector<Value> after_;  // values of the key; nothing at the start
};

// The same bytes for the same row on every engine, and others for every other row: a letter for the
// type and 8 bytes, big-endian, of the integer or the length, then the bytes.
std::string canonical(const Row& row);

}  // namespace domicile::sql
