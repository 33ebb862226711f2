#include "openapi/compiler.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>
#include <string_view>

#include "base/encoding.h"

namespace domicile::openapi {
namespace {

constexpr std::size_t kPatternBytesMax = 1000;
constexpr std::int64_t kPatternMemory = 1 << 20;
constexpr std::size_t kReferencesMax = 16;

// What says something to people only, or to who writes the answer.
constexpr std::string_view kAnnotations[] = {
    "title",      "description",   "default",   "example",      "examples",
    "deprecated", "readOnly",      "writeOnly", "externalDocs", "xml",
    "$comment",   "discriminator", "nullable",  "$ref",         "$defs"};

constexpr std::string_view kOfOneType[] = {"pattern",          "format",           "minLength",
                                           "maxLength",        "minimum",          "maximum",
                                           "exclusiveMinimum", "exclusiveMaximum", "multipleOf"};

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

unsigned type_of(std::string_view name) {
    if (name == "null") return type::kNull;
    if (name == "boolean") return type::kBoolean;
    if (name == "integer") return type::kInteger;
    if (name == "number") return type::kNumber;
    if (name == "string") return type::kString;
    if (name == "array") return type::kArray;
    return name == "object" ? type::kObject : 0;
}

// A number of things: whole, and not less than none.
std::optional<std::uint64_t> count_of(const json::value& value) {
    if (value.is_uint64()) return value.get_uint64();
    if (value.is_int64() && value.get_int64() >= 0)
        return static_cast<std::uint64_t>(value.get_int64());
    return std::nullopt;
}

std::optional<long double> number_of(const json::value& value) {
    if (value.is_int64()) return static_cast<long double>(value.get_int64());
    if (value.is_uint64()) return static_cast<long double>(value.get_uint64());
    if (value.is_double()) return static_cast<long double>(value.get_double());
    return std::nullopt;
}

std::string unescaped(std::string_view token) {
    std::string out;
    for (std::size_t i = 0; i < token.size(); ++i) {
        const bool escape = token[i] == '~' && i + 1 < token.size();
        if (escape && (token[i + 1] == '0' || token[i + 1] == '1'))
            out += token[++i] == '0' ? '~' : '/';
        else
            out += token[i];
    }
    return out;
}

// A step of RFC 6901; null where it leads nowhere.
const json::value* step(const json::value& from, const std::string& token) {
    if (const json::object* object = from.if_object()) return object->if_contains(token);
    const json::array* array = from.if_array();
    std::size_t index = 0;
    const char* end = token.data() + token.size();
    const auto read = std::from_chars(token.data(), end, index);
    if (array == nullptr || read.ec != std::errc() || read.ptr != end || index >= array->size())
        return nullptr;
    return &array->at(index);
}

std::optional<Located> follow(const json::value& root, std::string_view reference) {
    if (!reference.starts_with("#/")) return std::nullopt;
    const auto decoded = percent_decode(reference.substr(2));
    if (!decoded) return std::nullopt;
    Located out{&root, {}};
    std::string_view rest = *decoded;
    for (;;) {
        const std::size_t end = std::min(rest.find('/'), rest.size());
        out.steps.push_back(unescaped(rest.substr(0, end)));
        out.value = step(*out.value, out.steps.back());
        if (out.value == nullptr) return std::nullopt;
        if (end == rest.size()) return out;
        rest.remove_prefix(end + 1);
    }
}

}  // namespace

Steps operator/(Steps steps, std::string_view step) {
    steps.emplace_back(step);
    return steps;
}

std::string to_pointer(const std::vector<std::string>& steps) {
    std::string out;
    for (const std::string& step : steps) out += '/' + pointer_token(step);
    return out;
}

void Compiler::problem(const Steps& at, std::string message, std::string hint) {
    if (problems_.size() < kProblemsMax)
        problems_.push_back({at, std::move(message), std::move(hint)});
}

std::optional<Located> Compiler::resolve(Located at) {
    for (std::size_t i = 0; i < kReferencesMax; ++i) {
        const json::object* object = at.value->if_object();
        const json::value* reference = object == nullptr ? nullptr : object->if_contains("$ref");
        if (reference == nullptr) return at;
        std::optional<Located> next;
        if (reference->is_string()) next = follow(root_, reference->get_string());
        if (!next) {
            problem(at.steps / "$ref", "the reference leads nowhere in this document",
                    "such as #/components/schemas/Name; other documents are not read");
            return std::nullopt;
        }
        at = std::move(*next);
    }
    problem(at.steps, "references follow each other without an end");
    return std::nullopt;
}

SchemaId Compiler::schema(Located at) {
    const std::string pointer = to_pointer(at.steps);
    const auto found = known_.find(pointer);
    if (found != known_.end()) return found->second;
    if (schemas_->all.size() >= kSchemasMax) {
        problem(at.steps, fmt::format("more than {} schemas", kSchemasMax));
        return 0;
    }
    const auto id = static_cast<SchemaId>(schemas_->all.size());
    schemas_->all.emplace_back();
    places_.push_back(at.steps);
    known_[pointer] = id;
    todo_.push_back({id, std::move(at)});
    return id;
}

unsigned Compiler::types_at(Located at) {
    const auto there = resolve(std::move(at));
    const json::object* object = there ? there->value->if_object() : nullptr;
    const json::value* types = object == nullptr ? nullptr : object->if_contains("type");
    if (types == nullptr) return type::kAny;
    if (types->is_string()) return type_of(types->get_string());
    unsigned out = 0;
    if (types->is_array())
        for (const json::value& each : types->get_array())
            if (each.is_string()) out |= type_of(each.get_string());
    return out;
}

bool Compiler::depends_on_type(const json::object& schema) {
    return std::ranges::any_of(
        schema, [](const auto& member) { return is_one_of(kOfOneType, member.key()); });
}

void Compiler::finish() {
    while (!todo_.empty()) {
        const Todo next = std::move(todo_.front());
        todo_.pop_front();
        compile(next.id, next.at);
    }
    check_chains();
    forget_read_only();
}

void Compiler::compile(SchemaId id, const Located& at) {
    Schema out;
    if (at.value->is_bool() && v31_) {
        out.never = !at.value->get_bool();
    } else if (const json::object* object = at.value->if_object()) {
        const json::value* reference = object->if_contains("$ref");
        if (reference != nullptr) {
            const auto target =
                reference->is_string() ? follow(root_, reference->get_string()) : std::nullopt;
            if (target)
                out.all_of.push_back(schema(*target));
            else
                problem(at.steps / "$ref", "the reference leads nowhere in this document",
                        "such as #/components/schemas/Name; other documents are not read");
        }
        for (const auto& member : *object) {
            const std::string_view name = member.key();
            const bool says_nothing = name == "summary" || is_one_of(kAnnotations, name);
            if (reference != nullptr && !v31_ && !says_nothing && !name.starts_with("x-"))
                problem(at.steps / name, "beside $ref nothing counts in OpenAPI 3.0",
                        "put both into an allOf");
            else
                keyword(out, *object, name, member.value(), at.steps / name);
        }
    } else {
        problem(at.steps, v31_ ? "a schema is an object, true or false" : "a schema is an object");
    }
    std::ranges::sort(out.properties, {}, &Schema::Property::name);
    if (out.choices) std::ranges::sort(*out.choices);
    schemas_->all[id] = std::move(out);
}

void Compiler::keyword(Schema& out, const json::object& from, std::string_view name,
                       const json::value& value, const Steps& at) {
    if (name.starts_with("x-")) return;
    if ((name == "readOnly" || name == "nullable") && !value.is_bool())
        return problem(at, "must be true or false");
    if (name == "readOnly") out.read_only = value.get_bool();
    if (name == "nullable" && v31_)
        return problem(at, "`nullable` is of OpenAPI 3.0", "say type: [..., \"null\"]");
    if (is_one_of(kAnnotations, name)) return;
    if (name == "type") return type_keyword(out, from, value, at);
    if (name == "enum" && value.is_array()) return choices(out, value.get_array());
    if (name == "const" && v31_) return choices(out, json::array{value});
    if (name == "pattern") return pattern(out, value, at);
    if (name == "format" && value.is_string()) {
        const auto format = format_of(value.get_string());
        if (format) {
            out.format = *format;
            return;
        }
        return problem(
            at, fmt::format("the format `{}` is not known", std::string_view(value.get_string())),
            "date, date-time, time, email, uuid, ipv4, ipv6, hostname, uri, byte, "
            "binary, password, int32, int64, float or double; or a `pattern`");
    }
    if (name == "properties" || name == "required" || name == "additionalProperties")
        return members(out, value, at);
    if (name == "uniqueItems" && value.is_bool()) {
        out.unique = value.get_bool();
        return;
    }
    if (name == "items") {
        out.items = schema({&value, at});
        return;
    }
    if (combining(out, name, value, at) || counting(out, name, value, at) ||
        numbering(out, from, name, value, at))
        return;
    problem(at, fmt::format("`{}` is not kept here, or not in this form", name),
            "docs/gateway.md has the keywords");
}

bool Compiler::combining(Schema& out, std::string_view name, const json::value& value,
                         const Steps& at) {
    if (name == "not") {
        out.negated = schema({&value, at});
        return true;
    }
    std::vector<SchemaId>* to = name == "allOf"   ? &out.all_of
                                : name == "anyOf" ? &out.any_of
                                : name == "oneOf" ? &out.one_of
                                                  : nullptr;
    if (to == nullptr) return false;
    for (const SchemaId id : list(value, at)) to->push_back(id);
    return true;
}

std::vector<SchemaId> Compiler::list(const json::value& value, const Steps& at) {
    std::vector<SchemaId> out;
    const json::array* array = value.if_array();
    if (array == nullptr || array->empty()) problem(at, "must be a list of schemas");
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i)
        out.push_back(schema({&array->at(i), at / std::to_string(i)}));
    return out;
}

