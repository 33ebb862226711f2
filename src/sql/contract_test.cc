// The contract suite over every engine.
#include "sql/contract.h"

#include <map>

#include "sql/postgres_testing.h"

namespace domicile::sql {
namespace {

using testing::TemporaryFolder;

Result<std::unique_ptr<Database>> open_sqlite_in(const TemporaryFolder& folder) {
    return open_sqlite({.path = folder.file("test.db")});
}
// The folder stands for a database, which the first call creates.
Result<std::unique_ptr<Database>> open_postgres_in(const TemporaryFolder& folder) {
    return open_postgres(testing::shared_postgres().options_for(folder.file("")));
}
INSTANTIATE_TEST_SUITE_P(Engines, DatabaseContract,
                         ::testing::Values(EngineUnderTest{"sqlite", open_sqlite_in},
                                           EngineUnderTest{"postgres", open_postgres_in}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace domicile::sql
