// PutItem, GetItem, DeleteItem, UpdateItem and Query: read the request, call documents, print.
#include "api/dynamodb/dynamodb.h"
#include "api/dynamodb/expression.h"
#include "api/dynamodb/members.h"
#include "api/dynamodb/value.h"

namespace domicile::api::dynamodb {
namespace {

using documents::Item;

// For a table that is not there: expressions are then checked only after documents said so.
std::unexpected<Error> no_table() {
    return fail(Code::not_found, "Requested resource not found", documents::reason::kUnknownTable);
}

// Whoever may not use the table must not learn by another error whether it exists.
Result<const config::Table*> table_of(const documents::Documents& documents,
                                      const access::Principal& who, const char* operation,
                                      const std::string& name) {
    TRY_VOID(access::authorize(who, operation, "table/" + name));
    const config::Table* table = documents.describe(name);
    if (table == nullptr) return no_table();
    return table;
}

Result<std::optional<bool>> condition_of(const json::object& request, const config::Table& table,
                                         Bindings& bindings) {
    TRY(const auto expression, text_member(request, "ConditionExpression"));
    if (!expression) return std::nullopt;
    TRY(const bool must_exist, parse_existence(*expression, table, bindings));
    return must_exist;
}

Result<std::optional<std::vector<std::string>>> projection_of(const json::object& request,
                                                              Bindings& bindings) {
    TRY(const auto expression, text_member(request, "ProjectionExpression"));
    if (!expression) return std::nullopt;
    TRY(auto names, parse_projection(*expression, bindings));
    return names;
}

Item project(const Item& item, const std::optional<std::vector<std::string>>& names) {
    if (!names) return item;
    Item out;
    for (const auto& name : *names)
        if (const auto found = item.find(name); found != item.end()) out.insert(*found);
    return out;
}

bool has_expression(const json::object& request) {
    for (const char* name : {"ConditionExpression", "UpdateExpression", "KeyConditionExpression",
                             "ProjectionExpression"})
        if (request.contains(name)) return true;
    return false;
}

json::object with_attributes(const std::optional<Item>& item) {
    json::object out;
    if (item) out["Attributes"] = print_item(*item);
    return out;
}

// The attributes that an update named, as they stand in `item`.
Item touched(const Update& update, const Item& item) {
    Item out;
    for (const auto& [name, value] : update.set)
        if (const auto found = item.find(name); found != item.end()) out.insert(*found);
    for (const auto& name : update.remove)
        if (const auto found = item.find(name); found != item.end()) out.insert(*found);
    return out;
}

json::object update_answer(const std::string& wanted, const Update& update,
                           const documents::UpdateResult& result) {
    std::optional<Item> item;
    if (wanted == "ALL_OLD") item = result.before;
    if (wanted == "ALL_NEW") item = result.after;
    if (wanted == "UPDATED_OLD" && result.before) item = touched(update, *result.before);
    if (wanted == "UPDATED_NEW") item = touched(update, result.after);
    if (item && item->empty()) item.reset();
    return with_attributes(item);
}

}  // namespace

io::Task<Result<json::object>> DynamoDb::put_item(access::Principal who, json::object request) {
    CO_TRY_VOID(refuse_members(request, {"Expected", "ConditionalOperator"}));
    CO_TRY(std::string name, table_name(request));
    CO_TRY(const config::Table* table, table_of(documents_, who, "dynamodb:PutItem", name));
    CO_TRY(Item item, required_item(request, "Item"));
    CO_TRY(const std::string wanted, choice_member(request, "ReturnValues", {"NONE", "ALL_OLD"}));
    CO_TRY(Bindings bindings, Bindings::parse(request));
    CO_TRY(auto condition, condition_of(request, *table, bindings));
    CO_TRY_VOID(bindings.check_all_used(has_expression(request)));
    if (!condition && wanted == "NONE") {
        CO_TRY_VOID(
            co_await documents_.overwrite(std::move(who), std::move(name), std::move(item)));
        co_return json::object();
    }
    CO_TRY(auto before,
           co_await documents_.put(std::move(who), std::move(name), std::move(item), condition));
    if (wanted == "NONE") before.reset();
    co_return with_attributes(before);
}

io::Task<Result<json::object>> DynamoDb::get_item(access::Principal who, json::object request) {
    CO_TRY_VOID(refuse_members(request, {"AttributesToGet"}));
    CO_TRY(std::string name, table_name(request));
    CO_TRY(Item key, required_item(request, "Key"));
    CO_TRY_VOID(bool_member(request, "ConsistentRead"));  // every read is
    CO_TRY(Bindings bindings, Bindings::parse(request));
    CO_TRY(auto projection, projection_of(request, bindings));
    CO_TRY_VOID(bindings.check_all_used(has_expression(request)));
    CO_TRY(auto item, co_await documents_.get(std::move(who), std::move(name), std::move(key)));
    json::object out;
    if (item) out["Item"] = print_item(project(*item, projection));
    co_return out;
}

io::Task<Result<json::object>> DynamoDb::delete_item(access::Principal who, json::object request) {
    CO_TRY_VOID(refuse_members(request, {"Expected", "ConditionalOperator"}));
    CO_TRY(std::string name, table_name(request));
    CO_TRY(const config::Table* table, table_of(documents_, who, "dynamodb:DeleteItem", name));
    CO_TRY(Item key, required_item(request, "Key"));
    CO_TRY(const std::string wanted, choice_member(request, "ReturnValues", {"NONE", "ALL_OLD"}));
    CO_TRY(Bindings bindings, Bindings::parse(request));
    CO_TRY(auto condition, condition_of(request, *table, bindings));
    CO_TRY_VOID(bindings.check_all_used(has_expression(request)));
    CO_TRY(auto before,
           co_await documents_.remove(std::move(who), std::move(name), std::move(key), condition));
    if (wanted == "NONE") before.reset();
    co_return with_attributes(before);
}

io::Task<Result<json::object>> DynamoDb::update_item(access::Principal who, json::object request) {
    CO_TRY_VOID(refuse_members(request, {"AttributeUpdates", "Expected", "ConditionalOperator"}));
    CO_TRY(std::string name, table_name(request));
    CO_TRY(const config::Table* table, table_of(documents_, who, "dynamodb:UpdateItem", name));
    CO_TRY(Item key, required_item(request, "Key"));
    CO_TRY(const std::string wanted,
           choice_member(request, "ReturnValues",
                         {"NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"}));
    CO_TRY(Bindings bindings, Bindings::parse(request));
    CO_TRY(const auto expression, text_member(request, "UpdateExpression"));
    Update update;
    if (expression) {
        CO_TRY(update, parse_update(*expression, bindings));
    }
    documents::UpdateRequest change;
    CO_TRY(change.must_exist, condition_of(request, *table, bindings));
    CO_TRY_VOID(bindings.check_all_used(has_expression(request)));
    change.table = std::move(name);
    change.key = std::move(key);
    change.set = update.set;
    change.remove = update.remove;
    CO_TRY(auto result, co_await documents_.update(std::move(who), std::move(change)));
    co_return update_answer(wanted, update, result);
}

io::Task<Result<json::object>> DynamoDb::query(access::Principal who, json::object request) {
    CO_TRY_VOID(refuse_members(request, {"IndexName", "FilterExpression", "KeyConditions",
                                         "QueryFilter", "AttributesToGet", "ConditionalOperator"}));
    documents::QueryRequest query;
    CO_TRY(query.table, table_name(request));
    CO_TRY(const config::Table* table, table_of(documents_, who, "dynamodb:Query", query.table));
    CO_TRY(const std::string select,
           choice_member(request, "Select", {"ALL_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT"}));
    CO_TRY_VOID(bool_member(request, "ConsistentRead"));
    CO_TRY(const auto forward, bool_member(request, "ScanIndexForward"));
    CO_TRY(const auto limit, int_member(request, "Limit"));
    if (limit && *limit < 1)
        co_return fail(Code::invalid_argument,
                       "1 validation error detected: Value at 'limit' failed to satisfy "
                       "constraint: Member must have value greater than or equal to 1");
    CO_TRY(const auto expression, text_member(request, "KeyConditionExpression"));
    if (!expression)
        co_return fail(Code::invalid_argument,
                       "Either the KeyConditions or KeyConditionExpression parameter must be "
                       "specified in the request.");
    CO_TRY(Bindings bindings, Bindings::parse(request));
    CO_TRY(KeyCondition condition, parse_key_condition(*expression, *table, bindings));
    CO_TRY(auto projection, projection_of(request, bindings));
    CO_TRY_VOID(bindings.check_all_used(true));
    CO_TRY(query.start_after, item_member(request, "ExclusiveStartKey"));
    query.partition = std::move(condition.partition);
    query.sort = std::move(condition.sort);
    query.forward = forward.value_or(true);
    if (limit) query.limit = static_cast<std::size_t>(*limit);
    CO_TRY(auto result, co_await documents_.query(std::move(who), std::move(query)));

    json::object out;
    out["Count"] = result.items.size();
    out["ScannedCount"] = result.items.size();
    if (select != "COUNT") {
        json::array items;
        for (const Item& item : result.items)
            items.push_back(print_item(project(item, projection)));
        out["Items"] = std::move(items);
    }
    if (result.last_key) out["LastEvaluatedKey"] = print_item(*result.last_key);
    co_return out;
}

}  // namespace domicile::api::dynamodb