bool Compiler::counting(Schema& out, std::string_view name, const json::value& value,
                        const Steps& at) {
    std::optional<std::uint64_t>* to = name == "minLength"       ? &out.length_min
                                       : name == "maxLength"     ? &out.length_max
                                       : name == "minItems"      ? &out.items_min
                                       : name == "maxItems"      ? &out.items_max
                                       : name == "minProperties" ? &out.properties_min
                                       : name == "maxProperties" ? &out.properties_max
                                                                 : nullptr;
    if (to == nullptr) return false;
    *to = count_of(value);
    if (!*to) problem(at, "must be a whole number, 0 or more");
    return true;
}

bool Compiler::numbering(Schema& out, const json::object& from, std::string_view name,
                         const json::value& value, const Steps& at) {
    const auto is = [&](std::string_view other) { return name == other; };
    const bool bound = is("minimum") || is("maximum");
    const bool exclusive = is("exclusiveMinimum") || is("exclusiveMaximum");
    if (!bound && !exclusive && !is("multipleOf")) return false;
    // In 3.0 it says of the bound beside it that it does not belong to it.
    if (exclusive && !v31_) {
        if (!value.is_bool())
            problem(at, "is true or false in OpenAPI 3.0", "a number, in OpenAPI 3.1");
        return true;
    }
    const auto number = number_of(value);
    if (!number) {
        problem(at, "must be a number");
        return true;
    }
    if (is("multipleOf")) {
        if (*number <= 0) problem(at, "must be more than 0");
        out.multiple_of = number;
        return true;
    }
    const bool low = is("minimum") || is("exclusiveMinimum");
    const json::value* strict = from.if_contains(low ? "exclusiveMinimum" : "exclusiveMaximum");
    const bool open = exclusive || (!v31_ && strict != nullptr && *strict == true);
    (low ? (open ? out.above : out.minimum) : (open ? out.below : out.maximum)) = number;
    return true;
}

