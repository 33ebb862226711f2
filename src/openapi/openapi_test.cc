#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openapi/document.h"

namespace domicile::openapi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A document whose one operation takes this schema as its body.
Api api_of(const std::string& schema, const std::string& version = "3.0.3",
           const std::string& schemas = "{}") {
    const std::string text = R"({"openapi": ")" + version +
                             R"(", "paths": {"/x": {"post": {"requestBody": {"content": )"
                             R"({"application/json": {"schema": )" +
                             schema + R"(}}}}}}, "components": {"schemas": )" + schemas + "}}";
    return read_api(json::parse(text));
}

std::vector<std::string> problems_of(const Api& api) {
    std::vector<std::string> out;
    for (const Problem& problem : api.problems)
        out.push_back(to_pointer(problem.pointer) + ": " + problem.message);
    return out;
}

std::vector<std::string> wrong(const Api& api, const std::string& body) {
    EXPECT_THAT(problems_of(api), IsEmpty());
    std::vector<std::string> out;
    if (api.operations.empty()) return out;
    const Operation& operation = api.operations[0].operation;
    const Media* media = operation.media_of("application/json; charset=utf-8");
    for (const Violation& each : operation.check_body(*media, body))
        out.push_back(each.pointer + ": " + each.message);
    return out;
}

std::vector<std::string> wrong(const std::string& schema, const std::string& body,
                               const std::string& version = "3.0.3") {
    return wrong(api_of(schema, version), body);
}

TEST(Schema, each_keyword_wants_what_it_says) {
    struct Case {
        const char *schema, *good, *bad, *said;
    };
    const Case cases[] = {
        {R"({"type": "string"})", R"("a")", "1", ": must be text"},
        {R"({"type": "integer"})", "1.0", "1.5", ": must be a whole number"},
        {R"({"type": "number"})", "1.5", "\"1\"", ": must be a number"},
        {R"({"type": "boolean"})", "true", "0", ": must be true or false"},
        {R"({"type": "array", "items": {"type": "string"}})", R"(["a"])", R"(["a", 1])",
         "/1: must be text"},
        {R"({"type": "string", "nullable": true})", "null", "1", ": must be text or null"},
        {R"({"type": "string"})", R"("a")", "null", ": must be text"},
        {R"({"enum": ["a", 1, {"b": 1, "c": 2}]})", R"({"c": 2.0, "b": 1})", "\"1\"",
         ": must be one of the values that are allowed"},
        {R"({"minimum": 1})", "1", "0.9", ": must be at least 1"},
        {R"({"maximum": 1})", "1", "1.1", ": must be at most 1"},
        {R"({"minimum": 1, "exclusiveMinimum": true})", "1.1", "1", ": must be more than 1"},
        {R"({"maximum": 1, "exclusiveMaximum": true})", "0.9", "1", ": must be less than 1"},
        {R"({"multipleOf": 0.1})", "0.3", "0.35", ": must be a multiple of 0.1"},
        {R"({"multipleOf": 10})", "10000000000", "10000000001", ": must be a multiple of 10"},
        {R"({"minLength": 2})", R"("\u00e4\u00f6")", R"("\u00e4")",
         ": must have at least 2 characters"},
        {R"({"maxLength": 2})", R"("\u00e4\ud83d\ude00")", R"("abc")",
         ": must have at most 2 characters"},
        {R"({"pattern": "^a+$"})", R"("aa")", R"("aab")", ": must match the pattern"},
        {R"({"pattern": "b"})", R"("abc")", R"("ac")", ": must match the pattern"},
        {R"({"minItems": 1})", "[1]", "[]", ": must have at least 1 items"},
        {R"({"maxItems": 1})", "[1]", "[1,2]", ": must have at most 1 items"},
        {R"({"uniqueItems": true})", R"([1, "1"])", "[1, 1.0]",
         ": must not have the same item twice"},
        {R"({"minProperties": 1})", R"({"a": 1})", "{}", ": must have at least 1 members"},
        {R"({"maxProperties": 1})", R"({"a": 1})", R"({"a": 1, "b": 1})",
         ": must have at most 1 members"},
        {R"({"required": ["a/b"]})", R"({"a/b": null})", R"({"a": 1})", "/a~1b: is missing"},
        {R"({"properties": {"a": {"type": "string"}}})", R"({"b": 1})", R"({"a": 1})",
         "/a: must be text"},
        {R"({"properties": {"a": {}}, "additionalProperties": false})", R"({"a": 1})",
         R"({"b": 1})", "/b: is not a member that is known here"},
        {R"({"additionalProperties": {"type": "string"}})", R"({"a": "b"})", R"({"a": 1})",
         "/a: must be text"},
        {R"({"allOf": [{"minimum": 1}, {"maximum": 2}]})", "2", "3", ": must be at most 2"},
        {R"({"anyOf": [{"type": "string"}, {"maximum": 2}]})", "2", "3",
         ": fits none of the alternatives"},
        {R"({"oneOf": [{"minimum": 1}, {"maximum": 2}]})", "3", "1.5",
         ": fits more than one of the alternatives"},
        {R"({"not": {"type": "string"}})", "1", R"("a")", ": is what is not allowed here"},
        {R"({"format": "int32"})", "-2147483648", "2147483648", ": must fit in 32 bits"},
    };
    for (const Case& each : cases) {
        EXPECT_THAT(wrong(each.schema, each.good), IsEmpty()) << each.schema;
        EXPECT_THAT(wrong(each.schema, each.bad), ElementsAre(each.said)) << each.schema;
    }
}

TEST(Schema, version_3_1_writes_some_differently) {
    const auto v31 = [](const char* schema, const char* body) {
        return wrong(schema, body, "3.1.0");
    };
    EXPECT_THAT(v31(R"({"type": ["string", "null"]})", "null"), IsEmpty());
    EXPECT_THAT(v31(R"({"type": ["string", "null"]})", "1"), ElementsAre(": must be text or null"));
    EXPECT_THAT(v31(R"({"exclusiveMinimum": 1})", "1"), ElementsAre(": must be more than 1"));
    EXPECT_THAT(v31(R"({"const": 1})", "1.0"), IsEmpty());
    EXPECT_THAT(v31(R"({"const": 1})", "2"),
                ElementsAre(": must be one of the values that are allowed"));
    EXPECT_THAT(v31(R"({"properties": {"a": false}})", R"({"a": 1})"),
                ElementsAre("/a: is not allowed"));
    EXPECT_THAT(v31("true", "1"), IsEmpty());
}

TEST(Schema, formats_are_kept) {
    struct Case {
        const char* format;
        std::vector<std::string> good, bad;
    };
    const Case cases[] = {
        {"date",
         {"2024-02-29", "2000-12-31"},
         {"2023-02-29", "1900-02-29", "2024-1-1", "2024-01-01x"}},
        {"date-time",
         {"2024-02-29T23:59:60Z", "2024-01-01t00:00:00.123+02:00"},
         {"2024-01-01", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z"}},
        {"time", {"00:00:00Z"}, {"00:00Z"}},
        {"email", {"a.b+c@example.org"}, {"a", "a@", "@b", "a b@c.de", "a..b@c", "a@-b"}},
        {"uuid",
         {"01234567-89ab-4cde-8f01-23456789abcd", "01234567-89AB-4CDE-8F01-23456789ABCD"},
         {"01234567-89ab-4cde-8f01-23456789abc"}},
        {"ipv4", {"192.0.2.1"}, {"192.0.2", "192.0.2.256", "1.2.3.4 "}},
        {"ipv6", {"2001:db8::1"}, {"2001:db8", "1.2.3.4"}},
        {"hostname", {"a-b.example"}, {"a_b", "-a", "a..b", ""}},
        {"uri", {"https://a.example/b?c=%20#d"}, {"a", "https://a b", "1a:b", "a:%2"}},
        {"byte", {"YQ=="}, {"YQ", "Y_=="}},
    };
    for (const Case& each : cases) {
        const auto format = format_of(each.format);
        ASSERT_TRUE(format.has_value());
        for (const std::string& text : each.good)
            EXPECT_TRUE(has_format(text, *format)) << each.format << ' ' << text;
        for (const std::string& text : each.bad)
            EXPECT_FALSE(has_format(text, *format)) << each.format << ' ' << text;
    }
}

TEST(Schema, what_is_wrong_is_named_and_never_told) {
    const Api api = api_of(
        R"({"type": "object", "required": ["name"], "properties": {"name": {"type": "string",
            "maxLength": 3}, "tags": {"type": "array", "items": {"pattern": "^[a-z]$"}}}})");
    EXPECT_THAT(
        wrong(api, R"({"name": "secret", "tags": ["a", "hidden"]})"),
        ElementsAre("/name: must have at most 3 characters", "/tags/1: must match the pattern"));
    EXPECT_THAT(wrong(api, R"({"name": )"), ElementsAre(HasSubstr("is not JSON")));
    EXPECT_THAT(wrong(api, R"({"name": "a", "name": "b"})"), ElementsAre(HasSubstr("JSON")));
}

TEST(Schema, references_may_go_round_but_not_without_an_end) {
    const std::string tree =
        R"({"Tree": {"type": "object", "properties": {"left": {"$ref": "#/components/schemas/Tree"},
            "n": {"type": "integer"}}}})";
    const Api api = api_of(R"({"$ref": "#/components/schemas/Tree"})", "3.0.3", tree);
    EXPECT_THAT(wrong(api, R"({"left": {"left": {"n": 1}}})"), IsEmpty());
    EXPECT_THAT(wrong(api, R"({"left": {"left": {"n": "1"}}})"),
                ElementsAre("/left/left/n: must be a whole number"));
    for (const char* schemas :
         {R"({"A": {"$ref": "#/components/schemas/A"}})",
          R"({"A": {"anyOf": [{"type": "string"}, {"not": {"$ref": "#/components/schemas/A"}}]}})"})
        EXPECT_THAT(problems_of(api_of(R"({"$ref": "#/components/schemas/A"})", "3.0.3", schemas)),
                    ElementsAre(HasSubstr("from here back to here")));
    EXPECT_THAT(problems_of(api_of(R"({"$ref": "#/components/schemas/B"})")),
                ElementsAre(HasSubstr("/schema/$ref: the reference leads nowhere")));
    EXPECT_THAT(problems_of(api_of(R"({"$ref": "other.yaml#/B"})")),
                ElementsAre(HasSubstr("leads nowhere in this document")));
}

TEST(Schema, alternatives_within_themselves_end_after_a_number_of_steps) {
    const std::string node =
        R"({"N": {"anyOf": [{"type": "string"},
            {"type": "array", "items": {"$ref": "#/components/schemas/N"}, "maxItems": 1},
            {"type": "array", "items": {"$ref": "#/components/schemas/N"}, "minItems": 1}]}})";
    const Api api = api_of(R"({"$ref": "#/components/schemas/N"})", "3.0.3", node);
    EXPECT_THAT(wrong(api, R"([[["a"]]])"), IsEmpty());
    const std::string deep = std::string(30, '[') + "1" + std::string(30, ']');
    EXPECT_THAT(wrong(api, deep), ElementsAre(": takes too long to check"));
}

TEST(Schema, long_texts_and_lists_cost_steps) {
    const std::string many = R"({"anyOf": [{"pattern": "^a*b$"}, {"pattern": "^a*c$"},
        {"enum": ["d"]}, {"uniqueItems": true, "minItems": 1, "type": "array"}]})";
    const std::string long_text = '"' + std::string(1000, 'a') + "b\"";
    EXPECT_THAT(wrong(many, long_text), IsEmpty());
    const Api api = api_of(R"({"items": )" + many + "}");
    std::string all = "[" + long_text;
    for (int i = 0; i < 9999; ++i) all += ",\"" + std::string(1000, 'a') + '"';
    EXPECT_THAT(wrong(api, all + "]"), ElementsAre(": takes too long to check"));
    const std::string name = R"(, "name)";
    std::string required = R"({"items": {"required": [ "name")";
    for (int i = 0; i < 2000; ++i) required += name + std::to_string(i) + '"';
    std::string objects = "[{}";
    for (int i = 0; i < 1000; ++i) objects += ",{}";
    EXPECT_THAT(wrong(required + "]}}", objects + "]"), ElementsAre(": takes too long to check"));
}

TEST(Schema, what_is_read_only_is_not_required_of_a_request) {
    EXPECT_THAT(wrong(R"({"required": ["id", "name"], "properties": {"id": {"readOnly": true},
                          "name": {}}})",
                      R"({"name": 1})"),
                IsEmpty());
}

