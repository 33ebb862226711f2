// The YAML file as a tree with places. Our own, since a problem needs line and column of every
// value, duplicate keys must be seen, and a hostile file must stay cheap: anchors, aliases and tags
// are refused, depth and size are bounded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/config.h"

namespace domicile::config {

struct Place {
    int line = 0;  // from 1
    int column = 0;
};

struct Node {
    enum class Kind : std::uint8_t { null, scalar, list, map };

    Kind kind = Kind::null;
    Place place;
    std::string text;         // scalar
    std::vector<Node> items;  // list, or the values of a map
    std::vector<Node> keys;   // map: as many as items, all scalars, in the order of the file
    bool plain = false;       // a scalar without quotes: it may mean a number or a boolean

    const Node* find(std::string_view key) const;  // the first, nullptr if there is none
};

// Where in the tree: names and indices from the root.
using Step = std::variant<std::string, std::size_t>;
using Path = std::vector<Step>;
std::string to_string(const Path& path);  // "routes[0].function"
Path operator/(Path path, Step step);

inline constexpr std::size_t kDepthMax = 16;

struct Document {
    Node root;
    std::vector<Problem> problems;  // if any, root is what was read so far
};

Document parse_document(std::string_view file_name, std::string_view text,
                        std::size_t depth_max = kDepthMax);

// The place of the deepest node on the path; of a map's entry, the key's where `at_key`.
Place place_of(const Node& root, const Path& path, bool at_key = false);

}  // namespace domicile::config
