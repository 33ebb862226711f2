// Asks running regions to take over the changed configuration, and says what each answered.
#include <fmt/format.h>

#include "cmd/commands.h"
#include "cmd/operator.h"
#include "io/runtime.h"

namespace domicile::cmd {
namespace {

io::Task<Result<json::object>> ask(AdminPort where) {
    http::Client client;
    api::admin::AdminClient admin(client, where.target, where.region, where.credentials,
                                  io::system_clock());
    co_return co_await admin.call("POST", "/reload", "");
}

}  // namespace

Result<int> reload(const Words& words) {
    TRY(const Arguments arguments, Arguments::parse(words, {"data", "region"}));
    const auto data = arguments.option("data");
    if (!data || !arguments.words().empty())
        return fail(Code::invalid_argument, "--data is needed.");
    const auto loaded = server::load(io::system_files(), absolute(*data));
    if (!loaded && loaded.error().code == Code::invalid_argument) {
        // The file has problems, which no region would take over.
        fmt::print("{}", loaded.error().message);
        return 1;
    }
    TRY(const server::Deployment deployment, loaded);
    bool good = true;
    for (const auto& [region, ports] : deployment.ports) {
        if (arguments.option_or("region", region) != region) continue;
        const std::size_t nodes = deployment.nodes_of(region);
        for (std::size_t node = 1; node <= nodes; ++node) {
            TRY(const AdminPort where, admin_port(deployment, region, node));
            const auto answer = io::run_task<Result<json::object>>([&] { return ask(where); });
            good = good && answer.has_value();
            const std::string name =
                nodes == 1 ? region : region + ", node " + std::to_string(node);
            fmt::print("{}: {}\n", name, answer ? "reloaded" : answer.error().message);
        }
    }
    return good ? 0 : 1;
}

}  // namespace domicile::cmd
