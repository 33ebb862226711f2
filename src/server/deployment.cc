#include "server/deployment.h"

#include "base/format_version.h"
#include "base/json.h"

namespace domicile::server {
namespace {

constexpr std::int64_t kFormat = 1;

std::uint16_t port_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_int64() ? static_cast<std::uint16_t>(value->get_int64())
                                                 : 0;
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

std::string Deployment::config_directory() const {
    const auto slash = config_path.rfind('/');
    return slash == std::string::npos ? "." : config_path.substr(0, slash);
}

std::string Deployment::url(const std::string& host) const {
    return "https://" + host + (public_port == 443 ? "" : ':' + std::to_string(public_port));
}

Result<config::Config> load_config(io::Files& files, const std::string& path) {
    TRY(const std::string text, files.read(path, config::kFileBytesMax));
    config::Loaded loaded = config::load(path, text);
    if (loaded.problems.empty()) return std::move(loaded.config);
    std::string message;
    for (const config::Problem& problem : loaded.problems)
        message += config::format(problem) + '\n';
    return fail(Code::invalid_argument, std::move(message));
}

Result<void> refuse_newer(io::Files& files, const std::string& data) {
    const Result<json::object> there = read_document(files, data);
    if (there || there.error().reason != kReasonNewerFormat) return {};
    return std::unexpected(there.error());
}

Result<void> save(io::Files& files, const Deployment& deployment) {
    json::object regions;
    for (const auto& [region, ports] : deployment.ports) {
        regions[region] = {{"https", ports.https},
                           {"loopback", ports.loopback},
                           {"border", ports.border},
                           {"admin", ports.admin},
                           {"http", ports.http}};
    }
    const json::object document{{"format", kFormat},
                                {"config", deployment.config_path},
                                {"public_port", deployment.public_port},
                                {"front_control", deployment.front_control},
                                {"regions", std::move(regions)}};
    return files.write_atomic(deployment.data + "/deployment.json",
                              json::serialize(document) + '\n');
}

Result<Deployment> load(io::Files& files, const std::string& data) {
    TRY(const json::object document, read_document(files, data));
    Deployment out;
    out.data = data;
    TRY(out.config_path, require_string(document, "config"));
    TRY(out.config, load_config(files, out.config_path));
    out.public_port = port_of(document, "public_port");
    out.front_control = port_of(document, "front_control");
    TRY(const json::object* regions, optional_object(document, "regions"));
    if (regions == nullptr) return fail(Code::malformed, "deployment.json names no regions.");
    for (const auto& region : *regions) {
        if (!region.value().is_object())
            return fail(Code::malformed, "deployment.json is damaged.");
        const json::object& ports = region.value().get_object();
        out.ports[region.key()] = {port_of(ports, "https"), port_of(ports, "loopback"),
                                   port_of(ports, "border"), port_of(ports, "admin"),
                                   port_of(ports, "http")};
    }
    return out;
}

}  // namespace domicile::server
