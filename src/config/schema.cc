// docs/domicile.schema.json from the descriptions of the sections: types, words, patterns, bounds
// and docs, for editors. What spans sections is not in it; `check` sees that.
#include <cmath>

#include "config/config.h"
#include "config/sections.h"

namespace domicile::config {
namespace {

// Whole numbers as such: 5, not 5E0.
json::value number(double value) {
    if (value == std::floor(value) && std::abs(value) < 9e15)
        return static_cast<std::int64_t>(value);
    return value;
}

// Boost.JSON prints on one line; people read this file's changes.
void print(const json::value& value, std::size_t depth, std::string& out) {
    const std::string pad(2 * (depth + 1), ' ');
    const auto each = [&](auto& range, char open, char close, auto&& item) {
        out += open;
        for (bool first = true; auto& entry : range) {
            out += (first ? "\n" : ",\n") + pad;
            first = false;
            item(entry);
        }
        out += '\n' + std::string(2 * depth, ' ') + close;
    };
    const json::object* object = value.if_object();
    const json::array* array = value.if_array();
    if (object != nullptr && !object->empty()) {
        each(*object, '{', '}', [&](const auto& member) {
            out += json::serialize(json::value(member.key())) + ": ";
            print(member.value(), depth + 1, out);
        });
    } else if (array != nullptr && !array->empty() && !array->front().is_string()) {
        each(*array, '[', ']', [&](const json::value& entry) { print(entry, depth + 1, out); });
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

json::object text_schema(const Limit& limit) {
    json::object out{{"type", "string"}};
    if (limit.choices != nullptr) {
        json::array words;
        for (const std::string& word : limit.choices()) words.emplace_back(word);
        out["enum"] = std::move(words);
    } else if (limit.pattern != nullptr) {
        out["pattern"] = limit.pattern;
    } else {
        out["minLength"] = 1;
    }
    return out;
}

json::object number_schema(const char* type, double least, double most, const Limit& limit) {
    json::object out{{"type", type}};
    // The bounds of 64 bits and of floating point say nothing to anybody.
    const auto bound = [&](const char* name, std::optional<double> set, double natural) {
        if (set || std::abs(natural) < 9e15) out[name] = number(set.value_or(natural));
    };
    bound("minimum", limit.min, least);
    bound("maximum", limit.max, most);
    return out;
}

json::object section_schema(const ObjectInfo& section) {
    json::object properties;
    json::array required;
    for (const FieldInfo& field : section.fields) {
        const bool said = field.limit.words.empty();
        const std::string doc = said ? field.doc : field.doc + " (" + field.limit.words + ')';
        json::object shape{{"description", doc}};
        // A section's own description gives way to what it is for here.
        for (auto& member : field.shape(field.limit)) shape.emplace(member.key(), member.value());
        if (!field.default_value.is_null()) shape["default"] = field.default_value;
        properties[field.key] = std::move(shape);
        if (field.required) required.emplace_back(field.key);
    }
    json::object out{{"description", section.doc},
                     {"type", "object"},
                     {"properties", std::move(properties)},
                     {"additionalProperties", false}};
    if (!required.empty()) out["required"] = std::move(required);
    return out;
}

std::string schema() {
    json::object out{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                     {"title", "domicile.yaml"}};
    const json::object whole = section_schema(describe<Config>().info());
    for (const auto& member : whole) out[member.key()] = member.value();
    std::string text;
    print(out, 0, text);
    return text + '\n';
}

}  // namespace domicile::config
