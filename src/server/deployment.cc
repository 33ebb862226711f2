#include "server/deployment.h"

#include "base/format_version.h"
#include "base/json.h"

namespace domicile::server {
namespace {

constexpr std::int64_t kFormat = 2;
// Of a deployment without local engines: programs that know none can go on with it.
constexpr std::int64_t kFormatWithoutEngines = 1;

std::uint16_t port_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_int64() ? static_cast<std::uint16_t>(value->get_int64())
                                                 : 0;
}

json::object print(const Ports& ports) {
    return {{"https", ports.https},
            {"loopback", ports.loopback},
            {"border", ports.border},
            {"admin", ports.admin},
            {"http", ports.http}};
}

Ports parse_ports(const json::object& object) {
    return {port_of(object, "https"), port_of(object, "loopback"), port_of(object, "border"),
            port_of(object, "admin"), port_of(object, "http")};
}

// Left out where a region has one node.
std::vector<Ports> parse_more_nodes(const json::object& region) {
    std::vector<Ports> out;
    const json::value* nodes = region.if_contains("more_nodes");
    if (nodes == nullptr || !nodes->is_array()) return out;
    for (const json::value& node : nodes->get_array())
        if (node.is_object()) out.push_back(parse_ports(node.get_object()));
    return out;
}

Result<json::object> read_document(io::Files& files, const std::string& data) {
    const std::string path = data + "/deployment.json";
    TRY(const std::string text, files.read(path, 1 << 20));
    Result<json::object> document = parse_json_object(text);
    if (!document)
        return fail(Code::malformed, path + " is damaged. `domicile up` writes it anew.",
                    kReasonDamaged);
    TRY(const auto format, optional_int(*document, "format"));
    TRY_VOID(check_format(path, format.value_or(0), kFormat));
    return document;
}

}  // namespace

json::object print_engines(const LocalEngines& engines) {
    json::array members;
    for (const LocalEngines::Member& member : engines.etcd)
        members.push_back({{"clients", member.clients}, {"peers", member.peers}});
    json::object servers;
    for (const auto& [region, port] : engines.postgres) servers[region] = port;
    return {{"etcd", std::move(members)}, {"postgres", std::move(servers)}};
}

Result<LocalEngines> parse_engines(const json::object& document) {
    LocalEngines out;
    TRY(const json::object* engines, optional_object(document, "engines"));
    if (engines == nullptr) return out;
    const json::value* members = engines->if_contains("etcd");
    if (members == nullptr || !members->is_array()) return out;
    for (const json::value& member : members->get_array()) {
        if (!member.is_object()) continue;
        out.etcd.push_back(
            {port_of(member.get_object(), "clients"), port_of(member.get_object(), "peers")});
    }
    TRY(const json::object* servers, optional_object(*engines, "postgres"));
    if (servers == nullptr) return out;
    for (const auto& server : *servers)
        out.postgres[server.key()] = port_of(*servers, server.key());
    return out;
}

namespace {

void put_in_place(const Deployment& deployment, config::Config& config) {
    if (deployment.engines.etcd.empty()) return;
    config::Directory& directory = config.directory;
    directory.engine = config::DirectoryEngine::etcd;
    directory.endpoints = deployment.engines.etcd_endpoints();
    directory.tls = true;
    directory.ca_file = deployment.data + "/ca/engines_ca.pem";
    directory.certificate_file = deployment.engine_file("client.pem");
    directory.key_file = deployment.engine_file("client.key");
    directory.user = "domicile";
    directory.password_file = deployment.engine_file("directory.password");
    for (config::Region& region : config.regions) {
        const auto port = deployment.engines.postgres.find(region.name);
        if (port == deployment.engines.postgres.end()) continue;
        config::Database& database = region.database;
        database.engine = config::DatabaseEngine::postgres;
        database.endpoints = {{"127.0.0.1", port->second}};
        database.tls = true;
        database.ca_file = directory.ca_file;
        database.certificate_file = directory.certificate_file;
        database.key_file = directory.key_file;
        database.password_file = deployment.region_directory(region.name) + "/postgres.password";
    }
}

}  // namespace

std::vector<config::Endpoint> LocalEngines::etcd_endpoints() const {
    std::vector<config::Endpoint> out;
    for (const Member& member : etcd) out.push_back({"127.0.0.1", member.clients});
    return out;
}

std::string Deployment::placed(const std::string& file) const {
    if (file.empty() || file.front() == '/') return file;
    return config_directory() + '/' + file;
}

std::string Deployment::config_directory() const {
    const auto slash = config_path.rfind('/');
    return slash == std::string::npos ? "." : config_path.substr(0, slash);
}

