// What a value looks like as JSON Schema (draft 2020-12), by its type: Shape<V>::schema(limit), and
// Shape<V>::value(v) for its default, null where there is nothing to say. Internal to config.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "config/limit.h"
#include "config/named.h"
#include "config/region.h"
#include "config/route.h"

namespace domicile::config {

struct ObjectInfo;

// The words of an enum, in the order of its values.
template <class E>
std::span<const std::string_view> words_of();

// A section with all its keys, and the sections inside.
json::object section_schema(const ObjectInfo& section);
// Of a text, of the names of a section of names, and of a number.
json::object text_schema(const Limit& limit);
json::object number_schema(const char* type, double least, double most, const Limit& limit);

// For sections; defined in object.h.
template <class V>
struct Shape {
    static json::object schema(const Limit&);
    static json::value value(const V&) { return nullptr; }
};

template <>
struct Shape<std::string> {
    static json::object schema(const Limit& limit) { return text_schema(limit); }
    static json::value value(const std::string& value) {
        if (value.empty()) return nullptr;
        return json::value(value);
    }
};

template <>
struct Shape<bool> {
    static json::object schema(const Limit&) { return {{"type", "boolean"}}; }
    static json::value value(bool value) { return value; }
};

template <class V>
    requires std::is_arithmetic_v<V>
struct Shape<V> {
    static json::object schema(const Limit& limit) {
        return number_schema(std::is_integral_v<V> ? "integer" : "number",
                             static_cast<double>(std::numeric_limits<V>::lowest()),
                             static_cast<double>(std::numeric_limits<V>::max()), limit);
    }
    static json::value value(V value) { return value; }
};

template <class E>
    requires std::is_enum_v<E>
struct Shape<E> {
    static json::object schema(const Limit&) {
        json::array words;
        for (std::string_view word : words_of<E>()) words.emplace_back(word);
        return {{"type", "string"}, {"enum", std::move(words)}};
    }
    static json::value value(E value) {
        return json::value(words_of<E>()[static_cast<std::size_t>(value)]);
    }
};

template <>
struct Shape<Endpoint> {
    static json::object schema(const Limit&) {
        return {{"type", "string"}, {"pattern", R"(^(\[[^\]]+\]|[^:\[]+):[0-9]{1,5}$)"}};
    }
    static json::value value(const Endpoint& value) {
        return json::value(value.address + ':' + std::to_string(value.port));
    }
};

template <>
struct Shape<UpstreamUrl> {
    static json::object schema(const Limit&) {
        return {{"type", "string"},
                {"pattern", R"(^http://(\[[^\]/]+\]|[^:/?#@\[]+)(:[0-9]{1,5})?/?$)"}};
    }
    static json::value value(const UpstreamUrl&) { return nullptr; }
};

template <class V>
struct Shape<std::optional<V>> {
    static json::object schema(const Limit& limit) { return Shape<V>::schema(limit); }
    static json::value value(const std::optional<V>&) { return nullptr; }
};

template <class V>
struct Shape<std::vector<V>> {
    static json::object schema(const Limit& limit) {
        json::object out{{"type", "array"}, {"items", Shape<V>::schema(limit)}};
        if (limit.filled) out["minItems"] = 1;
        if constexpr (std::is_same_v<V, UpstreamUrl> || std::is_same_v<V, Route>)  // one, or a list
            return {{"anyOf", json::array{Shape<V>::schema(limit), std::move(out)}}};
        return out;
    }
    static json::value value(const std::vector<V>& values) {
        if (values.empty()) return nullptr;
        json::array out;
        for (const V& one : values) out.push_back(Shape<V>::value(one));
        return out;
    }
};

template <>
struct Shape<std::map<std::string, std::string>> {
    // YAML's numbers and booleans are as good as text here: `PORT: 8080`.
    static json::object schema(const Limit& limit) {
        return {{"type", "object"},
                {"propertyNames", text_schema(limit)},
                {"additionalProperties", {{"type", {"string", "number", "boolean"}}}}};
    }
    static json::value value(const std::map<std::string, std::string>&) { return nullptr; }
};

template <class T>
struct Shape<NamedList<T>> {
    static json::object schema(const Limit& limit) {
        json::object out{{"type", "object"},
                         {"propertyNames", text_schema(limit)},
                         {"additionalProperties", Shape<T>::schema({})}};
        if (limit.filled) out["minProperties"] = 1;
        return out;
    }
    static json::value value(const NamedList<T>&) { return nullptr; }
};

}  // namespace domicile::config