void Compiler::type_keyword(Schema& out, const json::object& from, const json::value& value,
                            const Steps& at) {
    out.types = 0;
    const auto add = [&](const json::value& name) {
        const unsigned bit = name.is_string() ? type_of(name.get_string()) : 0;
        const bool fits = bit != 0 && (v31_ || bit != type::kNull);
        if (!fits)
            problem(at, "is no type",
                    v31_ ? "string, number, integer, boolean, array, object or null"
                         : "string, number, integer, boolean, array or object");
        out.types |= bit;
    };
    if (value.is_array() && v31_) {
        for (const json::value& each : value.get_array()) add(each);
    } else {
        add(value);
    }
    const json::value* nullable = from.if_contains("nullable");
    if (nullable != nullptr && *nullable == true) out.types |= type::kNull;
}

void Compiler::choices(Schema& out, const json::array& values) {
    std::vector<std::string> texts;
    for (const json::value& each : values) texts.push_back(canonical(each));
    if (!out.choices) {
        out.choices = std::move(texts);
        return;
    }
    // enum and const: both hold.
    std::erase_if(*out.choices, [&](const std::string& each) {
        return std::ranges::find(texts, each) == texts.end();
    });
}

void Compiler::pattern(Schema& out, const json::value& value, const Steps& at) {
    const json::string* text = value.if_string();
    if (text == nullptr || text->size() > kPatternBytesMax)
        return problem(at, fmt::format("must be a text of at most {} bytes", kPatternBytesMax));
    const auto known = patterns_.find(std::string_view(*text));
    if (known != patterns_.end()) {
        out.pattern = known->second;
        return;
    }
    if (patterns_.size() >= kPatternsMax)
        return problem(at, fmt::format("more than {} patterns", kPatternsMax));
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kPatternMemory);
    auto made = std::make_shared<re2::RE2>(re2::StringPiece(text->data(), text->size()), options);
    if (!made->ok())
        return problem(at, "cannot be matched in linear time: " + made->error(),
                       "RE2's syntax: no look-around, no back references, \\x{20AC} for \\u20AC");
    patterns_.emplace(std::string(*text), made);
    out.pattern = std::move(made);
}

