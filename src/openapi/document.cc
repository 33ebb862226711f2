#include "openapi/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

#include "base/encoding.h"
#include "openapi/compiler.h"

namespace domicile::openapi {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::string_view kDocumentKeys[] = {
    "openapi", "info",         "servers",           "paths",   "components", "security",
    "tags",    "externalDocs", "jsonSchemaDialect", "webhooks"};
constexpr std::string_view kPathKeys[] = {"$ref", "summary", "description", "servers",
                                          "parameters"};
constexpr std::string_view kOperationKeys[] = {
    "tags",        "summary",   "description", "externalDocs", "operationId", "parameters",
    "requestBody", "responses", "callbacks",   "deprecated",   "security",    "servers"};
constexpr std::string_view kParameterKeys[] = {
    "name",   "in",      "description",   "required", "deprecated", "allowEmptyValue",
    "style",  "explode", "allowReserved", "schema",   "example",    "examples",
    "content"};
constexpr std::string_view kBodyKeys[] = {"description", "content", "required"};
constexpr std::string_view kMediaKeys[] = {"schema", "example", "examples", "encoding"};

constexpr std::string_view kRoute = "x-domicile-route";
constexpr std::string_view kUnchecked = "x-domicile-unchecked";
constexpr std::string_view kAnyMethod = "x-amazon-apigateway-any-method";

std::string method_of(std::string_view key) {
    for (const std::string_view known :
         {"get", "put", "post", "delete", "options", "head", "patch"})
        if (key == known) {
            std::string out(key);
            std::ranges::transform(out, out.begin(),
                                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
            return out;
        }
    return {};
}

std::string text_in(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
}

// Literals before {names}, these before {rest+}, segment by segment.
std::vector<int> ranks_of(std::string_view path) {
    std::vector<int> out;
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/', 1), path.size());
        const std::string_view segment = path.substr(1, end - 1);
        out.push_back(!segment.starts_with('{') ? 0 : segment.ends_with("+}") ? 2 : 1);
        path.remove_prefix(end);
    }
    return out;
}

// What is more precise comes first; of the same path, methods that are named.
bool stands_before(const ApiOperation& a, const ApiOperation& b) {
    return std::pair(ranks_of(a.operation.path), a.operation.method.empty()) <
           std::pair(ranks_of(b.operation.path), b.operation.method.empty());
}

bool has_segment(std::string_view path, std::string_view name) {
    const std::string one = fmt::format("/{{{}}}/", name);
    const std::string rest = fmt::format("/{{{}+}}/", name);
    const std::string all = std::string(path) + '/';
    return all.find(one) != std::string::npos || all.find(rest) != std::string::npos;
}

using Taken = std::set<std::pair<In, std::string>>;

class Reader {
  public:
    explicit Reader(const json::value& root) : root_(root) {}

    Api read();

  private:
    void check_keys(const json::object& object, Names known, Names own, const Steps& at);
    const json::object* object_at(const json::value& value, const Steps& at);
    void read_path(const std::string& path, const json::value& value, const Steps& at);
    void read_operation(const std::string& path, const std::string& method,
                        const json::object& item, const Steps& item_at, const json::value& value,
                        const Steps& at);
    // False where it is not there; a problem where it is neither true nor false.
    bool flag(const json::object& object, std::string_view name, const Steps& at,
              bool otherwise = false);
    // `taken` are the parameters that were said before, looked at or not.
    void read_parameters(const json::object& from, const Steps& at, Operation& to, Taken& taken);
    void read_parameter(const Located& at, Operation& to, Taken& taken);
    bool read_name(const json::object& object, const Steps& at, Parameter& to);
    void read_values(const json::object& object, const Steps& at, Parameter& to);
    bool read_style(const json::object& object, const Steps& at, Parameter& to);
    void read_body(Located at, Operation& to);
    void read_media(const std::string& type, const json::value& value, const Steps& at,
                    Operation& to);
    Security read_security(const json::object& operation, const Steps& at);
    void read_requirement(const json::value& value, Security& to);

    const json::value& root_;
    Api out_;
    std::unique_ptr<Compiler> compiler_;
};

const json::object* Reader::object_at(const json::value& value, const Steps& at) {
    const json::object* object = value.if_object();
    if (object == nullptr) compiler_->problem(at, "must be an object");
    return object;
}

bool Reader::flag(const json::object& object, std::string_view name, const Steps& at,
                  bool otherwise) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr) return otherwise;
    if (value->is_bool()) return value->get_bool();
    compiler_->problem(at / name, "must be true or false");
    return otherwise;
}

