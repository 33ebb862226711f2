#include "documents/store.h"

#include <cstring>

#include "crypto/hash.h"
#include "documents/codec.h"

namespace domicile::documents {
namespace {

constexpr std::size_t kIndexBytes = 16;

std::string context_of(const Partition& partition, const std::string& sort_index) {
    return "items/" + partition.table->name + '\0' + partition.index + sort_index;
}

std::int64_t version_of(std::string_view sealed) {
    const std::string digest = crypto::sha256(sealed);
    std::int64_t version = 0;
    std::memcpy(&version, digest.data(), sizeof version);
    return version;
}

sql::Value blob(std::string bytes) { return sql::Blob{std::move(bytes)}; }

// Table, partition and what else the statement names, in the order of its parameters.
std::vector<sql::Value> place(const Partition& partition) {
    std::vector<sql::Value> values;
    values.emplace_back(partition.table->name);
    values.push_back(blob(partition.index));
    return values;
}

}  // namespace

sql::Component Store::schema() {
    std::vector<std::string> steps;
    steps.emplace_back(
        "CREATE TABLE items (tbl TEXT NOT NULL, pk BYTEA NOT NULL, sk BYTEA NOT NULL, "
        "item BYTEA NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (tbl, pk, sk))");
    return {"documents", std::move(steps)};
}

io::Task<Result<void>> Store::open() {
    sql::Component own = schema();
    return database_.migrate(std::move(own.name), std::move(own.steps));
}

std::string Store::partition_index(const config::Table& table, const Attribute& value) const {
    const std::string bytes = "p" + table.name + '\0' + key_bytes(value);
    return crypto::hmac_sha256(index_secret_, bytes).substr(0, kIndexBytes);
}

std::string Store::sort_index(const Partition& partition,
                              const std::optional<Attribute>& value) const {
    if (!value) return {};
    if (partition.sorted_at_rest()) return key_bytes(*value);
    return crypto::hmac_sha256(index_secret_, "s" + partition.index + key_bytes(*value))
        .substr(0, kIndexBytes);
}

std::string Store::seal(const Partition& partition, const std::string& sort_index,
                        const Item& item) const {
    return partition.key.seal(context_of(partition, sort_index), encode_item(item));
}

Result<StoredItem> Store::open_row(const Partition& partition, std::string sort_index,
                                   const std::string& sealed, std::int64_t version) const {
    auto opened = partition.key.open(context_of(partition, sort_index), sealed);
    if (!opened)
        return fail(Code::internal,
                    "A stored item does not open: it was tampered with or its key "
                    "was replaced.");
    TRY(Item item, decode_item(*opened));
    return StoredItem{std::move(sort_index), std::move(item), version};
}

io::Task<Result<std::optional<StoredItem>>> Store::find(Partition partition,
                                                        std::string sort_index) {
    auto values = place(partition);
    values.push_back(blob(sort_index));
    std::vector<sql::Statement> batch;
    batch.push_back({"SELECT item, version FROM items WHERE tbl = $1 AND pk = $2 AND sk = $3",
                     std::move(values)});
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    if (found[0].rows.empty()) co_return std::optional<StoredItem>();
    const sql::Row& row = found[0].rows[0];
    CO_TRY(StoredItem item,
           open_row(partition, std::move(sort_index), row.bytes(0), row.integer(1)));
    co_return std::optional<StoredItem>(std::move(item));
}

io::Task<Result<void>> Store::replace(Partition partition, std::string sort_index,
                                      std::optional<StoredItem> before, std::optional<Item> after) {
    if (!before && !after) co_return Result<void>{};
    sql::Statement statement;
    statement.expect_rows = 1;
    statement.parameters = place(partition);
    if (after) {
        std::string sealed = seal(partition, sort_index, *after);
        const std::int64_t version = version_of(sealed);
        statement.parameters.push_back(blob(std::move(sort_index)));
        statement.parameters.push_back(blob(std::move(sealed)));
        statement.parameters.emplace_back(version);
        if (before) {
            statement.sql =
                "UPDATE items SET item = $4, version = $5 "
                "WHERE tbl = $1 AND pk = $2 AND sk = $3 AND version = $6";
            statement.parameters.emplace_back(before->version);
        } else {
            statement.sql =
                "INSERT INTO items (tbl, pk, sk, item, version) VALUES ($1, $2, $3, $4, $5)";
        }
    } else {
        statement.sql = "DELETE FROM items WHERE tbl = $1 AND pk = $2 AND sk = $3 AND version = $4";
        statement.parameters.push_back(blob(std::move(sort_index)));
        statement.parameters.emplace_back(before->version);
    }
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(statement));
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>{};
}

