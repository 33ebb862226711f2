// Tables of documents (items) keyed by a partition and an optional sort key. Resident tables
// declare the attribute that holds the subject; the guard against writes for subjects at home
// elsewhere is here, where no dialect can go round it. Items are encrypted under the subject's key
// (region key for subject-less tables); keys are stored as blind indexes unless the table opts out.
// Global tables are in the store that all regions share, and hold only what they declare and
// nothing that looks like personal data.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "access/access.h"
#include "audit/log.h"
#include "base/live.h"
#include "base/result.h"
#include "config/config.h"
#include "io/task.h"
#include "keyring/keyring.h"
#include "kv/store.h"
#include "sql/database.h"
#include "telemetry/registry.h"

namespace domicile::documents {

// DynamoDB's type system. Numbers are decimal text, normalised, up to 38 significant digits.
struct Attribute;
using Item = std::map<std::string, Attribute>;
struct Number {
    std::string text;
    bool operator==(const Number&) const = default;
};
struct Binary {
    std::string bytes;
    bool operator==(const Binary&) const = default;
};
struct Null {
    bool operator==(const Null&) const = default;
};
struct StringSet {
    std::set<std::string> values;
    bool operator==(const StringSet&) const = default;
};
struct NumberSet {
    std::set<std::string> values;
    bool operator==(const NumberSet&) const = default;
};
struct BinarySet {
    std::set<std::string> values;
    bool operator==(const BinarySet&) const = default;
};
struct Attribute {
    std::variant<std::string, Number, Binary, bool, Null, StringSet, NumberSet, BinarySet,
                 std::vector<Attribute>, std::map<std::string, Attribute>>
        value;
    bool operator==(const Attribute&) const = default;
};

// The number in normal form: plain decimal notation without needless zeros ("-0" is "0").
// invalid_argument when it is no number, has more than 38 significant digits, or lies outside
// DynamoDB's range (magnitude 1E-130 to 9.99E+125).
Result<Number> make_number(std::string_view text);

// As DynamoDB counts it: names and values in UTF-8 bytes, numbers about half a byte a digit, lists
// and maps 3 bytes and one per element.
std::size_t item_bytes(const Item& item);

inline constexpr std::size_t kItemBytesMax = 400 * 1024;
inline constexpr std::size_t kGlobalItemBytesMax = kv::kValueBytesMax;  // as it is stored
inline constexpr std::size_t kPageBytesMax = 1 << 20;                   // of a query's result
inline constexpr std::size_t kSortedPartitionRowsMax = 10'000;  // of a partition sorted in memory

// Asks the home's own database; implemented by identity in the composition root.
using IsResident = std::function<io::Task<Result<bool>>(std::string subject)>;

namespace reason {
inline constexpr const char* kNotHome = "not_home";  // misdirected: subject's home is elsewhere
inline constexpr const char* kUnknownTable = "unknown_table";
inline constexpr const char* kConditionFailed = "condition_failed";
inline constexpr const char* kKeySchema = "key_schema";  // key attribute missing or of another type
inline constexpr const char* kItemSize = "item_size";    // above 400 KB, global 64 KiB
inline constexpr const char* kPartitionSize = "partition_size";  // too large to be sorted in memory
// Of writes to a global table; in the audit log before they are returned.
inline constexpr const char* kNotDeclared = "not_declared";      // attribute or type
inline constexpr const char* kLooksPersonal = "looks_personal";  // a value, or a name in a map
}  // namespace reason

struct SortRange {  // on the sort key
    enum class Kind : std::uint8_t {
        all,
        equal,
        less,
        less_equal,
        greater,
        greater_equal,
        between,
        begins_with
    } kind = Kind::all;
    std::optional<Attribute> low, high;
};
struct QueryRequest {
    std::string table;
    Attribute partition;
    SortRange sort;
    bool forward = true;
    std::optional<std::size_t> limit;
    std::optional<Item> start_after;  // the key of the last item of the page before
};
struct QueryResult {
    std::vector<Item> items;
    std::optional<Item> last_key;  // present when there is more
};
struct UpdateRequest {
    std::string table;
    Item key;
    std::map<std::string, Attribute> set;
    std::vector<std::string> remove;
    std::optional<bool> must_exist;  // condition on the item's existence
};
struct UpdateResult {
    std::optional<Item> before;
    Item after;
};

class Documents {
  public:
    struct Parts {
        Ref<config::NamedList<config::Table>> tables;  // must outlive this
        sql::Database& database;
        keyring::Keyring& keyring;
        audit::Log& audit;
        IsResident is_resident;
        kv::Store* shared = nullptr;  // of all regions, for global tables; null: there are none
    };
    explicit Documents(Parts parts);
    ~Documents();
    io::Task<Result<void>> open();

    const config::NamedList<config::Table>& tables() const;
    const config::Table* describe(std::string_view table) const;  // nullptr if there is none
    // Code::not_found with kUnknownTable; failed_precondition with kConditionFailed;
    // invalid_argument with kKeySchema, kItemSize, kNotDeclared or kLooksPersonal;
    // permission_denied; misdirected with kNotHome, which is in the audit log before it is
    // returned; conflict when concurrent writers of one item never let this one through;
    // resource_exhausted for a query over more encrypted rows than are sorted in memory. A read for
    // a subject at home elsewhere finds nothing, since nothing is here.
    //
    // Each is authorised as "dynamodb:<Operation>" on "table/<name>"; a principal bound to a
    // subject may only name partitions of that subject in a resident table. `must_exist` as in
    // UpdateRequest.
    io::Task<Result<std::optional<Item>>> put(access::Principal who, std::string table, Item item,
                                              std::optional<bool> must_exist);  // the item before
    // The same without a condition and without the item before, which saves reading it.
    io::Task<Result<void>> overwrite(access::Principal who, std::string table, Item item);
    io::Task<Result<std::optional<Item>>> get(access::Principal who, std::string table, Item key);
    io::Task<Result<std::optional<Item>>> remove(access::Principal who, std::string table, Item key,
                                                 std::optional<bool> must_exist);
    io::Task<Result<UpdateResult>> update(access::Principal who, UpdateRequest request);
    io::Task<Result<QueryResult>> query(access::Principal who, QueryRequest request);

    // Adds its metrics. Once, at start.
    void report_to(telemetry::Registry& registry);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace domicile::documents
