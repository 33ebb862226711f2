// OpenAPI documents and the requests that are held against them. Input: a document in YAML (or
// JSON), a line `%%`, a body, and perhaps another such line and a query.
//
// A problem of a document has a place in it, and a document without problems has schemas that refer
// to schemas. Whatever the schema, not accepts what it refuses and nothing else, and all, any and
// one of two of it agree with it. What is said of a value never has the value in it.
#include <algorithm>
#include <string>

#include "base/encoding.h"
#include "config/config.h"
#include "functions/event.h"
#include "fuzz.h"
#include "openapi/document.h"

namespace domicile::fuzz {
namespace {

constexpr const char* kFile =
    "jurisdictions: {A: {countries: [AU], regions: [a]}}\n"
    "regions: {a: {}}\n"
    "pools: {p: {id_suffix: P1, clients: {w: {id: abc}}}}\n"
    "upstreams: {u: {url: \"http://10.0.0.1:9000\"}}\n"
    "functions: {f: {command: [x]}}\n"
    "routes: {openapi: api, upstream: u, authorizer: p}\n";

std::string_view cut_part(std::string_view& text) {
    constexpr std::string_view kMark = "\n%%\n";
    const std::size_t end = std::min(text.find(kMark), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + kMark.size(), text.size()));
    return part;
}

// Whether it could only come from the value: not from the document, and none of our own words,
// which have no such characters.
bool is_secret(std::string_view text, std::string_view document) {
    return text.size() >= 8 && text.find_first_of("@_#") != std::string_view::npos &&
           document.find(text) == std::string_view::npos;
}

void collect(const json::value& value, std::string_view document, std::vector<std::string>& out) {
    if (value.is_string() && is_secret(value.get_string(), document))
        out.emplace_back(value.get_string());
    if (value.is_array())
        for (const json::value& each : value.get_array()) collect(each, document, out);
    if (value.is_object())
        for (const auto& member : value.get_object()) collect(member.value(), document, out);
}

void check_said(const openapi::Violations& said, const std::vector<std::string>& secrets) {
    DOMICILE_CHECK(said.size() <= openapi::kViolationsMax + 1);
    for (const openapi::Violation& each : said)
        for (const std::string& secret : secrets)
            DOMICILE_CHECK(each.message.find(secret) == std::string::npos);
}

void check_algebra(const openapi::Schemas& schemas, openapi::SchemaId id,
                   const json::value& value) {
    openapi::Schemas more = schemas;
    const auto add = [&](openapi::Schema schema) {
        more.all.push_back(std::move(schema));
        return static_cast<openapi::SchemaId>(more.all.size() - 1);
    };
    openapi::Schema with_not, with_all, with_any, with_one;
    with_not.negated = id;
    with_all.all_of = {id, id};
    with_any.any_of = {id, id};
    with_one.one_of = {id, id};
    const openapi::SchemaId ids[] = {id, add(with_not), add(with_all), add(with_any),
                                     add(with_one)};
    bool fits[5];
    for (std::size_t i = 0; i < 5; ++i) {
        openapi::Validation validation(more);
        openapi::Violations said;
        fits[i] = validation.check(value, ids[i], "body", "", said);
        DOMICILE_CHECK(fits[i] == said.empty());
        if (validation.exhausted()) return;
    }
    DOMICILE_CHECK(fits[1] != fits[0]);
    DOMICILE_CHECK(fits[2] == fits[0]);
    DOMICILE_CHECK(fits[3] == fits[0]);
    DOMICILE_CHECK(!fits[4]);
}

void check_operation(const openapi::Operation& operation, std::string_view document,
                     std::string_view body, std::string_view query) {
    const std::size_t schemas = operation.schemas->all.size();
    openapi::Given given;
    given.query = functions::query_pairs(query);
    std::vector<std::string> secrets;
    for (const auto& [name, value] : given.query)
        if (is_secret(value, document)) secrets.push_back(value);
    for (const openapi::Parameter& each : operation.parameters)
        DOMICILE_CHECK(each.schema < schemas && each.items.value_or(0) < schemas);
    check_said(operation.check_parameters(given), secrets);
    const auto value = parse_json(body, {.bytes_max = body.size()});
    secrets.clear();
    if (value) collect(*value, document, secrets);
    for (const openapi::Media& media : operation.media) {
        const openapi::Violations said = operation.check_body(media, body);
        DOMICILE_CHECK(!media.schema || value || !said.empty());
        if (!media.schema || !value) continue;
        DOMICILE_CHECK(*media.schema < schemas);
        check_said(said, secrets);
        check_algebra(*operation.schemas, *media.schema, *value);
    }
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(openapi) {
    using namespace domicile;
    using namespace domicile::fuzz;
    const std::string document(cut_part(input));
    const std::string_view body = cut_part(input), query = cut_part(input);
    const config::Loaded loaded = config::load(
        "f", kFile, [&](const std::string&) -> Result<std::string> { return document; });
    const auto lines = static_cast<int>(std::ranges::count(document, '\n')) + 1;
    for (const config::Problem& problem : loaded.problems) {
        DOMICILE_CHECK(problem.file == "api" || problem.file == "f");
        if (problem.file == "f") continue;
        DOMICILE_CHECK(problem.line <= lines + 1);
        DOMICILE_CHECK(problem.path.empty() || problem.path.front() == '/');
    }
    if (!loaded.problems.empty()) return;
    for (const config::Route& route : loaded.config.routes)
        check_operation(*route.operation, document, body, query);
}