io::Task<Result<void>> Store::overwrite(Partition partition, std::string sort_index, Item item) {
    sql::Statement statement;
    statement.sql =
        "INSERT INTO items (tbl, pk, sk, item, version) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (tbl, pk, sk) DO UPDATE SET item = excluded.item, version = excluded.version";
    statement.parameters = place(partition);
    std::string sealed = seal(partition, sort_index, item);
    const std::int64_t version = version_of(sealed);
    statement.parameters.push_back(blob(std::move(sort_index)));
    statement.parameters.push_back(blob(std::move(sealed)));
    statement.parameters.emplace_back(version);
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(statement));
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>{};
}

io::Task<Result<std::vector<StoredItem>>> Store::scan(Partition partition, Bounds bounds,
                                                      bool forward, std::size_t limit) {
    sql::Statement statement;
    statement.parameters = place(partition);
    statement.sql = "SELECT sk, item, version FROM items WHERE tbl = $1 AND pk = $2";
    const auto narrow = [&](const std::optional<Bounds::Bound>& bound, const char* sign) {
        if (!bound) return;
        statement.parameters.push_back(blob(bound->bytes));
        statement.sql += std::string(" AND sk ") + sign + (bound->inclusive ? "= $" : " $") +
                         std::to_string(statement.parameters.size());
    };
    narrow(bounds.low, ">");
    narrow(bounds.high, "<");
    statement.parameters.emplace_back(static_cast<std::int64_t>(limit));
    statement.sql += std::string(" ORDER BY sk ") + (forward ? "ASC" : "DESC") + " LIMIT $" +
                     std::to_string(statement.parameters.size());
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(statement));
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    std::vector<StoredItem> out;
    for (const sql::Row& row : found[0].rows) {
        CO_TRY(StoredItem item, open_row(partition, row.bytes(0), row.bytes(1), row.integer(2)));
        out.push_back(std::move(item));
    }
    co_return out;
}

io::Task<Result<std::vector<StoredItem>>> Store::load(Partition partition) {
    std::vector<sql::Statement> measure;
    measure.push_back(
        {"SELECT COUNT(*), CAST(COALESCE(SUM(LENGTH(item)), 0) AS BIGINT) FROM items "
         "WHERE tbl = $1 AND pk = $2",
         place(partition)});
    CO_TRY(auto measured, co_await database_.read(std::move(measure)));
    const sql::Row& size = measured[0].rows[0];
    if (size.integer(0) > static_cast<std::int64_t>(kSortedPartitionRowsMax) ||
        size.integer(1) > static_cast<std::int64_t>(kLoadBytesMax))
        co_return fail(
            Code::resource_exhausted,
            "The partition is too large to be sorted in memory (10,000 items or 64 MiB). "
            "Set the table's sort_key_storage to clear for larger ones.",
            reason::kPartitionSize);
    std::vector<sql::Statement> batch;
    batch.push_back({"SELECT sk, item, version FROM items WHERE tbl = $1 AND pk = $2 LIMIT 11000",
                     place(partition)});
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    std::vector<StoredItem> out;
    for (const sql::Row& row : found[0].rows) {
        CO_TRY(StoredItem item, open_row(partition, row.bytes(0), row.bytes(1), row.integer(2)));
        out.push_back(std::move(item));
    }
    co_return out;
}

}  // namespace domicile::documents
