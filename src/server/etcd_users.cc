#include "server/etcd_users.h"

#include "base/encoding.h"
#include "kv/etcd_client.h"
#include "server/directory_store.h"

namespace domicile::server {
namespace {

using kv::etcd::Client;

constexpr std::size_t kPasswordBytesMax = 4096;
constexpr char kRole[] = "directory";
constexpr Millis kPatience{3'000};  // whoever starts the cluster asks again, and looks in between

Result<std::string> read_password(const Deployment& deployment, const std::string& name) {
    TRY(std::string out, io::system_files().read(deployment.engine_file(name), kPasswordBytesMax));
    if (out.ends_with('\n')) out.pop_back();
    return out;
}

// One step; that it was done before is as good.
io::Task<Result<void>> take_step(Client& client, std::string path, json::object body) {
    const auto done = co_await client.call(std::move(path), std::move(body), true);
    if (done || done.error().code == Code::already_exists) co_return Result<void>{};
    co_return std::unexpected(done.error());
}

// The smallest key that is greater than all that begin with the prefix.
std::string end_of(std::string prefix) {
    ++prefix.back();
    return prefix;
}

io::Task<Result<void>> make_users(Client& client, std::string root_password, std::string user,
                                  std::string password, std::string prefix) {
    struct Step {
        const char* path;
        json::object body;
    };
    const json::object permission{{"permType", "READWRITE"},
                                  {"key", to_base64(prefix)},
                                  {"range_end", to_base64(end_of(prefix))}};
    const std::vector<Step> steps = {
        {"/v3/auth/user/add", {{"name", "root"}, {"password", root_password}}},
        {"/v3/auth/role/add", {{"name", "root"}}},
        {"/v3/auth/user/grant", {{"user", "root"}, {"role", "root"}}},
        {"/v3/auth/user/add", {{"name", user}, {"password", password}}},
        {"/v3/auth/role/add", {{"name", kRole}}},
        {"/v3/auth/role/grant", {{"name", kRole}, {"perm", permission}}},
        {"/v3/auth/user/grant", {{"user", user}, {"role", kRole}}},
        {"/v3/auth/enable", {}}};
    for (const Step& step : steps) CO_TRY_VOID(co_await take_step(client, step.path, step.body));
    co_return Result<void>{};
}

// Whether the regions' user is let in: then all steps were taken, since the last one turns
// authentication on.
io::Task<bool> are_there(kv::EtcdOptions options) {
    const auto client = Client::make(std::move(options));
    if (!client) co_return false;
    const json::object read{{"key", to_base64((*client)->options().prefix)}};
    const auto answer = co_await (*client)->call("/v3/kv/range", read, true);
    co_return answer.has_value();
}

}  // namespace

io::Task<Result<void>> set_up_etcd_users(const Deployment& deployment) {
    CO_TRY(kv::EtcdOptions options, etcd_options(io::system_files(), deployment));
    options.call_timeout = kPatience;
    const bool there = co_await are_there(options);
    if (there) co_return Result<void>{};
    const kv::EtcdOptions as_user = options;
    CO_TRY(std::string root_password, read_password(deployment, "root.password"));
    const std::string user = std::exchange(options.user, "");
    CO_TRY(std::string password, read_password(deployment, "directory.password"));
    const std::string prefix = options.prefix;
    CO_TRY(const auto client, Client::make(std::move(options)));
    CO_TRY_VOID(
        co_await make_users(*client, std::move(root_password), user, std::move(password), prefix));
    const bool now = co_await are_there(as_user);
    if (now) co_return Result<void>{};
    co_return fail(Code::unavailable, "etcd does not let the regions' user in.");
}

}  // namespace domicile::server