void Reader::check_keys(const json::object& object, Names known, Names own, const Steps& at) {
    const auto has = [](Names names, std::string_view name) {
        return std::ranges::find(names, name) != names.end();
    };
    for (const auto& member : object) {
        const std::string_view name = member.key();
        const bool ours = name.starts_with("x-domicile-");
        if (name == "x-amazon-apigateway-policy" || name == "x-amazon-apigateway-auth")
            compiler_->problem(at / name, fmt::format("`{}` is not kept here", name),
                               "say who may call in `security`, and leave it out");
        if (ours ? has(own, name) : name.starts_with("x-") || has(known, name)) continue;
        compiler_->problem(at / name, fmt::format("`{}` is not known here", name),
                           ours ? "x-domicile-route of an operation or path, x-domicile-unchecked "
                                  "of a parameter or media type, x-domicile-authorizer of a "
                                  "security scheme"
                                : "");
    }
}

Api Reader::read() {
    const json::object* document = root_.if_object();
    const std::string version = document == nullptr ? "" : text_in(*document, "openapi");
    const bool v31 = version == "3.1" || version.starts_with("3.1.");
    compiler_ = std::make_unique<Compiler>(root_, v31, out_.problems);
    if (!v31 && version != "3.0" && !version.starts_with("3.0.")) {
        compiler_->problem({"openapi"}, "must be 3.0 or 3.1, such as \"3.0.3\"",
                           "Swagger 2.0 is to be converted");
        return std::move(out_);
    }
    check_keys(*document, kDocumentKeys, {}, {});
    const json::value* paths = document->if_contains("paths");
    const json::object* all = paths == nullptr ? nullptr : object_at(*paths, {"paths"});
    if (paths == nullptr) compiler_->problem({}, "`paths` is missing");
    if (all != nullptr)
        for (const auto& member : *all)
            if (!member.key().starts_with("x-"))
                read_path(member.key(), member.value(), Steps{"paths"} / member.key());
    compiler_->finish();
    for (ApiOperation& each : out_.operations) each.operation.schemas = compiler_->schemas();
    std::ranges::stable_sort(out_.operations, stands_before);
    return std::move(out_);
}

void Reader::read_path(const std::string& path, const json::value& value, const Steps& at) {
    if (!path.starts_with('/')) return compiler_->problem(at, "a path begins with /");
    const auto there = compiler_->resolve({&value, at});
    const json::object* item = there ? object_at(*there->value, there->steps) : nullptr;
    if (item == nullptr) return;
    json::object rest = *item;
    for (const auto& member : *item) {
        const std::string_view key = member.key();
        const std::string method = method_of(key);
        if (method.empty() && key != kAnyMethod) continue;
        read_operation(path, method, *item, there->steps, member.value(), there->steps / key);
        rest.erase(key);
    }
    constexpr std::string_view kOwn[] = {kRoute};
    check_keys(rest, kPathKeys, kOwn, there->steps);
}

void Reader::read_operation(const std::string& path, const std::string& method,
                            const json::object& item, const Steps& item_at,
                            const json::value& value, const Steps& at) {
    const json::object* object = object_at(value, at);
    if (object == nullptr) return;
    if (out_.operations.size() >= kOperationsMax)
        return compiler_->problem(at, fmt::format("more than {} operations", kOperationsMax));
    constexpr std::string_view kOwn[] = {kRoute};
    check_keys(*object, kOperationKeys, kOwn, at);
    ApiOperation made;
    made.pointer = at;
    Operation& operation = made.operation;
    operation.pointer = to_pointer(at);
    operation.path = path;
    operation.method = method;
    // Those of the operation stand for those of the path with the same name.
    Taken taken;
    read_parameters(*object, at, operation, taken);
    read_parameters(item, item_at, operation, taken);
    if (const json::value* body = object->if_contains("requestBody"))
        read_body({body, at / "requestBody"}, operation);
    if (item.contains(kRoute)) made.routes.push_back(item_at / kRoute);
    if (object->contains(kRoute)) made.routes.push_back(at / kRoute);
    if (const json::value* integration = object->if_contains("x-amazon-apigateway-integration"))
        made.integration = *integration;
    made.security = read_security(*object, at);
    out_.operations.push_back(std::move(made));
}

