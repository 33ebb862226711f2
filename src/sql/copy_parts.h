// What a copy has to know about the two databases before it carries anything. Internal to sql.
#pragma once

#include "sql/copy.h"

namespace domicile::sql {

// One statement that reads; braced temporaries in a `co_await` expression are miscompiled.
io::Task<Result<std::vector<Row>>> ask(Database& database, std::string sql);
io::Task<Result<void>> tell(Database& database, std::vector<Statement> batch);
io::Task<Result<std::int64_t>> count(Database& database, std::string table);

// The row of the table `transfer`.
struct CopyMark {
    std::string id;
    bool copying = false;  // the tables are made and were emptied
};
extern const Component kCopyMarkPart;
io::Task<Result<std::optional<CopyMark>>> mark_of(Database& database);

// failed_precondition: the source has parts or versions of them that the plan does not know; they
// would be left behind.
io::Task<Result<void>> check_parts(Database& source, CopyPlan plan);
// Whether this copy was begun and the tables are made. already_exists: the target is somebody
// else's.
io::Task<Result<bool>> is_begun(Database& target, std::string id);
// Those that are carried. failed_precondition when they are not the same at both.
io::Task<Result<std::vector<Table>>> tables_of_both(Database& source, Database& target,
                                                    CopyPlan plan);

}  // namespace domicile::sql
