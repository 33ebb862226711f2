#include "cmd/cmd.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "base/format_version.h"
#include "cmd/commands.h"

namespace domicile::cmd {
namespace {

struct Command {
    const char* name;
    const char* usage;
    const char* what;
    Result<int> (*run)(const Words&);
};

constexpr std::array<Command, 10> kCommands = {{
    {"up",
     "up FILE [--data DIR] [--listen ADDRESS:PORT] [--engines embedded|distributed] "
     "[--nodes N] [--ready-file FILE]",
     "run every region of the config on this machine; distributed: on an etcd cluster and a "
     "PostgreSQL server for each region, which it runs, too",
     up},
    {"serve", "serve --data DIR --region REGION [--node N]", "run one node of one region", serve},
    {"check", "check FILE [--format text|json|gcc]",
     "print every problem of a config; json and gcc are for editors", check},
    {"config", "config schema", "print the JSON Schema of the config", config},
    {"explain",
     "explain FILE sign-up|sign-in|administration|call|write|failover [--arrival R] [--home R] "
     "[--country C] ...",
     "say where something may go, and why", explain},
    {"keys",
     "keys create|list|rotate ID|revoke ID --data DIR --region REGION [--description TEXT] "
     "[--operations LIST] [--resources LIST]",
     "access keys of a region", keys},
    {"reload", "reload --data DIR [--region REGION]",
     "make running regions take over their changed config", reload},
    {"directory", "directory export|import FILE --data DIR, or: directory regions --data DIR",
     "the whole directory to a file, and back into the engine that the config names; which regions "
     "live, on etcd",
     directory},
    {"migrate-store",
     "migrate-store --data DIR --to FILE | --engines embedded|distributed | --give-up",
     "carry everything in a stopped data folder to the engines that another config names, or to "
     "those that `up` runs",
     migrate_store},
    {"audit", "audit verify FILE...", "check the hash chains of audit logs, one of each node",
     audit},
}};

int usage(FILE* out) {
    fmt::print(out, "domicile keeps each person's data at home.\n\nUsage:\n");
    for (const Command& command : kCommands) {
        fmt::print(out, "  domicile {}\n      {}\n", command.usage, command.what);
    }
    return out == stdout ? 0 : 2;
}

}  // namespace

int run(const std::vector<std::string>& arguments) {
    if (arguments.empty()) return usage(stderr);
    if (arguments[0] == "help" || arguments[0] == "--help" || arguments[0] == "-h")
        return usage(stdout);
    if (arguments[0] == "--version") {
        fmt::print("domicile {}\n", DOMICILE_VERSION);
        return 0;
    }
    for (const Command& command : kCommands) {
        if (arguments[0] != command.name) continue;
        const Result<int> code = command.run({arguments.begin() + 1, arguments.end()});
        if (code) return *code;
        fmt::print(stderr, "domicile {}: {}\n", command.name, code.error().message);
        if (needs_operator(code.error())) return 3;
        if (code.error().code != Code::invalid_argument) return 1;
        fmt::print(stderr, "Usage: domicile {}\n", command.usage);
        return 2;
    }
    fmt::print(stderr, "domicile: there is no command '{}'.\n\n", arguments[0]);
    return usage(stderr);
}

}  // namespace domicile::cmd