void Reader::read_parameters(const json::object& from, const Steps& at, Operation& to,
                             Taken& taken) {
    const json::value* value = from.if_contains("parameters");
    if (value == nullptr) return;
    const json::array* array = value->if_array();
    if (array == nullptr) return compiler_->problem(at / "parameters", "must be a list");
    for (std::size_t i = 0; i < array->size(); ++i) {
        const auto there =
            compiler_->resolve({&array->at(i), at / "parameters" / std::to_string(i)});
        if (there) read_parameter(*there, to, taken);
    }
}

void Reader::read_parameter(const Located& at, Operation& to, Taken& taken) {
    const json::object* object = object_at(*at.value, at.steps);
    if (object == nullptr) return;
    constexpr std::string_view kOwn[] = {kUnchecked};
    check_keys(*object, kParameterKeys, kOwn, at.steps);
    const bool unchecked = flag(*object, kUnchecked, at.steps);
    const std::string in = text_in(*object, "in");
    if (unchecked && in == "cookie") return;
    Parameter made;
    if (!read_name(*object, at.steps, made)) return;
    if (!taken.emplace(made.in, made.name).second || unchecked) return;
    // These are not parameters (OpenAPI 3.0.3, 4.7.12.1).
    if (made.in == In::header &&
        (made.name == "accept" || made.name == "content-type" || made.name == "authorization"))
        return;
    made.required = flag(*object, "required", at.steps);
    if (made.in == In::path && !made.required)
        return compiler_->problem(at.steps, "a parameter of the path is `required: true`");
    if (made.in == In::path && !has_segment(to.path, made.name))
        return compiler_->problem(at.steps,
                                  fmt::format("the path has no segment {{{}}}", made.name));
    made.empty_is_good = flag(*object, "allowEmptyValue", at.steps);
    const std::size_t problems = out_.problems.size();
    read_values(*object, at.steps, made);
    if (out_.problems.size() == problems) to.parameters.push_back(std::move(made));
}

bool Reader::read_name(const json::object& object, const Steps& at, Parameter& to) {
    to.name = text_in(object, "name");
    const std::string in = text_in(object, "in");
    if (to.name.empty()) {
        compiler_->problem(at, "a parameter has a `name`");
        return false;
    }
    if (in == "path") to.in = In::path;
    if (in == "header") {
        to.in = In::header;
        to.name = to_lower(to.name);
    }
    if (in == "path" || in == "header" || in == "query") return true;
    compiler_->problem(at / "in", "must be path, query or header",
                       "cookies are not looked at: say x-domicile-unchecked: true");
    return false;
}

// How its values are written, and what they may be.
void Reader::read_values(const json::object& object, const Steps& at, Parameter& to) {
    const json::value* schema = object.if_contains("schema");
    if (schema == nullptr)
        return compiler_->problem(at, "a parameter has a `schema`",
                                  "`content` is not looked at: say x-domicile-unchecked: true");
    const Located schema_at{schema, at / "schema"};
    const unsigned types = compiler_->types_at(schema_at);
    to.list = types != type::kAny && (types & type::kArray) != 0;
    if (types == type::kObject)
        return compiler_->problem(schema_at.steps, "objects in parameters are not looked at",
                                  "say x-domicile-unchecked: true of the parameter");
    if (!read_style(object, at, to)) return;
    to.schema = compiler_->schema(schema_at);
    const auto there = compiler_->resolve(schema_at);
    const json::object* rules = there ? there->value->if_object() : nullptr;
    if (rules == nullptr) return;
    // A text may stand for a number: which of the two it is decides which keywords count.
    if (types == type::kAny && Compiler::depends_on_type(*rules))
        return compiler_->problem(there->steps, "a parameter's schema says its `type`");
    if (!to.list) return;
    if (const json::value* items = rules->if_contains("items"))
        to.items = compiler_->schema({items, there->steps / "items"});
}

bool Reader::read_style(const json::object& object, const Steps& at, Parameter& to) {
    const std::string_view wanted = to.in == In::query ? "form" : "simple";
    const std::string style =
        object.contains("style") ? text_in(object, "style") : std::string(wanted);
    if (style != wanted) {
        compiler_->problem(at / "style", fmt::format("must be {} here", wanted),
                           "other styles are not looked at: say x-domicile-unchecked: true");
        return false;
    }
    const bool explode = flag(object, "explode", at, to.in == In::query);
    to.comma = to.in != In::query || !explode;
    return true;
}