TEST(Document, what_cannot_be_kept_is_a_problem_with_its_place) {
    struct Case {
        const char *schema, *said;
    };
    const Case cases[] = {
        {R"({"properties": {"a": {"if": {}}}})", "/properties/a/if: `if` is not kept here"},
        {R"({"prefixItems": []})", "`prefixItems` is not kept here"},
        {R"({"patternProperties": {}})", "`patternProperties` is not kept here"},
        {R"({"const": 1})", "`const` is not kept here"},
        {R"({"format": "iban"})", "the format `iban` is not known"},
        {R"x({"pattern": "(?=a)"})x", "cannot be matched in linear time"},
        {R"x({"pattern": "(a)\\1"})x", "cannot be matched in linear time"},
        {R"({"type": "text"})", "/type: is no type"},
        {R"({"type": ["string"]})", "/type: is no type"},
        {R"({"nullable": "yes"})", "/nullable: must be true or false"},
        {R"({"readOnly": 1})", "/readOnly: must be true or false"},
        {R"({"uniqueItems": 1})", "`uniqueItems` is not kept here, or not in this form"},
        {R"({"minLength": -1})", "must be a whole number"},
        {R"({"minimum": "1"})", "must be a number"},
        {R"({"exclusiveMinimum": 1})", "is true or false in OpenAPI 3.0"},
        {R"({"anyOf": []})", "must be a list of schemas"},
        {R"({"items": [{}]})", "/items: a schema is an object"},
        {R"({"$ref": "#/components/schemas/A", "maximum": 1})", "beside $ref nothing counts"},
    };
    for (const Case& each : cases)
        EXPECT_THAT(problems_of(api_of(each.schema, "3.0.3", R"({"A": {}})")),
                    ElementsAre(HasSubstr(each.said)))
            << each.schema;
    EXPECT_THAT(problems_of(api_of(R"({"nullable": true})", "3.1.0")),
                ElementsAre(HasSubstr("is of OpenAPI 3.0")));
    EXPECT_THAT(problems_of(api_of("{}", "2.0")), ElementsAre(HasSubstr("must be 3.0 or 3.1")));
}

Api with_operation(const std::string& operation, const std::string& more = "") {
    return read_api(json::parse(R"({"openapi": "3.0.3", "paths": {"/x/{id}": {"get": )" +
                                operation + "}}" + more + "}"));
}

std::vector<std::string> wrong_parameters(const std::string& parameters, const Given& given) {
    const Api api = with_operation(R"({"parameters": [)" + parameters + "]}");
    EXPECT_THAT(problems_of(api), IsEmpty());
    std::vector<std::string> out;
    for (const Violation& each : api.operations.at(0).operation.check_parameters(given))
        out.push_back(std::string(each.in) + ' ' + each.name + each.pointer + ": " + each.message);
    return out;
}

TEST(Parameters, are_read_as_their_schema_wants) {
    const std::string limit =
        R"({"in": "query", "name": "limit", "required": true, "schema": {"type": "integer", "maximum": 5}})";
    EXPECT_THAT(wrong_parameters(limit, {{}, {{"limit", "5"}}, {}}), IsEmpty());
    EXPECT_THAT(wrong_parameters(limit, {{}, {{"limit", "6"}}, {}}),
                ElementsAre("query limit: must be at most 5"));
    EXPECT_THAT(wrong_parameters(limit, {{}, {{"limit", "x"}}, {}}),
                ElementsAre("query limit: must be a whole number"));
    EXPECT_THAT(wrong_parameters(limit, {{}, {{"Limit", "5"}}, {}}),
                ElementsAre("query limit: is missing"));
    EXPECT_THAT(wrong_parameters(limit, {{}, {{"limit", "5"}, {"limit", "5"}}, {}}),
                ElementsAre("query limit: is there more than once"));
    EXPECT_THAT(wrong_parameters(limit, {{}, {{"limit", "\xff"}}, {}}),
                ElementsAre("query limit: must be UTF-8"));
    const std::string text =
        R"({"in": "path", "name": "id", "required": true, "schema": {"type": "string", "pattern": "^[0-9]+$"}})";
    EXPECT_THAT(wrong_parameters(text, {{{"id", "12"}}, {}, {}}), IsEmpty());
    EXPECT_THAT(wrong_parameters(text, {{{"id", "1a"}}, {}, {}}),
                ElementsAre("path id: must match the pattern"));
    const std::string flag = R"({"in": "header", "name": "X-Flag", "schema": {"type": "boolean"}})";
    EXPECT_THAT(wrong_parameters(flag, {{}, {}, {{"x-FLAG", "true"}}}), IsEmpty());
    EXPECT_THAT(wrong_parameters(flag, {{}, {}, {}}), IsEmpty());
    EXPECT_THAT(wrong_parameters(flag, {{}, {}, {{"x-flag", "yes"}}}),
                ElementsAre("header x-flag: must be true or false"));
}

TEST(Parameters, of_the_operation_stand_for_those_of_the_path) {
    const auto violations = [](const char* own) {
        const Api api = read_api(json::parse(
            R"({"openapi": "3.0.3", "paths": {"/x": {"parameters": [{"in": "query", "name": "n",
                "required": true, "schema": {"type": "integer"}}], "get": {"parameters": [)" +
            std::string(own) + "]}}}}"));
        EXPECT_THAT(problems_of(api), IsEmpty());
        return api.operations.at(0).operation.check_parameters({{}, {{"n", "x"}}, {}}).size();
    };
    EXPECT_EQ(violations(""), 1U);
    EXPECT_EQ(violations(R"({"in": "query", "name": "n", "schema": {"type": "string"}})"), 0U);
    EXPECT_EQ(violations(R"({"in": "query", "name": "n", "x-domicile-unchecked": true})"), 0U);
    EXPECT_EQ(violations(R"({"in": "header", "name": "n", "x-domicile-unchecked": true})"), 1U);
}