void Compiler::members(Schema& out, const json::value& value, const Steps& at) {
    const std::string& name = at.back();
    if (name == "required") {
        const json::array* array = value.if_array();
        if (array == nullptr) return problem(at, "must be a list of names");
        for (const json::value& each : *array) {
            if (!each.is_string()) return problem(at, "must be a list of names");
            out.required.emplace_back(each.get_string());
        }
    } else if (name == "additionalProperties") {
        if (value.is_bool())
            out.closed = !value.get_bool();
        else
            out.additional = schema({&value, at});
    } else if (const json::object* object = value.if_object()) {
        for (const auto& member : *object)
            out.properties.push_back(
                {std::string(member.key()), schema({&member.value(), at / member.key()})});
    } else {
        problem(at, "must be an object of schemas");
    }
}

// Schemas that all look at the same value: a circle of them would never end, and a long chain would
// need a deep stack.
void Compiler::check_chains() {
    const std::vector<Schema>& all = schemas_->all;
    const auto next_of = [&](SchemaId id) {
        std::vector<SchemaId> out = all[id].all_of;
        out.insert(out.end(), all[id].any_of.begin(), all[id].any_of.end());
        out.insert(out.end(), all[id].one_of.begin(), all[id].one_of.end());
        if (all[id].negated) out.push_back(*all[id].negated);
        return out;
    };
    // Whoever needs more rounds than kChainMax to have its length is in a circle or too long.
    std::vector<std::size_t> length(all.size(), 0);
    bool changed = true;
    for (std::size_t round = 0; changed && round <= kChainMax + 1; ++round) {
        changed = false;
        for (SchemaId id = 0; id < all.size(); ++id)
            for (const SchemaId next : next_of(id))
                if (length[id] < length[next] + 1 && length[id] <= kChainMax) {
                    length[id] = length[next] + 1;
                    changed = true;
                }
    }
    for (SchemaId id = 0; id < all.size(); ++id) {
        if (length[id] <= kChainMax) continue;
        problem(places_[id],
                "$ref, allOf, anyOf, oneOf and not lead from here back to here, or on "
                "and on",
                fmt::format("{} within each other at most", kChainMax));
        return;
    }
}

bool Compiler::is_read_only(SchemaId id, std::size_t depth) const {
    const Schema& schema = schemas_->all[id];
    if (schema.read_only || depth >= kReferencesMax) return schema.read_only;
    return schema.all_of.size() == 1 && is_read_only(schema.all_of.front(), depth + 1);
}

// What only answers have is not required of requests (OpenAPI 3.0.3, 4.7.24.2).
void Compiler::forget_read_only() {
    for (Schema& schema : schemas_->all)
        std::erase_if(schema.required, [&](const std::string& name) {
            const auto found = std::ranges::find(schema.properties, name, &Schema::Property::name);
            return found != schema.properties.end() && is_read_only(found->schema);
        });
}

}  // namespace domicile::openapi
