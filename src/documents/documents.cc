// Every operation goes through enter(): authorise, find the table, check the binding of the caller,
// and for a write to a resident table ask whether the subject lives here. Nothing reaches the store
// but by the Partition that enter() returns.
#include "documents/documents.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "documents/codec.h"
#include "documents/global.h"
#include "documents/global_items.h"
#include "documents/key.h"
#include "documents/store.h"
#include "telemetry/outcome.h"

namespace domicile::documents {
namespace {

constexpr int kAttemptsMax = 64;  // against concurrent writers of one item; each round one wins
constexpr std::size_t kScanRows = 64;  // a page is read in steps of this many

std::unexpected<Error> condition_failed() {
    return fail(Code::failed_precondition, "The conditional request failed",
                reason::kConditionFailed);
}

using Change = std::function<Result<std::optional<Item>>(const std::optional<Item>& before)>;

struct Changed {
    std::optional<Item> before, after;
};

audit::Event refusal_event(const std::string& operation, const std::string& table,
                           const Error& error) {
    audit::Event event;
    event.kind = "refusal";
    event.details["service"] = "documents";
    event.details["operation"] = operation;
    event.details["table"] = table;
    event.details["reason"] = error.reason;
    return event;
}

Result<void> check_condition(const std::optional<Item>& before, std::optional<bool> must_exist) {
    if (must_exist && *must_exist != before.has_value()) return condition_failed();
    return {};
}

Result<void> check_item(const Item& item) {
    TRY_VOID(check_depth(item));
    if (item_bytes(item) > kItemBytesMax)
        return fail(Code::invalid_argument, "Item size has exceeded the maximum allowed size",
                    reason::kItemSize);
    return {};
}

}  // namespace

enum class Operation : std::uint8_t { put, get, remove, update, query };
constexpr std::array<std::string_view, 5> label_values(Operation) {
    return {"put", "get", "delete", "update", "query"};
}

struct Documents::Impl {
    explicit Impl(Parts p)
        : parts(std::move(p)),
          store(parts.database, parts.keyring.region_secret("blind_index:documents")),
          region_key(parts.keyring.region_key("documents")),
          audit_secret(parts.keyring.region_secret("audit_subject")) {
        if (parts.shared != nullptr) shared.emplace(*parts.shared);
    }

    // Where this table's items are. Every operation has come through allowed_table().
    Rows& rows(const config::Table& table) {
        if (!table.global) return store;
        return *shared;
    }

    template <class T>
    io::Task<Result<T>> counted(Operation operation, io::Task<Result<T>> task) {
        auto outcome = co_await task;
        metrics.operations.add(operation, telemetry::outcome_of(outcome));
        co_return outcome;
    }

    // The operations themselves.
    io::Task<Result<void>> overwrite(access::Principal who, std::string table, Item item);
    io::Task<Result<std::optional<Item>>> put(access::Principal who, std::string table, Item item,
                                              std::optional<bool> must_exist);
    io::Task<Result<std::optional<Item>>> get(access::Principal who, std::string table, Item key);
    io::Task<Result<std::optional<Item>>> remove(access::Principal who, std::string table, Item key,
                                                 std::optional<bool> must_exist);
    io::Task<Result<UpdateResult>> update(access::Principal who, UpdateRequest request);
    io::Task<Result<QueryResult>> query(access::Principal who, QueryRequest request);

    struct Metrics {
        const telemetry::CounterBy<Operation, telemetry::Outcome> operations;
        const telemetry::Counter retries;
    } metrics;
    Parts parts;
    Store store;
    std::optional<GlobalItems> shared;
    const keyring::DataKey region_key;
    const std::string audit_secret;