TEST(Parameters, may_be_lists) {
    const std::string many =
        R"({"in": "query", "name": "n", "schema": {"type": "array", "maxItems": 2, "items": {"type": "integer"}}})";
    EXPECT_THAT(wrong_parameters(many, {{}, {{"n", "1"}, {"n", "2"}}, {}}), IsEmpty());
    EXPECT_THAT(wrong_parameters(many, {{}, {{"n", "1"}, {"n", "x"}}, {}}),
                ElementsAre("query n/1: must be a whole number"));
    EXPECT_THAT(wrong_parameters(many, {{}, {{"n", "1"}, {"n", "2"}, {"n", "3"}}, {}}),
                ElementsAre("query n: must have at most 2 items"));
    const std::string comma =
        R"({"in": "header", "name": "n", "schema": {"type": "array", "items": {"enum": ["a", "b"]}}})";
    EXPECT_THAT(wrong_parameters(comma, {{}, {}, {{"n", "a, b"}}}), IsEmpty());
    EXPECT_THAT(wrong_parameters(comma, {{}, {}, {{"n", "a,c"}}}),
                ElementsAre("header n/1: must be one of the values that are allowed"));
}

TEST(Document, operations_are_looked_at_whole) {
    const auto said = [](const std::string& operation, const std::string& more = "") {
        return problems_of(with_operation(operation, more));
    };
    EXPECT_THAT(said(R"({"responses": {"200": {"any": "thing"}}, "x-other": 1})"), IsEmpty());
    EXPECT_THAT(said(R"({"parameter": []})"), ElementsAre(HasSubstr("`parameter` is not known")));
    EXPECT_THAT(said(R"({"x-domicile-rout": {}})"), ElementsAre(HasSubstr("x-domicile-rout")));
    EXPECT_THAT(said(R"({"parameters": [{"in": "cookie", "name": "a", "schema": {}}]})"),
                ElementsAre(HasSubstr("/parameters/0/in: must be path, query or header")));
    EXPECT_THAT(
        said(R"({"parameters": [{"in": "cookie", "name": "a", "x-domicile-unchecked": true}]})"),
        IsEmpty());
    EXPECT_THAT(
        said(
            R"({"parameters": [{"in": "query", "name": "a", "style": "deepObject", "schema": {}}]})"),
        ElementsAre(HasSubstr("must be form here")));
    EXPECT_THAT(said(R"({"parameters": [{"in": "query", "name": "a", "required": "yes",
                         "schema": {"type": "string"}}]})"),
                ElementsAre("/paths/~1x~1{id}/get/parameters/0/required: must be true or false"));
    EXPECT_THAT(said(R"({"parameters": [{"in": "path", "name": "other", "required": true,
                         "schema": {"type": "string"}}]})"),
                ElementsAre(HasSubstr("the path has no segment {other}")));
    // "12" would be a number, of which no pattern says anything.
    EXPECT_THAT(
        said(R"({"parameters": [{"in": "query", "name": "a", "schema": {"pattern": "b"}}]})"),
        ElementsAre(HasSubstr("/schema: a parameter's schema says its `type`")));
    EXPECT_THAT(said(R"({"x-amazon-apigateway-auth": {"type": "AWS_IAM"}})"),
                ElementsAre(HasSubstr("`x-amazon-apigateway-auth` is not kept here")));
    EXPECT_THAT(said(R"({"security": [{"a": [1]}]})"),
                ElementsAre(HasSubstr("must be a list of scopes")));
    EXPECT_THAT(
        said(R"({"requestBody": {"content": {"text/csv": {"schema": {"type": "string"}}}}})"),
        ElementsAre(HasSubstr("only JSON is looked at")));
    EXPECT_THAT(said(R"({"security": [{"a": []}, {"b": []}]})"),
                ElementsAre(HasSubstr("alternatives are not kept")));
    EXPECT_THAT(said(R"({"security": [{"a": []}]})"),
                ElementsAre(HasSubstr("the reference leads nowhere")));
    const Api api = with_operation(
        R"({"security": [{"a": ["s"]}]})",
        R"(, "components": {"securitySchemes": {"a": {"type": "http", "scheme": "bearer"}}})");
    EXPECT_THAT(problems_of(api), IsEmpty());
    const Security& security = api.operations.at(0).security;
    EXPECT_TRUE(security.said);
    EXPECT_EQ(security.schemes.at(0).name, "a");
    EXPECT_THAT(security.schemes.at(0).scopes, ElementsAre("s"));
    EXPECT_EQ(security.schemes.at(0).definition.at("type"), "http");
}