void Reader::read_body(Located at, Operation& to) {
    const auto there = compiler_->resolve(std::move(at));
    const json::object* object = there ? object_at(*there->value, there->steps) : nullptr;
    if (object == nullptr) return;
    check_keys(*object, kBodyKeys, {}, there->steps);
    to.has_body = true;
    to.body_required = flag(*object, "required", there->steps);
    const json::value* content = object->if_contains("content");
    const json::object* types =
        content == nullptr ? nullptr : object_at(*content, there->steps / "content");
    if (types == nullptr || types->empty())
        return compiler_->problem(there->steps, "a body has a `content` with its media types");
    for (const auto& member : *types)
        read_media(to_lower(member.key()), member.value(), there->steps / "content" / member.key(),
                   to);
}

void Reader::read_media(const std::string& type, const json::value& value, const Steps& at,
                        Operation& to) {
    const json::object* object = object_at(value, at);
    if (object == nullptr) return;
    constexpr std::string_view kOwn[] = {kUnchecked};
    check_keys(*object, kMediaKeys, kOwn, at);
    if (type.find(';') != std::string::npos)
        return compiler_->problem(at, "a media type without parameters is needed");
    Media made;
    made.type = type;
    made.json = type == "application/json" || type.ends_with("+json");
    const json::value* schema = object->if_contains("schema");
    const json::object* rules = schema == nullptr ? nullptr : schema->if_object();
    // Bytes of any kind are what this says.
    const bool any =
        rules != nullptr && (rules->empty() || (text_in(*rules, "type") == "string" &&
                                                text_in(*rules, "format") == "binary"));
    const bool unchecked = flag(*object, kUnchecked, at);
    if (schema == nullptr || unchecked || (!made.json && any)) {
        to.media.push_back(std::move(made));
        return;
    }
    if (!made.json)
        return compiler_->problem(at, "only JSON is looked at",
                                  "leave the schema out, or say x-domicile-unchecked: true");
    made.schema = compiler_->schema({schema, at / "schema"});
    to.media.push_back(std::move(made));
}

Security Reader::read_security(const json::object& operation, const Steps& at) {
    Security out;
    const json::value* value = operation.if_contains("security");
    out.pointer = at / "security";
    if (value == nullptr) {
        value = root_.get_object().if_contains("security");
        out.pointer = {"security"};
    }
    if (value == nullptr) return out;
    out.said = true;
    const json::array* all = value->if_array();
    if (all == nullptr) {
        compiler_->problem(out.pointer, "must be a list");
    } else if (all->size() > 1) {
        compiler_->problem(out.pointer, "alternatives are not kept: one entry, or none",
                           "a route has one authorizer");
    } else if (!all->empty()) {
        out.pointer = out.pointer / "0";
        read_requirement(all->front(), out);
    }
    return out;
}

void Reader::read_requirement(const json::value& value, Security& to) {
    const json::object* object = object_at(value, to.pointer);
    if (object == nullptr) return;
    for (const auto& member : *object) {
        Security::Scheme scheme;
        scheme.name = member.key();
        const json::array* scopes = member.value().if_array();
        if (scopes == nullptr)
            return compiler_->problem(to.pointer / member.key(), "must be a list of scopes");
        for (const json::value& scope : *scopes) {
            if (!scope.is_string())
                return compiler_->problem(to.pointer / member.key(), "must be a list of scopes");
            scheme.scopes.emplace_back(scope.get_string());
        }
        const std::string reference =
            "#/components/securitySchemes/" + percent_encode(pointer_token(scheme.name));
        const json::value pointing = json::object{{"$ref", reference}};
        const auto there = compiler_->resolve({&pointing, to.pointer / member.key()});
        const json::object* definition = there ? object_at(*there->value, there->steps) : nullptr;
        if (definition == nullptr) return;
        scheme.definition = *definition;
        scheme.pointer = there->steps;
        to.schemes.push_back(std::move(scheme));
    }
}

}  // namespace

Api read_api(const json::value& document) { return Reader(document).read(); }

}  // namespace domicile::openapi
