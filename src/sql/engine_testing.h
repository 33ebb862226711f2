// For tests of what stands on sql: the same tests run on every engine. Not part of any library.
#pragma once

#include "sql/postgres_testing.h"

namespace domicile::sql::testing {

// A database that stands for `path`: the SQLite file there, or, when DOMICILE_TEST_SQL is
// "postgres", one on this process's PostgreSQL server.
inline std::unique_ptr<Database> open_database(const std::string& path) {
    const char* engine = std::getenv("DOMICILE_TEST_SQL");
    const bool postgres = engine != nullptr && std::string_view(engine) == "postgres";
    auto out =
        postgres ? open_postgres(shared_postgres().options_for(path)) : open_sqlite({.path = path});
    EXPECT_TRUE(out) << path;
    return out ? std::move(*out) : nullptr;
}

}  // namespace domicile::sql::testing
