#include "server/stores_place.h"

#include <array>

#include "base/format_version.h"
#include "base/json.h"

namespace domicile::server {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::array<const char*, 3> kStates = {"copying", "verified", "settled"};

std::string path_in(const std::string& data) { return data + "/stores.json"; }

std::string name_of(const config::Database& database, const std::string& name, bool own) {
    if (database.engine == config::DatabaseEngine::sqlite) return "sqlite";
    return "postgres " + name + (own ? " of up" : "");
}

json::object print(const StoreNames& names) {
    json::object out;
    for (const auto& [store, name] : names) out[store] = name;
    return out;
}

Result<StoreNames> parse_names(const json::object& document, const char* member) {
    StoreNames out;
    TRY(const json::object* names, optional_object(document, member));
    if (names == nullptr) return fail(Code::malformed, "stores.json names no stores.");
    for (const auto& entry : *names) {
        TRY(out[entry.key()], require_string(*names, entry.key()));
    }
    return out;
}

Result<StoresPlace> parse(const json::object& document) {
    StoresPlace out;
    TRY(const std::string state, require_string(document, "state"));
    const auto* found = std::find(kStates.begin(), kStates.end(), state);
    if (found == kStates.end()) return fail(Code::malformed, "stores.json has no known state.");
    out.state = static_cast<StoresPlace::State>(found - kStates.begin());
    TRY(out.copy_id, require_string(document, "copy_id"));
    TRY(out.from, parse_names(document, "from"));
    TRY(out.to, parse_names(document, "to"));
    TRY(out.engines, parse_engines(document));
    return out;
}

Result<std::unique_ptr<io::LockFile>> take(const std::string& path, io::LockKind kind,
                                           std::string refusal) {
    auto lock = io::take_lock(path, kind);
    if (!lock && lock.error().code == Code::failed_precondition)
        lock.error().message = std::move(refusal);
    return lock;
}

}  // namespace

StoreNames store_names(const Deployment& deployment) {
    StoreNames out;
    const config::Directory& directory = deployment.config.directory;
    const bool own = deployment.engines.any();
    out["directory"] = directory.engine == config::DirectoryEngine::sqlite
                           ? "sqlite"
                           : "etcd " + directory.prefix + (own ? " of up" : "");
    for (const config::Region& region : deployment.config.regions) {
        const config::Database& data = region.database;
        const config::Database keys = region.keys_database.value_or(data);
        out[region.name + " data"] = name_of(data, data.name, own);
        out[region.name + " keys"] =
            name_of(keys, region.keys_database ? keys.name : data.name + "_keys", own);
    }
    return out;
}

Result<std::optional<StoresPlace>> read_place(io::Files& files, const std::string& data) {
    const std::string path = path_in(data);
    auto text = files.read(path, 1 << 20);
    if (!text && text.error().code == Code::not_found) return std::nullopt;
    if (!text) return std::unexpected(std::move(text.error()));
    const Result<json::object> document = parse_json_object(*text);
    if (document) {
        TRY(const auto format, optional_int(*document, "format"));
        TRY_VOID(check_format(path, format.value_or(0), kFormat));
        Result<StoresPlace> place = parse(*document);
        if (place) return std::optional(std::move(*place));
    }
    return fail(Code::malformed,
                path + " is damaged. It says in which stores the data is; restore it.",
                kReasonDamaged);
}

Result<void> write_place(io::Files& files, const std::string& data, const StoresPlace& place) {
    json::object document{{"format", kFormat},
                          {"state", kStates.at(static_cast<std::size_t>(place.state))},
                          {"copy_id", place.copy_id},
                          {"from", print(place.from)},
                          {"to", print(place.to)}};
    if (place.engines.any()) document["engines"] = print_engines(place.engines);
    return files.write_atomic(path_in(data), json::serialize(document) + '\n');
}

Result<void> refuse_unfinished(io::Files& files, const Deployment& deployment) {
    TRY(const auto place, read_place(files, deployment.data));
    if (!place || place->state == StoresPlace::State::settled) return {};
    return fail(Code::failed_precondition,
                "The data of " + deployment.data +
                    " is being carried to other stores. Run `domicile migrate-store` again until "
                    "it has ended, or with --give-up.");
}

Result<void> refuse_elsewhere(io::Files& files, const Deployment& deployment) {
    TRY_VOID(refuse_unfinished(files, deployment));
    TRY(const auto place, read_place(files, deployment.data));
    if (!place) return {};
    for (const auto& [store, name] : store_names(deployment)) {
        const auto found = place->to.find(store);
        if (found == place->to.end() || found->second == name) continue;
        std::string message = "The data of " + deployment.data;
        message += " was carried to other stores: " + store + " is in " + found->second;
        message += ", and the configuration says " + name;
        message +=
            ". Name the configuration that it was carried to, or carry it back with `domicile "
            "migrate-store`.";
        return fail(Code::failed_precondition, std::move(message));
    }
    return {};
}

Result<std::unique_ptr<io::LockFile>> use_data_folder(const std::string& data) {
    return take(data + "/stores.lock", io::LockKind::shared,
                "`domicile migrate-store` runs in " + data + '.');
}

Result<DataFolderAlone> take_data_folder(const std::string& data) {
    DataFolderAlone out;
    TRY(out.up, take(data + "/up.lock", io::LockKind::exclusive,
                     "A `domicile up` runs in " + data + ". Stop it first."));
    TRY(out.use, take(data + "/stores.lock", io::LockKind::exclusive,
                      "Regions or other commands run on " + data + ". Stop them first."));
    return out;
}

}  // namespace domicile::server
