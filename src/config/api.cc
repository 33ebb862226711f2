#include "config/api.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/json.h"
#include "config/sections.h"
#include "config/text_rules.h"
#include "openapi/document.h"

namespace domicile::config {
namespace {

constexpr std::size_t kProblemsMax = 100;
constexpr const char* kIntegration = "x-amazon-apigateway-integration";

// As YAML's core schema reads a plain scalar, but for octal and hexadecimal numbers, infinities and
// what only YAML 1.1 took for a boolean.
json::value scalar_of(const Node& node) {
    const std::string& text = node.text;
    if (!node.plain) return json::value(text);
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    const bool number = !text.empty() && text.size() <= 64 &&
                        text.find_first_not_of("0123456789+-.eE") == std::string::npos;
    if (number) {
        auto parsed = parse_json(text);
        if (parsed && parsed->is_number()) return std::move(*parsed);
    }
    return json::value(text);
}

std::string text_in(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
}

// "check" of arn:aws:lambda:REGION:ACCOUNT:function:check, also within an invocation's URI.
std::string function_in(std::string_view uri) {
    constexpr std::string_view kMark = ":function:";
    const std::size_t at = uri.find(kMark);
    if (at == std::string_view::npos) return {};
    uri.remove_prefix(at + kMark.size());
    return std::string(uri.substr(0, uri.find_first_of(":/")));
}

std::vector<std::string> below(std::vector<std::string> at, std::string_view key) {
    at.emplace_back(key);
    return at;
}

class Import {
  public:
    Import(const Config& config, const Route& entry, Reader& reader, std::vector<Problem>& problems)
        : config_(config), entry_(entry), reader_(reader), problems_(problems) {}

    std::vector<Route> run(const ReadFile& read);

  private:
    using Steps = std::vector<std::string>;

    json::value to_json(const Node& node, Steps& at);
    void say(const Steps& at, std::string message, std::string hint = {});
    Route make(const openapi::ApiOperation& from);
    void secure(const openapi::Security& security, Route& to);
    std::string authorizer_of(const openapi::Security::Scheme& scheme);
    void integrate(const json::value& integration, const Steps& at, Route& to);
    void integrate_upstream(const std::string& uri, const Steps& at, Route& to);
    void overlay(const Steps& at, Route& to);
    const Node* node_at(const Steps& at) const;