TEST(Document, what_is_more_precise_comes_first) {
    const Api api = read_api(json::parse(
        R"({"openapi": "3.1.0", "paths": {"/{rest+}": {"get": {}}, "/a/{id}": {"get": {}},
            "/a/b": {"x-amazon-apigateway-any-method": {}, "put": {}}, "/{a}/b": {"get": {}}}})"));
    EXPECT_THAT(problems_of(api), IsEmpty());
    std::vector<std::string> order;
    for (const ApiOperation& each : api.operations)
        order.push_back(each.operation.method + ' ' + each.operation.path);
    EXPECT_THAT(order,
                ElementsAre("PUT /a/b", " /a/b", "GET /a/{id}", "GET /{a}/b", "GET /{rest+}"));
}

// "/a" is neither before nor behind the two others, and may not hide that these have an order.
TEST(Document, the_order_holds_with_shorter_paths_between) {
    const Api api = read_api(json::parse(
        R"({"openapi": "3.1.0", "paths": {"/a/{id}": {"get": {}}, "/a": {"get": {}},
            "/a/b": {"get": {}}}})"));
    std::vector<std::string> order;
    for (const ApiOperation& each : api.operations) order.push_back(each.operation.path);
    EXPECT_THAT(order, ElementsAre("/a", "/a/b", "/a/{id}"));
}

