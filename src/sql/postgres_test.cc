#include <gtest/gtest.h>

#include "sql/postgres_testing.h"
#include "sql/testing.h"

namespace domicile::sql {
namespace {

using testing::PostgresServer;
using testing::shared_postgres;
using testing::TemporaryFolder;

Result<BatchResult> read(Database& database, std::vector<Statement> batch) {
    return io::run_task<Result<BatchResult>>([&] { return database.read(batch); });
}

TEST(Postgres, an_error_names_no_value) {
    TemporaryFolder folder;
    auto database = open_postgres(shared_postgres().options_for(folder.file("")));
    ASSERT_TRUE(database);
    const auto out = read(**database, {{"SELECT CAST('secret-id' AS BIGINT)", {}}});
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().message, "PostgreSQL refuses with SQLSTATE 22P02.");
}

TEST(Postgres, a_server_that_is_not_there_is_unavailable) {
    PostgresOptions options;
    options.servers = {{"/nonexistent", 5432}};
    options.database = options.user = "none";
    auto database = open_postgres(options);
    ASSERT_TRUE(database);
    const auto out = read(**database, {{"SELECT 1", {}}});
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, Code::unavailable);
}

}  // namespace
}  // namespace domicile::sql
