// Carries all tables of one database to another, whatever engines they have.
//
// Rows go over in the order of their primary keys, in bounded batches. The greatest key that is at
// the target is therefore how far it got, and it got there in the transaction of its row: a copy
// that was killed goes on from it, and nothing else has to be remembered.
//
// While it is under way, the target has a mark: the table `transfer` with the copy's id in it. Who
// opens a database for use asks refuse_unfinished_copy.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sql/database.h"

namespace domicile::sql {

inline constexpr std::string_view kReasonUnfinishedCopy = "unfinished_copy";

struct CopyPlan {
    std::string id;                 // of this copy, the same when it goes on
    std::vector<Component> schema;  // every part of the database
    // Parts that are about running processes, and their tables: not carried.
    std::vector<std::string> passing_components, passing_tables;
};

struct CopyProgress {
    std::string table;
    std::int64_t rows = 0, total = 0;  // at the target; at the source
};
using OnProgress = std::function<void(const CopyProgress&)>;

struct TableDigest {
    std::string table;
    std::int64_t rows = 0;
    std::string sha256;  // raw, over the rows in the order of their keys
    bool operator==(const TableDigest&) const = default;
};
struct TableComparison {
    TableDigest source, target;
    bool same() const { return source == target; }
};

// Changes nothing. already_exists when there is anything in the target that is not of this copy;
// failed_precondition when the source has a part that the plan does not know, or one of another
// version, or is itself the target of a copy that did not end.
io::Task<Result<void>> check_copy(Database& source, Database& target, CopyPlan plan);
// That, then marks the target and makes its tables. failed_precondition also when the source has a
// table that they have not.
io::Task<Result<void>> begin_copy(Database& source, Database& target, CopyPlan plan);
// After begin_copy; again after any interruption.
io::Task<Result<void>> copy_tables(Database& source, Database& target, CopyPlan plan,
                                   OnProgress on_progress);
// Reads both whole.
io::Task<Result<std::vector<TableComparison>>> compare_tables(Database& source, Database& target,
                                                              CopyPlan plan,
                                                              OnProgress on_progress);
// Takes the mark away: the target may be used. May be repeated.
io::Task<Result<void>> end_copy(Database& target, std::string id);

// failed_precondition (reason kReasonUnfinishedCopy) when a copy to it was begun and not ended.
io::Task<Result<void>> refuse_unfinished_copy(Database& database);

}  // namespace domicile::sql
