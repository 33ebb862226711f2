// The binder: an Object<T> says once which keys a section has, and from that come the parser, the
// check for unknown keys, the reference and the JSON Schema. A field is a key, a member pointer, a
// doc line and limits; its type and default come from the struct itself.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/config.h"
#include "config/document.h"
#include "config/limit.h"
#include "config/reader.h"
#include "config/shape.h"

namespace domicile::config {

struct ObjectInfo;

struct FieldInfo {
    std::string key;
    std::string doc;
    std::string type;
    std::string default_text;  // empty: none
    std::string bounds;
    bool required = false;
    const ObjectInfo* child = nullptr;  // the section inside, if it is one
    Limit limit = {};
    json::object (*shape)(const Limit&) = nullptr;  // see shape.h
    json::value default_value = {};                 // null: none
};

struct ObjectInfo {
    std::string doc;
    std::vector<FieldInfo> fields;
};

// ---- Values ------------------------------------------------------------------------------------

// Codec<V>: `type()` and `print()` for the reference, `read()` from the tree; read leaves `out`
// alone where the node has a problem. The primary template is for sections.
template <class V>
struct Codec;

template <class V>
void read_value(Reader& reader, const Node& node, const Path& path, const Limit& limit, V& out) {
    Codec<V>::read(reader, node, path, limit, out);
}

// The text of a scalar, or nullptr and a problem.
const std::string* read_scalar(Reader& reader, const Node& node, const Path& path,
                               std::string_view type);
bool check_fits(Reader& reader, const Path& path, const Limit& limit, std::string_view text,
                bool at_key = false);
bool check_range(Reader& reader, const Path& path, const Limit& limit, double value);
// False and a problem if it is not of this kind. Duplicate keys of a map are problems too.
bool check_kind(Reader& reader, const Node& node, const Path& path, Node::Kind kind,
                const Limit& limit);

template <>
struct Codec<std::string> {
    static std::string type() { return "text"; }
    static std::string print(const std::string& value) { return value; }
    static void read(Reader&, const Node&, const Path&, const Limit&, std::string& out);
};

template <>
struct Codec<bool> {
    static std::string type() { return "true or false"; }
    static std::string print(bool value) { return value ? "true" : "false"; }
    static void read(Reader&, const Node&, const Path&, const Limit&, bool& out);
};

template <>
struct Codec<Endpoint> {
    static std::string type() { return "address:port"; }
    static std::string print(const Endpoint& value) {
        return fmt::format("{}:{}", value.address, value.port);
    }
    static void read(Reader&, const Node&, const Path&, const Limit&, Endpoint& out);
};

template <>
struct Codec<UpstreamUrl> {
    static std::string type() { return "URL"; }
    static std::string print(const UpstreamUrl&) { return {}; }
    static void read(Reader&, const Node&, const Path&, const Limit&, UpstreamUrl& out);
};

template <class V>
    requires std::is_arithmetic_v<V>
struct Codec<V> {
    static std::string type() { return std::is_integral_v<V> ? "whole number" : "number"; }
    static std::string print(V value) { return fmt::format("{}", value); }
    static void read(Reader& reader, const Node& node, const Path& path, const Limit& limit,
                     V& out) {
        const std::string* text = read_scalar(reader, node, path, type());
        if (!text) return;
        V value{};
        const char* end = text->data() + text->size();
        const auto parsed = std::from_chars(text->data(), end, value);
        const bool range = parsed.ec == std::errc::result_out_of_range;
        if ((parsed.ec != std::errc() && !range) || parsed.ptr != end)
            return reader.problem(path, "must be a " + type());
        if (range) return reader.problem(path, "the number is too large");
        if (check_range(reader, path, limit, static_cast<double>(value))) out = value;
    }
};

template <class E>
    requires std::is_enum_v<E>
struct Codec<E> {
    static std::string type() { return fmt::format("{}", fmt::join(words_of<E>(), ", ")); }
    static std::string print(E value) {
        return std::string(words_of<E>()[static_cast<std::size_t>(value)]);
    }
    static void read(Reader& reader, const Node& node, const Path& path, const Limit&, E& out) {
        const std::string* text = read_scalar(reader, node, path, "word");
        if (!text) return;
        const auto words = words_of<E>();
        const auto found = std::find(words.begin(), words.end(), *text);
        if (found == words.end())
            return reader.problem(path, "must be one of " + type(),
                                  did_you_mean(*text, {words.begin(), words.end()}));
        out = static_cast<E>(found - words.begin());
    }
};

template <class V>
struct Codec<std::optional<V>> {
    static std::string type() { return Codec<V>::type(); }
    static std::string print(const std::optional<V>& value) {
        return value ? Codec<V>::print(*value) : std::string();
    }
    static void read(Reader& reader, const Node& node, const Path& path, const Limit& limit,
                     std::optional<V>& out) {
        V value{};
        read_value(reader, node, path, limit, value);
        out = std::move(value);
    }
};

template <class V>
struct Codec<std::vector<V>> {
    static std::string type() { return "list of " + Codec<V>::type(); }
    static std::string print(const std::vector<V>& values) {
        std::string out;
        for (const V& value : values) out += (out.empty() ? "" : ", ") + Codec<V>::print(value);
        return out;
    }
    static void read(Reader& reader, const Node& node, const Path& path, const Limit& limit,
                     std::vector<V>& out) {
        out.clear();
        if constexpr (std::is_same_v<V, UpstreamUrl>) {
            if (node.kind == Node::Kind::scalar)
                return read_value(reader, node, path, limit, out.emplace_back());
        }
        // `routes: {openapi: file}` is all of one document.
        if constexpr (std::is_same_v<V, Route>) {
            if (node.kind == Node::Kind::map)
                return read_value(reader, node, path, limit, out.emplace_back());
        }
        if (!check_kind(reader, node, path, Node::Kind::list, limit)) return;
        for (std::size_t i = 0; i < node.items.size(); ++i)
            read_value(reader, node.items[i], path / i, limit, out.emplace_back());
    }
};

template <>
struct Codec<std::map<std::string, std::string>> {
    using Map = std::map<std::string, std::string>;
    static std::string type() { return "name: text"; }
    static std::string print(const Map&) { return {}; }
    static void read(Reader&, const Node&, const Path&, const Limit&, Map& out);
};

// ---- Sections ----------------------------------------------------------------------------------

// What is the same for all sections is here, outside of the template: there are dozens of them, and
// each copy has to be compiled.

// What the type of a field says of it.
struct FieldType {
    std::string (*type)();
    std::string default_text;
    const ObjectInfo* child;
    json::object (*shape)(const Limit&);
    json::value default_value;
};
void add_field(ObjectInfo& section, std::string_view key, std::string_view doc, const Limit& limit,
               FieldType type);
// Which of the fields the i-th key of the node is; none and a problem if the section has no such
// key.
std::optional<std::size_t> find_field(Reader& reader, const ObjectInfo& section, const Node& node,
                                      std::size_t i, const Path& path);
// A problem for each required field that is not there.
void check_required(Reader& reader, const ObjectInfo& section, const Node& node, const Path& path);

template <class T>
class Object {
  public:
    explicit Object(std::string doc) { info_.doc = std::move(doc); }

