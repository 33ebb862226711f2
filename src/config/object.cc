#include "config/object.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace domicile::config {
namespace {

std::string_view kind_name(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::null:
            return "nothing";
        case Node::Kind::scalar:
            return "a single value";
        case Node::Kind::list:
            return "a list";
        case Node::Kind::map:
            return "a section (key: value)";
    }
    return "";
}

void check_duplicates(Reader& reader, const Node& map, const Path& path) {
    std::set<std::string_view> seen;
    for (const Node& key : map.keys)
        if (!seen.insert(key.text).second)
            reader.problem_at(key.place, path / key.text,
                              "the key `" + key.text + "` is there twice", "remove one of the two");
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
    return port;
}

// "host:port" or "[v6]:port".
std::optional<Endpoint> parse_endpoint(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    const auto port = parse_port(text.substr(colon + 1));
    if (!port) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    if (host.front() == '[') {
        if (host.size() < 3 || host.back() != ']') return std::nullopt;
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return std::nullopt;
    }
    return Endpoint{std::string(host), *port};
}

std::optional<UpstreamUrl> parse_upstream(std::string_view text) {
    const auto url = boost::urls::parse_uri(text);
    if (!url || url->scheme() != "http" || url->encoded_host().empty()) return std::nullopt;
    if (url->has_userinfo() || url->has_query() || url->has_fragment()) return std::nullopt;
    if (!url->encoded_path().empty() && url->encoded_path() != "/") return std::nullopt;
    UpstreamUrl out{url->host_address(), 80};
    if (url->has_port()) {
        const auto port = parse_port(std::string_view(url->port().data(), url->port().size()));
        if (!port || *port == 0) return std::nullopt;
        out.port = *port;
    }
    return out;
}

std::string bounds_of(const Limit& limit) {
    if (!limit.words.empty()) return limit.words;
    if (limit.min && limit.max) return fmt::format("{} to {}", *limit.min, *limit.max);
    return limit.min ? fmt::format("at least {}", *limit.min) : std::string();
}

}  // namespace

const std::string* read_scalar(Reader& reader, const Node& node, const Path& path,
                               std::string_view type) {
    if (node.kind == Node::Kind::scalar) return &node.text;
    reader.problem(path, fmt::format("must be a {}, not {}", type, kind_name(node.kind)));
    return nullptr;
}

bool check_fits(Reader& reader, const Path& path, const Limit& limit, std::string_view text,
                bool at_key) {
    const bool good = limit.fits ? limit.fits(text) : !text.empty();
    if (good) return true;
    std::string message = "must not be empty";
    if (!text.empty() || !limit.words.empty())
        message = fmt::format("`{}` does not fit: {}", text.substr(0, 80), limit.words);
    std::string hint = limit.suggest ? limit.suggest(text) : std::string();
    if (at_key) {
        reader.problem_at_key(path, std::move(message), std::move(hint));
    } else {
        reader.problem(path, std::move(message), std::move(hint));
    }
    return false;
}

bool check_range(Reader& reader, const Path& path, const Limit& limit, double value) {
    const bool good =
        !(limit.min && value < *limit.min) && !(limit.max && value > *limit.max) && value == value;
    if (good) return true;
    if (limit.min && limit.max)
        reader.problem(path,
                       fmt::format("{} is out of bounds: {} to {}", value, *limit.min, *limit.max));
    else
        reader.problem(path, fmt::format("{} is out of bounds", value));
    return false;
}

bool check_kind(Reader& reader, const Node& node, const Path& path, Node::Kind kind,
                const Limit& limit) {
    if (node.kind != kind) {
        reader.problem(path,
                       fmt::format("must be {}, not {}", kind_name(kind), kind_name(node.kind)));
        return false;
    }
    if (kind == Node::Kind::map) check_duplicates(reader, node, path);
    if (limit.filled && node.items.empty()) reader.problem(path, "must not be empty");
    return true;
}

void Codec<std::string>::read(Reader& reader, const Node& node, const Path& path,
                              const Limit& limit, std::string& out) {
    const std::string* text = read_scalar(reader, node, path, "text");
    if (text && check_fits(reader, path, limit, *text)) out = *text;
}

void Codec<bool>::read(Reader& reader, const Node& node, const Path& path, const Limit&,
                       bool& out) {
    const std::string* text = read_scalar(reader, node, path, "true or false");
    if (!text) return;
    // YAML 1.1's yes, no, on and off are refused: 1.2 reads them as text.
    if (*text == "true" || *text == "false")
        out = *text == "true";
    else
        reader.problem(path, "must be true or false", "only these two words, in lower case");
}

void Codec<Endpoint>::read(Reader& reader, const Node& node, const Path& path, const Limit&,
                           Endpoint& out) {
    const std::string* text = read_scalar(reader, node, path, type());
    if (!text) return;
    if (const auto parsed = parse_endpoint(*text))
        out = *parsed;
    else
        reader.problem(path, "must be address:port", "for example 127.0.0.1:8443 or [::1]:8443");
}

void Codec<UpstreamUrl>::read(Reader& reader, const Node& node, const Path& path, const Limit&,
                              UpstreamUrl& out) {
    const std::string* text = read_scalar(reader, node, path, type());
    if (!text) return;
    if (const auto parsed = parse_upstream(*text))
        out = *parsed;
    else
        reader.problem(path, "must be http://host:port",
                       "no path, no query, no user; plain http only");
}

void Codec<std::map<std::string, std::string>>::read(Reader& reader, const Node& node,
                                                     const Path& path, const Limit& limit,
                                                     Map& out) {
    out.clear();
    if (!check_kind(reader, node, path, Node::Kind::map, limit)) return;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        const std::string& name = node.keys[i].text;
        check_fits(reader, path / name, limit, name, true);
        if (const auto* text = read_scalar(reader, node.items[i], path / name, "text"))
            out[name] = *text;
    }
}

void add_field(ObjectInfo& section, std::string_view key, std::string_view doc, const Limit& limit,
               FieldType type) {
    section.fields.push_back({.key = std::string(key),
                              .doc = std::string(doc),
                              .type = type.type(),
                              .default_text = std::move(type.default_text),
                              .bounds = bounds_of(limit),
                              .required = limit.required,
                              .child = type.child,
                              .limit = limit,
                              .shape = type.shape,
                              .default_value = std::move(type.default_value)});
}

std::optional<std::size_t> find_field(Reader& reader, const ObjectInfo& section, const Node& node,
                                      std::size_t i, const Path& path) {
    const std::string& key = node.keys[i].text;
    for (std::size_t f = 0; f < section.fields.size(); ++f)
        if (section.fields[f].key == key) return f;
    std::vector<std::string> known;
    for (const FieldInfo& field : section.fields) known.push_back(field.key);
    std::string hint = did_you_mean(key, known);
    if (hint.empty()) hint = fmt::format("known here: {}", fmt::join(known, ", "));
    reader.problem_at(node.keys[i].place, path / key, "unknown key `" + key + "`", std::move(hint));
    return std::nullopt;
}

void check_required(Reader& reader, const ObjectInfo& section, const Node& node, const Path& path) {
    for (const FieldInfo& field : section.fields)
        if (field.required && !node.find(field.key))
            reader.problem_at_key(path, "`" + field.key + "` is missing", field.doc);
}

}  // namespace domicile::config