TEST(Document, patterns_have_a_number) {
    std::string properties = R"({"a": {"pattern": "^a"})";
    for (int i = 0; i < 600; ++i)
        properties += fmt::format(R"(, "p{}": {{"pattern": "^{}$"}})", i, i % 400);
    EXPECT_THAT(problems_of(api_of(R"({"properties": )" + properties + "}}")), IsEmpty());
    for (int i = 0; i < 600; ++i)
        properties += fmt::format(R"(, "q{}": {{"pattern": "^{}$"}})", i, i);
    EXPECT_THAT(problems_of(api_of(R"({"properties": )" + properties + "}}")),
                testing::Contains(HasSubstr("more than 500 patterns")));
}

TEST(Document, media_types_are_found_by_what_is_nearest) {
    const Api api = with_operation(
        R"({"requestBody": {"required": true, "content": {"*/*": {}, "text/*": {},
            "application/problem+json": {"schema": {"type": "object"}}}}})");
    EXPECT_THAT(problems_of(api), IsEmpty());
    const Operation& operation = api.operations.at(0).operation;
    EXPECT_TRUE(operation.body_required);
    EXPECT_EQ(operation.media_of("Text/Plain; charset=x")->type, "text/*");
    EXPECT_EQ(operation.media_of("application/problem+JSON")->type, "application/problem+json");
    EXPECT_EQ(operation.media_of("")->type, "*/*");
}

}  // namespace
}  // namespace domicile::openapi