    template <class V>
    Object& field(std::string_view key, V T::* member, std::string_view doc,
                  const Limit& limit = no_limit()) {
        const V& default_value = defaults().*member;
        add_field(info_, key, doc, limit,
                  {.type = &Codec<V>::type,
                   .default_text = Codec<V>::print(default_value),
                   .child = child_of<V>(),
                   .shape = &Shape<V>::schema,
                   .default_value = Shape<V>::value(default_value)});
        reads_.push_back([member](Reader& reader, const Node& node, const Path& path,
                                  const Limit& limit,
                                  T& out) { read_value(reader, node, path, limit, out.*member); });
        return *this;
    }

    void read(Reader& reader, const Node& node, const Path& path, T& out) const {
        if (!check_kind(reader, node, path, Node::Kind::map, {})) return;
        for (std::size_t i = 0; i < node.keys.size(); ++i)
            if (const std::optional<std::size_t> f = find_field(reader, info_, node, i, path))
                reads_[*f](reader, node.items[i], path / node.keys[i].text, info_.fields[*f].limit,
                           out);
        check_required(reader, info_, node, path);
    }

    const ObjectInfo& info() const { return info_; }

  private:
    template <class V>
    static const ObjectInfo* child_of();
    // Not inlined: each call of field() would bring the making of a T along.
    [[gnu::noinline]] static const T& defaults() {
        static const T kDefaults{};
        return kDefaults;
    }

    using Read = std::function<void(Reader&, const Node&, const Path&, const Limit&, T&)>;

    ObjectInfo info_;
    std::vector<Read> reads_;  // one for each of info_.fields
};

// One for each section, in sections*.cc.
template <class T>
const Object<T>& describe();

template <class T>
json::object Shape<T>::schema(const Limit&) {
    return section_schema(describe<T>().info());
}

template <class T>
struct Codec {
    static std::string type() { return "section"; }
    static std::string print(const T&) { return {}; }
    static void read(Reader& reader, const Node& node, const Path& path, const Limit&, T& out) {
        describe<T>().read(reader, node, path, out);
    }
    static const ObjectInfo* child() { return &describe<T>().info(); }
};

template <class T>
struct Codec<NamedList<T>> {
    static std::string type() { return "name: section"; }
    static std::string print(const NamedList<T>&) { return {}; }
    static const ObjectInfo* child() { return &describe<T>().info(); }
    static void read(Reader& reader, const Node& node, const Path& path, const Limit& limit,
                     NamedList<T>& out) {
        out.clear();
        if (!check_kind(reader, node, path, Node::Kind::map, limit)) return;
        for (std::size_t i = 0; i < node.keys.size(); ++i) {
            const std::string& name = node.keys[i].text;
            check_fits(reader, path / name, limit, name, true);
            if (out.find(name)) continue;  // check_kind has said so
            T& entry = out.emplace_back();
            describe<T>().read(reader, node.items[i], path / name, entry);
            entry.name = name;
        }
    }
};

template <class V>
concept HasChild = requires { Codec<V>::child(); };

template <class V>
const ObjectInfo* child_info(std::type_identity<V>) {
    if constexpr (HasChild<V>) return Codec<V>::child();
    return nullptr;
}
template <class V>
const ObjectInfo* child_info(std::type_identity<std::vector<V>>) {
    return child_info(std::type_identity<V>());
}
template <class V>
const ObjectInfo* child_info(std::type_identity<std::optional<V>>) {
    return child_info(std::type_identity<V>());
}

template <class T>
template <class V>
const ObjectInfo* Object<T>::child_of() {
    return child_info(std::type_identity<V>());
}

}  // namespace domicile::config