std::size_t Deployment::nodes_of(const std::string& region) const {
    const auto found = more_nodes.find(region);
    return 1 + (found == more_nodes.end() ? 0 : found->second.size());
}

std::string Deployment::node_directory(const std::string& region) const {
    const std::string folder = region_directory(region);
    return node == 1 ? folder : folder + "/node-" + std::to_string(node);
}

Result<Deployment> Deployment::as_node(const std::string& region, std::size_t number) const {
    const config::Region* section = config.regions.find(region);
    if (number > 1 && section != nullptr && !section->can_have_nodes())
        return fail(Code::failed_precondition,
                    "Region " + region +
                        " keeps its data in SQLite files, which one node only can "
                        "use. For a second one it needs `database: {engine: postgres, ...}`.",
                    "one_node");
    if (number == 0 || number > nodes_of(region))
        return fail(Code::not_found, "Region " + region + " has " +
                                         std::to_string(nodes_of(region)) +
                                         " node(s) in this deployment; `nodes` in the "
                                         "configuration, or `up --nodes`, says how many.");
    Deployment out = *this;
    out.node = number;
    if (number > 1) out.ports.at(region) = more_nodes.at(region)[number - 2];
    return out;
}

std::string Deployment::url(const std::string& host) const {
    return "https://" + host + (public_port == 443 ? "" : ':' + std::to_string(public_port));
}

config::ReadFile files_beside(io::Files& files, const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    return [&files, folder](const std::string& name) {
        return files.read(name.starts_with('/') ? name : folder + name, config::kFileBytesMax);
    };
}

Result<config::Config> load_config(io::Files& files, const std::string& path) {
    TRY(const std::string text, files.read(path, config::kFileBytesMax));
    config::Loaded loaded = config::load(path, text, files_beside(files, path));
    if (loaded.problems.empty()) return std::move(loaded.config);
    std::string message;
    for (const config::Problem& problem : loaded.problems)
        message += config::format(problem) + '\n';
    return fail(Code::invalid_argument, std::move(message));
}

Result<config::Config> load_config(io::Files& files, const Deployment& deployment) {
    TRY(config::Config out, load_config(files, deployment.config_path));
    put_in_place(deployment, out);
    return out;
}

Result<void> refuse_newer(io::Files& files, const std::string& data) {
    const Result<json::object> there = read_document(files, data);
    if (there || there.error().reason != kReasonNewerFormat) return {};
    return std::unexpected(there.error());
}

Result<void> save(io::Files& files, const Deployment& deployment) {
    json::object regions;
    for (const auto& [region, ports] : deployment.ports) {
        json::object entry = print(ports);
        json::array more;
        if (const auto found = deployment.more_nodes.find(region);
            found != deployment.more_nodes.end())
            for (const Ports& node : found->second) more.push_back(print(node));
        if (!more.empty()) entry["more_nodes"] = std::move(more);
        regions[region] = std::move(entry);
    }
    const bool engines = deployment.engines.any();
    json::object document{{"format", engines ? kFormat : kFormatWithoutEngines},
                          {"config", deployment.config_path},
                          {"public_port", deployment.public_port},
                          {"front_control", deployment.front_control},
                          {"regions", std::move(regions)}};
    if (engines) document["engines"] = print_engines(deployment.engines);
    return files.write_atomic(deployment.data + "/deployment.json",
                              json::serialize(document) + '\n');
}

Result<Deployment> load(io::Files& files, const std::string& data) {
    TRY(const json::object document, read_document(files, data));
    Deployment out;
    out.data = data;
    TRY(out.config_path, require_string(document, "config"));
    TRY(out.engines, parse_engines(document));
    TRY(out.config, load_config(files, out));
    out.public_port = port_of(document, "public_port");
    out.front_control = port_of(document, "front_control");
    TRY(const json::object* regions, optional_object(document, "regions"));
    if (regions == nullptr) return fail(Code::malformed, "deployment.json names no regions.");
    for (const auto& region : *regions) {
        if (!region.value().is_object())
            return fail(Code::malformed, "deployment.json is damaged.");
        const json::object& ports = region.value().get_object();
        out.ports[region.key()] = parse_ports(ports);
        std::vector<Ports> more = parse_more_nodes(ports);
        if (!more.empty()) out.more_nodes[region.key()] = std::move(more);
    }
    return out;
}

Result<LocalEngines> load_engines(io::Files& files, const std::string& data) {
    const Result<json::object> document = read_document(files, data);
    if (document) return parse_engines(*document);
    if (document.error().code == Code::not_found) return LocalEngines{};
    return std::unexpected(document.error());
}

}  // namespace domicile::server
