// Groups of a pool, and who of the people at home here is in them. A group's name may say something
// about them, so it is sealed under a region key and found by a keyed hash; that two people share a
// group can be seen at rest, which group it is cannot. Each region has its own groups.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/types.h"
#include "io/clock.h"
#include "io/task.h"
#include "keyring/keyring.h"
#include "sql/database.h"

namespace domicile::identity {

class Groups {
  public:
    static constexpr std::int64_t kGroupsOfPoolMax = 10'000;
    static constexpr std::int64_t kGroupsOfPersonMax = 100;

    Groups(sql::Database& database, keyring::Keyring& keyring, io::Clock& clock, io::Random& random)
        : database_(database),
          clock_(clock),
          random_(random),
          key_(keyring.region_key("identity.group")),
          index_secret_(keyring.region_secret("identity.group_name")) {}
    // Steps of the component "identity".
    static std::vector<std::string> schema();

    // already_exists with reason group_exists; resource_exhausted with reason too_many_groups.
    io::Task<Result<Group>> create(std::string pool, Group group);
    // not_found with reason unknown_group, as below.
    io::Task<Result<Group>> get(std::string pool, std::string name);
    // What is absent stays. resource_exhausted when another change came between.
    io::Task<Result<Group>> update(std::string pool, GroupChange change);
    io::Task<Result<void>> remove(std::string pool, std::string name);
    // In the order of the names' hashes, after one of them; `next` is empty at the end.
    struct Page {
        std::vector<Group> groups;
        std::string next;
    };
    io::Task<Result<Page>> list(std::string pool, std::string after, std::int64_t limit);

    // Both are idempotent. too_many_groups.
    io::Task<Result<void>> add(std::string pool, std::string name, std::string sub);
    io::Task<Result<void>> leave(std::string pool, std::string name, std::string sub);
    // By precedence, then name: the order of the claims.
    io::Task<Result<std::vector<Group>>> of_person(std::string sub);
    // Their subs, in order, after one of them.
    io::Task<Result<std::vector<std::string>>> members(std::string pool, std::string name,
                                                       std::string after, std::int64_t limit);

  private:
    struct Row;
    io::Task<Result<Row>> find(std::string pool, std::string name);
    Result<Row> read(const sql::Row& row) const;
    sql::Blob index(std::string_view pool, std::string_view name) const;
    sql::Blob sealed(const std::string& id, const Group& group) const;

    sql::Database& database_;
    io::Clock& clock_;
    io::Random& random_;
    keyring::DataKey key_;
    std::string index_secret_;
};

}  // namespace domicile::identity