    io::Task<Result<std::optional<Partition>>> enter(access::Principal who, std::string operation,
                                                     std::string table, Attribute partition,
                                                     bool write);
    io::Task<Result<void>> guard(std::string operation, const config::Table* table,
                                 std::optional<std::string> bound_to, std::string subject,
                                 bool write);
    io::Task<Result<void>> refuse(std::string operation, std::string table, std::string subject,
                                  Error error);
    io::Task<Result<void>> guard_global(std::string operation, const config::Table& table,
                                        const Item& item);
    io::Task<Result<Changed>> modify(Partition partition, std::optional<Attribute> sort,
                                     Change change);
    io::Task<Result<QueryResult>> query_at_rest(Partition partition, Bounds bounds,
                                                QueryRequest request);
    io::Task<Result<QueryResult>> query_in_memory(Partition partition, Bounds bounds,
                                                  QueryRequest request);
    Result<const config::Table*> allowed_table(const access::Principal& who,
                                               const std::string& operation,
                                               const std::string& table) const;
};

Documents::Documents(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Documents::~Documents() = default;

io::Task<Result<void>> Documents::open() {
    for (const config::Table& table : impl_->parts.tables.get())
        if (table.resident && table.resident->subject != table.partition_key.name)
            co_return fail(Code::failed_precondition,
                           "Table " + table.name + ": the subject must be the partition key.");
    co_return co_await impl_->store.open();
}

const config::NamedList<config::Table>& Documents::tables() const { return impl_->parts.tables; }

const config::Table* Documents::describe(std::string_view table) const {
    return impl_->parts.tables->find(table);
}

Result<const config::Table*> Documents::Impl::allowed_table(const access::Principal& who,
                                                            const std::string& operation,
                                                            const std::string& name) const {
    TRY_VOID(access::authorize(who, "dynamodb:" + operation, "table/" + name));
    const config::Table* table = parts.tables->find(name);
    if (table == nullptr)
        return fail(Code::not_found, "Requested resource not found", reason::kUnknownTable);
    if (table->global && !shared)
        return fail(Code::internal, "There is no store for global tables.");
    return table;
}

// Evidence first (I6): if it cannot be recorded, the caller gets that error instead.
io::Task<Result<void>> Documents::Impl::refuse(std::string operation, std::string table,
                                               std::string subject, Error error) {
    audit::Event event = refusal_event(operation, table, error);
    if (!subject.empty())
        event.details["subject_hash"] =
            to_hex(crypto::hmac_sha256(audit_secret, subject)).substr(0, 16);
    CO_TRY_VOID(co_await parts.audit.record(std::move(event)));
    co_return std::unexpected(std::move(error));
}

io::Task<Result<void>> Documents::Impl::guard(std::string operation, const config::Table* table,
                                              std::optional<std::string> bound_to,
                                              std::string subject, bool write) {
    if (bound_to && *bound_to != subject) {
        Error error{Code::permission_denied, "The credentials are bound to another subject.",
                    "other_subject"};
        co_return co_await refuse(std::move(operation), table->name, std::move(subject),
                                  std::move(error));
    }
    if (!write) co_return Result<void>{};
    CO_TRY(const bool resident, co_await parts.is_resident(subject));
    if (resident) co_return Result<void>{};
    Error error{Code::misdirected,
                "The subject's home is another region: write to the document endpoint there.",
                reason::kNotHome};
    co_return co_await refuse(std::move(operation), table->name, std::move(subject),
                              std::move(error));
}

// Nothing that is not declared or looks like personal data goes where every region reads it (I2).
io::Task<Result<void>> Documents::Impl::guard_global(std::string operation,
                                                     const config::Table& table, const Item& item) {
    auto refusal = refusal_of(table, item);
    if (!refusal) co_return Result<void>{};
    audit::Event event = refusal_event(operation, table.name, refusal->error);
    if (!refusal->attribute.empty()) event.details["attribute"] = refusal->attribute;
    CO_TRY_VOID(co_await parts.audit.record(std::move(event)));
    co_return std::unexpected(std::move(refusal->error));
}

// nullopt: nothing can be there to be read, since the subject has no data key here.
io::Task<Result<std::optional<Partition>>> Documents::Impl::enter(access::Principal who,
                                                                  std::string operation,
                                                                  std::string name, Attribute value,
                                                                  bool write) {
    CO_TRY(const config::Table* table, allowed_table(who, operation, name));
    CO_TRY_VOID(check_partition(*table, value));
    Partition out{table, region_key, rows(*table).partition_index(*table, value)};
    if (!table->resident) co_return std::optional<Partition>(std::move(out));

    const auto* subject = std::get_if<std::string>(&value.value);
    if (subject == nullptr)
        co_return fail(Code::invalid_argument, "The subject must be a string.", reason::kKeySchema);
    CO_TRY_VOID(co_await guard(operation, table, who.subject, *subject, write));
    auto key = co_await parts.keyring.find(*subject);
    if (!key) {
        if (key.error().code != Code::not_found) co_return std::unexpected(key.error());
        if (!write) co_return std::optional<Partition>();
        co_return fail(Code::failed_precondition, "The subject has no data key.", "no_data_key");
    }
    out.key = std::move(*key);
    co_return std::optional<Partition>(std::move(out));
}

io::Task<Result<Changed>> Documents::Impl::modify(Partition partition,
                                                  std::optional<Attribute> sort, Change change) {
    Rows& store = rows(*partition.table);
    const std::string index = store.sort_index(partition, sort);
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
        CO_TRY(auto stored, co_await store.find(partition, index));
        Changed out;
        if (stored) out.before = stored->item;
        CO_TRY(out.after, change(out.before));
        auto done = co_await store.replace(partition, index, std::move(stored), out.after);
        if (done) co_return out;
        if (done.error().code != Code::conflict) co_return std::unexpected(done.error());
        metrics.retries.add();
    }
    co_return fail(Code::conflict, "Other writers of this item kept winning; try again.");
}

io::Task<Result<std::optional<Item>>> Documents::Impl::put(access::Principal who, std::string table,
                                                           Item item,
                                                           std::optional<bool> must_exist) {
    CO_TRY(const config::Table* schema, allowed_table(who, "PutItem", table));
    CO_TRY(KeyValues key, key_of_item(*schema, item));
    CO_TRY_VOID(check_item(item));
    if (schema->global) {
        CO_TRY_VOID(co_await guard_global("PutItem", *schema, item));
    }
    CO_TRY(auto partition,
           co_await enter(std::move(who), "PutItem", std::move(table), key.partition, true));
    Change change = [&](const std::optional<Item>& before) -> Result<std::optional<Item>> {
        TRY_VOID(check_condition(before, must_exist));
        return item;
    };
    CO_TRY(Changed changed, co_await modify(*partition, key.sort, std::move(change)));
    co_return std::move(changed.before);
}

io::Task<Result<void>> Documents::Impl::overwrite(access::Principal who, std::string table,
                                                  Item item) {
    CO_TRY(const config::Table* schema, allowed_table(who, "PutItem", table));
    CO_TRY(KeyValues key, key_of_item(*schema, item));
    CO_TRY_VOID(check_item(item));
    if (schema->global) {
        CO_TRY_VOID(co_await guard_global("PutItem", *schema, item));
    }
    CO_TRY(auto partition,
           co_await enter(std::move(who), "PutItem", std::move(table), key.partition, true));
    Rows& at = rows(*schema);
    std::string index = at.sort_index(*partition, key.sort);
    co_return co_await at.overwrite(std::move(*partition), std::move(index), std::move(item));
}

io::Task<Result<std::optional<Item>>> Documents::Impl::get(access::Principal who, std::string table,
                                                           Item key) {
    CO_TRY(const config::Table* schema, allowed_table(who, "GetItem", table));
    CO_TRY(KeyValues values, exact_key(*schema, key));
    CO_TRY(auto partition,
           co_await enter(std::move(who), "GetItem", std::move(table), values.partition, false));
    if (!partition) co_return std::optional<Item>();
    Rows& at = rows(*schema);
    std::string index = at.sort_index(*partition, values.sort);
    CO_TRY(auto stored, co_await at.find(*partition, std::move(index)));
    if (!stored) co_return std::optional<Item>();
    co_return std::optional<Item>(std::move(stored->item));
}

io::Task<Result<std::optional<Item>>> Documents::Impl::remove(access::Principal who,
                                                              std::string table, Item key,
                                                              std::optional<bool> must_exist) {
    CO_TRY(const config::Table* schema, allowed_table(who, "DeleteItem", table));
    CO_TRY(KeyValues values, exact_key(*schema, key));
    CO_TRY(auto partition,
           co_await enter(std::move(who), "DeleteItem", std::move(table), values.partition, true));
    Change change = [&](const std::optional<Item>& before) -> Result<std::optional<Item>> {
        TRY_VOID(check_condition(before, must_exist));
        return std::optional<Item>();
    };
    CO_TRY(Changed changed, co_await modify(*partition, values.sort, std::move(change)));
    co_return std::move(changed.before);
}

namespace {

Result<void> check_update(const config::Table& table, const UpdateRequest& request) {
    const auto key_error = [](const std::string& name) {
        return fail(Code::invalid_argument,
                    "One or more parameter values were invalid: Cannot update attribute " + name +
                        ". This attribute is part of the key",
                    reason::kKeySchema);
    };
    for (const auto& [name, value] : request.set)
        if (is_key_attribute(table, name)) return key_error(name);
    for (const auto& name : request.remove)
        if (is_key_attribute(table, name)) return key_error(name);
    return {};
}

Result<std::optional<Item>> updated(const UpdateRequest& request,
                                    const std::optional<Item>& before) {
    TRY_VOID(check_condition(before, request.must_exist));
    Item item = before ? *before : request.key;
    for (const auto& name : request.remove) item.erase(name);
    for (const auto& [name, value] : request.set) item.insert_or_assign(name, value);
    TRY_VOID(check_item(item));
    return item;
}

}  // namespace

io::Task<Result<UpdateResult>> Documents::Impl::update(access::Principal who,
                                                       UpdateRequest request) {
    CO_TRY(const config::Table* schema, allowed_table(who, "UpdateItem", request.table));
    CO_TRY(KeyValues key, exact_key(*schema, request.key));
    CO_TRY_VOID(check_update(*schema, request));
    if (schema->global) {
        CO_TRY_VOID(co_await guard_global("UpdateItem", *schema, request.key));
        CO_TRY_VOID(co_await guard_global("UpdateItem", *schema, request.set));
    }
    CO_TRY(auto partition,
           co_await enter(std::move(who), "UpdateItem", request.table, key.partition, true));
    Change change = [&](const std::optional<Item>& before) { return updated(request, before); };
    CO_TRY(Changed changed, co_await modify(*partition, key.sort, std::move(change)));
    co_return UpdateResult{std::move(changed.before), std::move(*changed.after)};
}

namespace {

// Fills a page: at most `limit` items and kPageBytesMax bytes, but one item at least.
class Page {
  public:
    Page(const config::Table& table, std::optional<std::size_t> limit)
        : table_(table), limit_(limit) {}

