// The admin API's JSON: access policies, and the JSON reader and the text encodings below all of
// the dialects. A policy is printed and read back as the same one, and allows exactly what one of
// its statements says. A JSON text that is taken is printed and read back as the same value.
#include <string>

#include "access/access.h"
#include "base/encoding.h"
#include "base/json.h"
#include "fuzz.h"
#include "json_values.h"

namespace domicile::fuzz {
namespace {

void check_json(std::string_view input) {
    const auto value = parse_json(input);
    if (!value) return;
    DOMICILE_CHECK(is_utf8(input));
    const std::string text = json::serialize(*value);
    DOMICILE_CHECK(is_utf8(text));
    const auto again = parse_json(text);
    DOMICILE_CHECK(again.has_value());
    DOMICILE_CHECK(has_doubles(*value) || json::serialize(*again) == text);
}

void check_policy(const json::object& object) {
    const auto policy = access::policy_from_json(object);
    if (!policy) {
        DOMICILE_CHECK(policy.error().code == Code::invalid_argument);
        return;
    }
    const auto again = access::policy_from_json(access::to_json(*policy));
    DOMICILE_CHECK(again.has_value() && *again == *policy);
    access::Principal who;
    who.policy = *policy;
    for (const access::Statement& statement : policy->statements) {
        for (const std::string& operation : statement.operations) {
            DOMICILE_CHECK(access::authorize(who, operation, statement.resources[0]).has_value());
        }
    }
    who.policy.statements.clear();
    DOMICILE_CHECK(!access::authorize(who, "admin:ListKeys", "keys"));
}

void check_encodings(std::string_view input) {
    const std::string bytes(input);
    DOMICILE_CHECK(from_hex(to_hex(input)) == bytes);
    DOMICILE_CHECK(from_base64(to_base64(input)) == bytes);
    DOMICILE_CHECK(from_base64url(to_base64url(input)) == bytes);
    DOMICILE_CHECK(percent_decode(percent_encode(input)) == bytes);
    // Each text has one value and each value one text.
    if (const auto decoded = from_base64(input)) DOMICILE_CHECK(to_base64(*decoded) == input);
    if (const auto decoded = from_base64url(input)) DOMICILE_CHECK(to_base64url(*decoded) == input);
    if (const auto decoded = from_hex(input)) DOMICILE_CHECK(to_hex(*decoded) == to_lower(input));
    if (const auto date = parse_http_date(input)) DOMICILE_CHECK(to_http_date(*date) == input);
    if (const auto date = parse_amz_date(input)) DOMICILE_CHECK(to_amz_date(*date) == input);
    DOMICILE_CHECK(equals_ignore_case(to_lower(input), input));
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(admin) {
    using namespace domicile::fuzz;
    check_encodings(input);
    check_json(input);
    const auto object = domicile::parse_json_object(input);
    if (object) check_policy(*object);
}
