#include "sql/tables.h"

#include <algorithm>
#include <optional>

namespace domicile::sql {
namespace {

std::optional<ColumnType> type_of(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (name == "bigint") return ColumnType::bigint;
    if (name == "text") return ColumnType::text;
    if (name == "bytea") return ColumnType::bytea;
    return std::nullopt;
}

}  // namespace

Result<std::vector<Table>> tables_of(const std::vector<Row>& catalogue) {
    std::vector<Table> out;
    for (const Row& row : catalogue) {
        const std::optional<ColumnType> type = type_of(row.text(2));
        if (!type)
            return fail(Code::unsupported, "Column " + row.text(1) + " of table " + row.text(0) +
                                               " has the type " + row.text(2) +
                                               ", which is none of BIGINT, TEXT and BYTEA.");
        if (out.empty() || out.back().name != row.text(0)) out.push_back({row.text(0), {}});
        out.back().columns.push_back({row.text(1), *type, row.integer(3)});
    }
    return out;
}

}  // namespace domicile::sql