    const Config& config_;
    const Route& entry_;
    Reader& reader_;
    std::vector<Problem>& problems_;
    std::string file_;
    Node root_;
    std::vector<Problem> found_;
};

Path path_of(const std::vector<std::string>& steps, const Node& root) {
    Path out;
    const Node* node = &root;
    for (const std::string& step : steps) {
        std::size_t index = 0;
        if (node != nullptr && node->kind == Node::Kind::list) {
            std::from_chars(step.data(), step.data() + step.size(), index);
            out.emplace_back(index);
            node = index < node->items.size() ? &node->items[index] : nullptr;
        } else {
            out.emplace_back(step);
            node = node == nullptr ? nullptr : node->find(step);
        }
    }
    return out;
}

void Import::say(const Steps& at, std::string message, std::string hint) {
    if (found_.size() >= kProblemsMax) return;
    const Place place = place_of(root_, path_of(at, root_));
    Problem problem;
    problem.file = file_;
    problem.line = place.line;
    problem.column = place.column;
    problem.path = openapi::to_pointer(at);
    problem.message = std::move(message);
    problem.hint = std::move(hint);
    found_.push_back(std::move(problem));
}

json::value Import::to_json(const Node& node, Steps& at) {
    switch (node.kind) {
        case Node::Kind::null:
            return nullptr;
        case Node::Kind::scalar:
            return scalar_of(node);
        case Node::Kind::list: {
            json::array out;
            for (std::size_t i = 0; i < node.items.size(); ++i) {
                at.push_back(std::to_string(i));
                out.push_back(to_json(node.items[i], at));
                at.pop_back();
            }
            return out;
        }
        case Node::Kind::map:
            break;
    }
    json::object out;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        at.push_back(node.keys[i].text);
        if (out.contains(node.keys[i].text))
            say(at, "the key is there twice");
        else
            out[node.keys[i].text] = to_json(node.items[i], at);
        at.pop_back();
    }
    return out;
}

const Node* Import::node_at(const Steps& at) const {
    const Node* node = &root_;
    for (const std::string& step : at) {
        if (node == nullptr || node->kind != Node::Kind::map) return nullptr;
        node = node->find(step);
    }
    return node;
}

std::vector<Route> Import::run(const ReadFile& read) {
    file_ = *entry_.openapi;
    const Path path = Path{} / "routes" / entry_.entry;
    Result<std::string> text = fail(Code::unsupported, "Documents are not read here.");
    if (read) text = read(file_);
    if (!text) {
        reader_.problem(path / "openapi", fmt::format("`{}` cannot be read", file_),
                        text.error().message);
        return {};
    }
    Document document = parse_document(file_, *text, kApiDepthMax);
    root_ = std::move(document.root);
    found_ = std::move(document.problems);
    std::vector<Route> out;
    Steps at;
    json::value value;
    if (found_.empty()) value = to_json(root_, at);
    if (found_.empty()) {
        openapi::Api api = openapi::read_api(value);
        for (openapi::Problem& problem : api.problems)
            say(problem.pointer, std::move(problem.message), std::move(problem.hint));
        if (found_.empty())
            for (const openapi::ApiOperation& operation : api.operations)
                out.push_back(make(operation));
    }
    mark_ends(*text, found_);
    problems_.insert(problems_.end(), found_.begin(), found_.end());
    return out;
}

Route Import::make(const openapi::ApiOperation& from) {
    Route out = entry_;
    out.openapi.reset();
    std::string prefix = entry_.path;
    if (prefix.ends_with('/')) prefix.pop_back();
    out.path = prefix + from.operation.path;
    if (!is_path_template(out.path))
        say(from.pointer, "routes have no such path",
            "/ and segments: words, {name}, and {name+} as the last");
    if (!from.operation.method.empty()) out.methods = {from.operation.method};
    out.place = file_ + '#' + from.operation.pointer;
    out.operation = std::make_shared<const openapi::Operation>(from.operation);
    secure(from.security, out);
    if (!from.integration.is_null())
        integrate(from.integration, below(from.pointer, kIntegration), out);
    for (const Steps& more : from.routes) overlay(more, out);
    return out;
}

// ---- security
// ------------------------------------------------------------------------------------

void Import::secure(const openapi::Security& security, Route& to) {
    if (!security.said) return;
    to.authorizer = "none";
    to.api_key = false;
    to.scopes.clear();
    for (const openapi::Security::Scheme& scheme : security.schemes) {
        const std::string name = authorizer_of(scheme);
        const json::object& definition = scheme.definition;
        const bool key = text_in(definition, "type") == "apiKey" &&
                         text_in(definition, "in") == "header" &&
                         equals_ignore_case(text_in(definition, "name"), "X-Api-Key");
        if (name.empty() && key) {
            to.api_key = true;
            continue;
        }
        if (name.empty()) {
            say(scheme.pointer, fmt::format("there is no pool or authorizer `{}`", scheme.name),
                "say x-domicile-authorizer: NAME in the scheme");
            continue;
        }
        if (to.authorizer != "none")
            say(security.pointer, "a route has one authorizer", "name one scheme");
        to.authorizer = name;
        if (scheme.scopes.size() > 1)
            say(security.pointer, "all of several scopes cannot be asked for",
                "x-domicile-route: {scopes: [...]} asks for one of them");
        to.scopes = scheme.scopes;
    }
}

std::string Import::authorizer_of(const openapi::Security::Scheme& scheme) {
    const std::string said = text_in(scheme.definition, "x-domicile-authorizer");
    if (!said.empty()) return said;
    if (config_.pools.find(scheme.name) || config_.authorizers.find(scheme.name))
        return scheme.name;
    const json::value* theirs = scheme.definition.if_contains("x-amazon-apigateway-authorizer");
    if (theirs == nullptr || !theirs->is_object()) return {};
    const std::string function = function_in(text_in(theirs->get_object(), "authorizerUri"));
    for (const Authorizer& each : config_.authorizers)
        if (each.function && !function.empty() && each.function->name == function) return each.name;
    return {};
}

// ---- x-amazon-apigateway-integration
// -------------------------------------------------------------

void Import::integrate(const json::value& integration, const Steps& at, Route& to) {
    const json::object* object = integration.if_object();
    if (object == nullptr) return say(at, "must be an object");
    static constexpr std::string_view kKnown[] = {"type",
                                                  "uri",
                                                  "httpMethod",
                                                  "payloadFormatVersion",
                                                  "responses",
                                                  "credentials",
                                                  "timeoutInMillis",
                                                  "passthroughBehavior",
                                                  "description",
                                                  "connectionType",
                                                  "cacheNamespace",
                                                  "cacheKeyParameters"};
    for (const auto& member : *object)
        if (std::ranges::find(kKnown, std::string_view(member.key())) == std::end(kKnown))
            say(below(at, member.key()),
                fmt::format("`{}` is not kept here", std::string_view(member.key())),
                "x-domicile-route says the same in our words");
    const std::string type = to_lower(text_in(*object, "type"));
    const std::string uri = text_in(*object, "uri");
    if (const json::value* limit = object->if_contains("timeoutInMillis")) {
        if (!limit->is_int64() || limit->get_int64() < 1 || limit->get_int64() > 900'000)
            return say(below(at, "timeoutInMillis"), "must be a number from 1 to 900000");
        to.timeout_seconds = static_cast<int>((limit->get_int64() + 999) / 1000);
    }
    if (type == "http_proxy") return integrate_upstream(uri, at, to);
    if (type != "aws_proxy")
        return say(at, "must be of the type aws_proxy or http_proxy",
                   "x-domicile-route says where else a call goes");
    const std::string function = function_in(uri);
    if (function.empty())
        return say(at, "the uri names no function", "arn:aws:lambda:REGION:ACCOUNT:function:NAME");
    to.function = function;
    to.upstream.reset();
    to.event = EventVersion::v1;
    if (const json::value* version = object->if_contains("payloadFormatVersion")) {
        // Without quotes, YAML has a number.
        const bool v2 = *version == "2.0" || *version == 2.0;
        if (!v2 && *version != "1.0" && *version != 1.0)
            say(below(at, "payloadFormatVersion"), "must be \"1.0\" or \"2.0\"");
        if (v2) to.event = EventVersion::v2;
    }
}

void Import::integrate_upstream(const std::string& uri, const Steps& at, Route& to) {
    constexpr std::string_view kScheme = "http://";
    std::string_view rest = uri;
    if (!rest.starts_with(kScheme))
        return say(at, "upstreams are spoken to over http://",
                   "name an upstream in x-domicile-route");
    rest.remove_prefix(kScheme.size());
    const std::string_view origin = rest.substr(0, rest.find('/'));
    rest.remove_prefix(origin.size());
    for (const Upstream& upstream : config_.upstreams)
        for (const UpstreamUrl& url : upstream.url) {
            const std::string host =
                url.host.find(':') == std::string::npos ? url.host : '[' + url.host + ']';
            const bool same = origin == host + ':' + std::to_string(url.port) ||
                              (url.port == 80 && origin == host);
            if (!same) continue;
            to.upstream = upstream.name;
            to.function.reset();
            if (!rest.empty() && rest != to.path) {
                if (!is_rewrite(rest)) return say(at, "the uri's path is no rewrite");
                to.rewrite = std::string(rest);
            }
            return;
        }
    say(at, "no upstream has this address", "declare it under `upstreams`");
}

// ---- x-domicile-route
// ----------------------------------------------------------------------------

// The keys of a route, in the document.
void Import::overlay(const Steps& at, Route& to) {
    const Node* node = node_at(at);
    if (node == nullptr) return;
    for (const char* key : {"path", "methods", "openapi"}) {
        if (node->find(key) != nullptr)
            say(below(at, key), "the document says this itself", "leave it out here");
    }
    if (node->find("function") != nullptr) to.upstream.reset();
    if (node->find("upstream") != nullptr) to.function.reset();
    Reader reader(file_, root_, Reader::Paths::pointers);
    const std::string path = to.path;
    const std::vector<std::string> methods = to.methods;
    describe<Route>().read(reader, *node, path_of(at, root_), to);
    to.path = path;
    to.methods = methods;
    to.openapi.reset();
    for (Problem& problem : reader.take())
        if (found_.size() < kProblemsMax) found_.push_back(std::move(problem));
}

}  // namespace

void import_apis(Config& config, const ReadFile& read, Reader& reader,
                 std::vector<Problem>& problems) {
    std::vector<Route> out;
    for (std::size_t i = 0; i < config.routes.size(); ++i) {
        Route& entry = config.routes[i];
        entry.entry = i;
        if (!entry.openapi) {
            out.push_back(std::move(entry));
            continue;
        }
        const Path path = Path{} / "routes" / i;
        if (!entry.methods.empty())
            reader.problem(path / "methods", "the document says the methods",
                           "leave them out here");
        if (entry.path.empty()) entry.path = "/";
        std::vector<Route> made = Import(config, entry, reader, problems).run(read);
        std::ranges::move(made, std::back_inserter(out));
    }
    config.routes = std::move(out);
}

}  // namespace domicile::config
