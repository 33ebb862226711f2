// DescribeTable and ListTables. Tables come from the config file, so no operation makes or drops
// one.
#include <algorithm>

#include "api/dynamodb/dynamodb.h"
#include "api/dynamodb/members.h"

namespace domicile::api::dynamodb {
namespace {

const char* type_name(config::KeyType type) {
    switch (type) {
        case config::KeyType::string:
            return "S";
        case config::KeyType::number:
            return "N";
        case config::KeyType::binary:
            return "B";
    }
    return "S";
}

json::object pair_of(const char* first_name, std::string_view first, const char* second_name,
                     std::string_view second) {
    json::object out;
    out[first_name] = first;
    out[second_name] = second;
    return out;
}

// Counts and sizes are not kept: 0, as DynamoDB has it for the first hours of a table.
json::object describe(const config::Table& table, const std::string& region) {
    json::array schema, attributes;
    const auto add = [&](const config::Key& key, const char* role) {
        schema.push_back(pair_of("AttributeName", key.name, "KeyType", role));
        attributes.push_back(
            pair_of("AttributeName", key.name, "AttributeType", type_name(key.type)));
    };
    add(table.partition_key, "HASH");
    if (table.sort_key) add(*table.sort_key, "RANGE");
    json::object billing, throughput, out;
    billing["BillingMode"] = "PAY_PER_REQUEST";
    throughput["NumberOfDecreasesToday"] = 0;
    throughput["ReadCapacityUnits"] = 0;
    throughput["WriteCapacityUnits"] = 0;
    out["TableName"] = table.name;
    out["TableStatus"] = "ACTIVE";
    out["TableArn"] = "arn:aws:dynamodb:" + region + ":000000000000:table/" + table.name;
    out["KeySchema"] = std::move(schema);
    out["AttributeDefinitions"] = std::move(attributes);
    out["BillingModeSummary"] = std::move(billing);
    out["ProvisionedThroughput"] = std::move(throughput);
    out["CreationDateTime"] = 0;
    out["ItemCount"] = 0;
    out["TableSizeBytes"] = 0;
    return out;
}

}  // namespace

Result<json::object> DynamoDb::describe_table(const access::Principal& who,
                                              const json::object& request) {
    TRY(const std::string name, table_name(request));
    TRY_VOID(access::authorize(who, "dynamodb:DescribeTable", "table/" + name));
    const config::Table* table = documents_.describe(name);
    if (table == nullptr)
        return fail(Code::not_found, "Requested resource not found: Table: " + name + " not found",
                    documents::reason::kUnknownTable);
    json::object out;
    out["Table"] = describe(*table, region_);
    return out;
}

Result<json::object> DynamoDb::list_tables(const access::Principal& who,
                                           const json::object& request) {
    TRY_VOID(access::authorize(who, "dynamodb:ListTables", "*"));
    TRY(const auto start, text_member(request, "ExclusiveStartTableName"));
    TRY(const auto limit, int_member(request, "Limit"));
    if (limit && (*limit < 1 || *limit > 100))
        return fail(Code::invalid_argument, "Limit must be 1 to 100.");
    std::vector<std::string> names;
    for (const config::Table& table : documents_.tables())
        if (!start || table.name > *start) names.push_back(table.name);
    std::ranges::sort(names);
    const std::size_t page = static_cast<std::size_t>(limit.value_or(100));
    json::object out;
    if (names.size() > page) {
        names.resize(page);
        out["LastEvaluatedTableName"] = names.back();
    }
    json::array list;
    for (const auto& name : names) list.emplace_back(name);
    out["TableNames"] = std::move(list);
    return out;
}

}  // namespace domicile::api::dynamodb
