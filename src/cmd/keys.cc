// Access keys of a region, through its admin port, with the operator's key from the region's
// folder.
#include <fmt/format.h>

#include "cmd/commands.h"
#include "cmd/operator.h"
#include "io/runtime.h"

namespace domicile::cmd {
namespace {

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t comma = std::min(text.find(',', at), text.size());
        if (comma > at) out.push_back(text.substr(at, comma - at));
        at = comma + 1;
    }
    return out;
}

// As environment variables, ready for `export` or a .env file; shown once.
void print(const access::Credentials& credentials) {
    fmt::print("AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\n", credentials.access_key_id,
               credentials.secret_access_key.expose());
}

io::Task<Result<int>> run(AdminPort where, Arguments arguments) {
    http::Client client;
    api::admin::AdminClient admin(client, where.target, where.region, where.credentials,
                                  io::system_clock());
    const std::string& action = arguments.words()[0];
    if (action == "create") {
        access::Policy policy;
        policy.statements.push_back({split(arguments.option_or("operations", "dynamodb:*")),
                                     split(arguments.option_or("resources", "*"))});
        CO_TRY(
            const access::Credentials made,
            co_await admin.create_key(arguments.option_or("description", ""), std::move(policy)));
        print(made);
    } else if (action == "list") {
        CO_TRY(const std::vector<access::KeyDescription> keys, co_await admin.list_keys());
        for (const access::KeyDescription& key : keys) {
            fmt::print("{}  {:<8}  {}  {}\n", key.access_key_id, key.active ? "active" : "revoked",
                       to_rfc3339(key.created), key.description);
        }
    } else if (action == "rotate") {
        CO_TRY(const access::Credentials made, co_await admin.rotate_key(arguments.words()[1]));
        print(made);
    } else {
        CO_TRY_VOID(co_await admin.revoke_key(arguments.words()[1]));
        fmt::print("{} is revoked.\n", arguments.words()[1]);
    }
    co_return 0;
}

}  // namespace

Result<int> keys(const Words& words) {
    TRY(const Arguments arguments,
        Arguments::parse(words, {"data", "region", "description", "operations", "resources"}));
    const Words& given = arguments.words();
    const bool whole = given.size() == 1 && (given[0] == "create" || given[0] == "list");
    const bool one = given.size() == 2 && (given[0] == "rotate" || given[0] == "revoke");
    if (!whole && !one) {
        return fail(Code::invalid_argument,
                    "Say: keys create, keys list, keys rotate ID or keys revoke ID.");
    }
    const auto data = arguments.option("data"), region = arguments.option("region");
    if (!data || !region)
        return fail(Code::invalid_argument, "Both --data and --region are needed.");
    TRY(const server::Deployment deployment, server::load(io::system_files(), absolute(*data)));
    TRY(const AdminPort where, admin_port(deployment, *region));
    return io::run_task<Result<int>>([&] { return run(where, arguments); });
}

}  // namespace domicile::cmd
