// JSON bodies of the DynamoDB dialect: attribute values, items and expressions. An item that is
// taken is printed and read back as the same one, is stored and read back as the same one where its
// depth is allowed, and its numbers are in normal form. An expression gives only what it names.
#include <string>

#include "api/dynamodb/expression.h"
#include "api/dynamodb/members.h"
#include "api/dynamodb/value.h"
#include "base/encoding.h"
#include "documents/codec.h"
#include "documents/key.h"
#include "fuzz.h"

namespace domicile::fuzz {
namespace {

namespace dynamodb = api::dynamodb;
using documents::Attribute;
using documents::Item;

const config::Table& table() {
    static const config::Table diary = [] {
        config::Table out;
        out.name = "Diary";
        out.partition_key = {"subject", config::KeyType::string};
        out.sort_key = config::Key{"entry", config::KeyType::number};
        return out;
    }();
    return diary;
}

void check_key(const Item& item) {
    const auto key = documents::key_of_item(table(), item);
    if (!key) return;
    DOMICILE_CHECK(!documents::key_bytes(key->partition).empty());
    DOMICILE_CHECK(!documents::key_bytes(*key->sort).empty());
    const Item only = documents::project_key(table(), item);
    DOMICILE_CHECK(documents::exact_key(table(), only).has_value());
}

void check_item(const Item& item) {
    const json::object printed = dynamodb::print_item(item);
    const auto text = json::serialize(printed);
    const auto reparsed = parse_json_object(text, {.depth_max = 200});
    DOMICILE_CHECK(reparsed.has_value());
    const auto again = dynamodb::parse_item(*reparsed);
    DOMICILE_CHECK(again.has_value() && *again == item);
    DOMICILE_CHECK(documents::item_bytes(item) == documents::item_bytes(*again));
    const auto stored = documents::decode_item(documents::encode_item(item));
    if (documents::check_depth(item)) DOMICILE_CHECK(stored.has_value() && *stored == item);
    check_key(item);
}

void check_expressions(const json::object& request) {
    const auto bindings = dynamodb::Bindings::parse(request);
    if (!bindings) return;
    const auto expression = [&](std::string_view name) -> std::string {
        const auto text = dynamodb::text_member(request, name);
        return text ? text->value_or("") : std::string();
    };
    dynamodb::Bindings used = *bindings;
    if (const auto update = dynamodb::parse_update(expression("UpdateExpression"), used)) {
        DOMICILE_CHECK(!update->set.empty() || !update->remove.empty());
        for (const std::string& name : update->remove) {
            DOMICILE_CHECK(!update->set.contains(name));
        }
    }
    if (const auto condition =
            dynamodb::parse_key_condition(expression("KeyConditionExpression"), table(), used)) {
        const auto bounds = documents::bounds_of(table(), condition->sort);
        if (bounds && condition->sort.kind == documents::SortRange::Kind::equal) {
            DOMICILE_CHECK(bounds->contains(documents::key_bytes(*condition->sort.low)));
        }
    }
    const auto names = dynamodb::parse_projection(expression("ProjectionExpression"), used);
    if (names) DOMICILE_CHECK(!names->empty());
    (void)dynamodb::parse_existence(expression("ConditionExpression"), table(), used);
    (void)used.check_all_used(true);
}

// An error's message goes into a JSON document.
template <class T>
void check_error(const Result<T>& result) {
    if (!result) DOMICILE_CHECK(is_utf8(result.error().message));
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(dynamodb) {
    using namespace domicile;
    using namespace domicile::fuzz;
    const auto request = parse_json_object(input, {.depth_max = 80});
    if (!request) return;
    for (const std::string_view name : {"Item", "Key", "ExclusiveStartKey"}) {
        const auto item = dynamodb::item_member(*request, name);
        check_error(item);
        if (item && *item) check_item(**item);
    }
    check_error(dynamodb::table_name(*request));
    check_error(dynamodb::int_member(*request, "Limit"));
    check_error(dynamodb::choice_member(*request, "ReturnValues", {"NONE", "ALL_OLD"}));
    check_expressions(*request);
}
