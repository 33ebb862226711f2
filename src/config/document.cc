#include "config/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>

#include "base/encoding.h"

namespace domicile::config {
namespace {

Place to_place(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Stops yaml-cpp, which knows no other way; caught in parse_document.
struct Stop {
    Place place;
    std::string message;
    std::string hint;
};

class Builder : public YAML::EventHandler {
  public:
    explicit Builder(std::size_t depth_max) : depth_max_(depth_max) {}
    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        add(Node{Node::Kind::null, to_place(mark), {}, {}, {}}, anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_alias(to_place(mark)); }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check_tag(mark, tag);
        // "?" is a plain scalar, "!" a quoted one; only a plain one can mean null.
        const bool null = tag == "?" && (value == "~" || value == "null");
        add(Node{null ? Node::Kind::null : Node::Kind::scalar,
                 to_place(mark),
                 value,
                 {},
                 {},
                 tag == "?"},
            anchor);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(Node{Node::Kind::list, to_place(mark), {}, {}, {}}, mark, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(Node{Node::Kind::map, to_place(mark), {}, {}, {}}, mark, tag, anchor);
    }
    void OnMapEnd() override { close(); }

    // What was read, also after a stop.
    Node take() {
        while (!open_.empty()) close();
        return std::move(root_);
    }

  private:
    static void refuse_alias(Place place) {
        throw Stop{place, "anchors and aliases are not allowed",
                   "write the value out where it is used"};
    }
    static void check_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!")
            throw Stop{to_place(mark), "tags are not allowed",
                       "remove the word that starts with !"};
    }

    void open(Node node, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        check_tag(mark, tag);
        if (anchor) refuse_alias(node.place);
        if (open_.size() >= depth_max_)
            throw Stop{node.place, "nested deeper than " + std::to_string(depth_max_) + " levels",
                       ""};
        if (expects_key()) throw Stop{node.place, "a key must be a plain word", ""};
        open_.push_back(std::move(node));
    }

    void close() {
        Node done = std::move(open_.back());
        open_.pop_back();
        done.keys.resize(std::min(done.keys.size(), done.items.size()));
        add(std::move(done), 0);
    }

    void add(Node node, YAML::anchor_t anchor) {
        if (anchor) refuse_alias(node.place);
        if (open_.empty()) {
            root_ = std::move(node);
        } else if (expects_key()) {
            if (node.kind == Node::Kind::null) node.text = "null";
            open_.back().keys.push_back(std::move(node));
        } else {
            // yaml-cpp puts an absent value wherever it noticed the absence.
            if (node.kind == Node::Kind::null && open_.back().kind == Node::Kind::map)
                node.place = open_.back().keys.back().place;
            open_.back().items.push_back(std::move(node));
        }
    }

    bool expects_key() const {
        return !open_.empty() && open_.back().kind == Node::Kind::map &&
               open_.back().keys.size() == open_.back().items.size();
    }

    const std::size_t depth_max_;
    Node root_;
    std::vector<Node> open_;  // from the root to where we are
};

void parse(std::string_view text, Builder& builder, std::optional<Stop>& stop) {
    std::istringstream stream{std::string(text)};
    try {
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(builder)) return;
        Builder rest(kDepthMax);
        if (parser.HandleNextDocument(rest)) {
            // An empty trailing document ("...") has no place, and is harmless.
            const Node more = rest.take();
            if (more.place.line > 0)
                stop = Stop{more.place, "the file holds a second document", ""};
        }
    } catch (const Stop& thrown) {
        stop = thrown;
    } catch (const YAML::Exception& error) {
        stop = Stop{to_place(error.mark), "not valid YAML: " + error.msg, ""};
    }
}

}  // namespace

const Node* Node::find(std::string_view key) const {
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (keys[i].text == key) return &items[i];
    return nullptr;
}

std::string to_string(const Path& path) {
    std::string out;
    for (const Step& step : path) {
        if (const auto* index = std::get_if<std::size_t>(&step)) {
            out += "[" + std::to_string(*index) + "]";
        } else {
            if (!out.empty()) out += '.';
            out += std::get<std::string>(step);
        }
    }
    return out;
}

Path operator/(Path path, Step step) {
    path.push_back(std::move(step));
    return path;
}

Document parse_document(std::string_view file_name, std::string_view text, std::size_t depth_max) {
    Document out;
    const auto problem = [&](Place place, std::string message, std::string hint) {
        out.problems.push_back({std::string(file_name), place.line, place.column, "",
                                std::move(message), std::move(hint)});
    };
    if (text.size() > kFileBytesMax) {
        problem({}, "the file is larger than 1 MiB", "");
        return out;
    }
    if (!is_utf8(text) || text.find('\0') != std::string_view::npos) {
        problem({}, "the file is not UTF-8 text", "");
        return out;
    }
    Builder builder(depth_max);
    std::optional<Stop> stop;
    parse(text, builder, stop);
    if (stop) problem(stop->place, stop->message, stop->hint);
    out.root = builder.take();
    return out;
}

Place place_of(const Node& root, const Path& path, bool at_key) {
    const Node* node = &root;
    Place place = root.place;
    for (const Step& step : path) {
        if (const auto* index = std::get_if<std::size_t>(&step)) {
            // `url: x` may stand for `url: [x]`: then the node itself is the element.
            if (node->kind != Node::Kind::list) continue;
            if (*index >= node->items.size()) return place;
            node = &node->items[*index];
            place = node->place;
            continue;
        }
        const std::string& name = std::get<std::string>(step);
        const auto found = std::find_if(node->keys.begin(), node->keys.end(),
                                        [&](const Node& key) { return key.text == name; });
        if (found == node->keys.end()) return place;
        node = &node->items[static_cast<std::size_t>(found - node->keys.begin())];
        const bool last = &step == &path.back();
        place = (last && at_key) || node->place.line <= 0 ? found->place : node->place;
    }
    return place;
}

}  // namespace domicile::config