    // False when the item belongs to the next page.
    bool add(Item item) {
        const std::size_t bytes = item_bytes(item);
        if (!result_.items.empty() &&
            ((limit_ && result_.items.size() >= *limit_) || bytes_ + bytes > kPageBytesMax)) {
            result_.last_key = project_key(table_, result_.items.back());
            return false;
        }
        bytes_ += bytes;
        result_.items.push_back(std::move(item));
        return true;
    }
    QueryResult take() { return std::move(result_); }

  private:
    const config::Table& table_;
    const std::optional<std::size_t> limit_;
    std::size_t bytes_ = 0;
    QueryResult result_;
};

}  // namespace

io::Task<Result<QueryResult>> Documents::Impl::query_at_rest(Partition partition, Bounds bounds,
                                                             QueryRequest request) {
    Rows& at = rows(*partition.table);
    Page page(*partition.table, request.limit);
    for (;;) {
        CO_TRY(auto found, co_await at.scan(partition, bounds, request.forward, kScanRows));
        for (StoredItem& row : found)
            if (!page.add(std::move(row.item))) co_return page.take();
        if (found.size() < kScanRows) co_return page.take();
        bounds.begin_after(found.back().sort_index, request.forward);
    }
}

io::Task<Result<QueryResult>> Documents::Impl::query_in_memory(Partition partition, Bounds bounds,
                                                               QueryRequest request) {
    CO_TRY(auto loaded, co_await rows(*partition.table).load(partition));
    std::vector<std::pair<std::string, Item>> found;
    for (StoredItem& row : loaded) {
        std::string bytes;
        if (partition.table->sort_key)
            bytes = key_bytes(row.item.at(partition.table->sort_key->name));
        if (bounds.contains(bytes)) found.emplace_back(std::move(bytes), std::move(row.item));
    }
    const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
    std::ranges::sort(found, by_key);
    if (!request.forward) std::ranges::reverse(found);
    Page page(*partition.table, request.limit);
    for (auto& [bytes, item] : found)
        if (!page.add(std::move(item))) break;
    co_return page.take();
}

io::Task<Result<QueryResult>> Documents::Impl::query(access::Principal who, QueryRequest request) {
    CO_TRY(const config::Table* table, allowed_table(who, "Query", request.table));
    CO_TRY_VOID(check_partition(*table, request.partition));
    CO_TRY(Bounds bounds, bounds_of(*table, request.sort));
    if (request.limit && *request.limit == 0)
        co_return fail(Code::invalid_argument, "Limit must be 1 or more.");
    if (request.start_after) {
        auto start = exact_key(*table, *request.start_after);
        if (!start || start->partition != request.partition)
            co_return fail(
                Code::invalid_argument,
                "The provided starting key is outside query boundaries based on provided "
                "conditions");
        bounds.begin_after(start->sort ? key_bytes(*start->sort) : std::string(), request.forward);
    }
    CO_TRY(auto partition,
           co_await enter(std::move(who), "Query", request.table, request.partition, false));
    if (!partition) co_return QueryResult{};
    if (rows(*table).scans(*partition, request.forward))
        co_return co_await query_at_rest(*partition, std::move(bounds), std::move(request));
    co_return co_await query_in_memory(*partition, std::move(bounds), std::move(request));
}

io::Task<Result<void>> Documents::overwrite(access::Principal who, std::string table, Item item) {
    return impl_->counted(Operation::put,
                          impl_->overwrite(std::move(who), std::move(table), std::move(item)));
}

io::Task<Result<std::optional<Item>>> Documents::put(access::Principal who, std::string table,
                                                     Item item, std::optional<bool> must_exist) {
    return impl_->counted(
        Operation::put, impl_->put(std::move(who), std::move(table), std::move(item), must_exist));
}
io::Task<Result<std::optional<Item>>> Documents::get(access::Principal who, std::string table,
                                                     Item key) {
    return impl_->counted(Operation::get,
                          impl_->get(std::move(who), std::move(table), std::move(key)));
}
io::Task<Result<std::optional<Item>>> Documents::remove(access::Principal who, std::string table,
                                                        Item key, std::optional<bool> must_exist) {
    return impl_->counted(Operation::remove, impl_->remove(std::move(who), std::move(table),
                                                           std::move(key), must_exist));
}
io::Task<Result<UpdateResult>> Documents::update(access::Principal who, UpdateRequest request) {
    return impl_->counted(Operation::update, impl_->update(std::move(who), std::move(request)));
}
io::Task<Result<QueryResult>> Documents::query(access::Principal who, QueryRequest request) {
    return impl_->counted(Operation::query, impl_->query(std::move(who), std::move(request)));
}

void Documents::report_to(telemetry::Registry& registry) {
    registry.add("domicile_documents_operations_total",
                 "Operations on items; refused: not allowed, not valid, not home, or a condition "
                 "that did not hold.",
                 impl_->metrics.operations, {"operation", "outcome"});
    registry.add("domicile_documents_retries_total",
                 "Writes begun again because another writer of the item came first.",
                 impl_->metrics.retries);
}

}  // namespace domicile::documents
