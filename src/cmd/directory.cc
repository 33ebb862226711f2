// The whole directory to a file, and back into whatever engine the configuration names; which
// regions live.
#include <fmt/format.h>

#include "cmd/commands.h"
#include "directory/presence.h"
#include "directory/transfer.h"
#include "io/files.h"
#include "io/runtime.h"
#include "server/directory_store.h"
#include "server/stores_place.h"

namespace domicile::cmd {
namespace {

// A line for every hundred thousand, on the side that scripts do not read.
directory::OnEntries progress(const char* what) {
    return [what, told = std::size_t{0}](std::size_t entries) mutable {
        constexpr std::size_t kEvery = 100'000;
        if (entries / kEvery == told) return;
        told = entries / kEvery;
        fmt::print(stderr, "{} entries {} ...\n", entries, what);
    };
}

// Pseudonyms are personal data: the file is for its owner only.
io::Task<Result<int>> export_to(kv::Store& store, std::string path) {
    CO_TRY(const directory::Exported all,
           co_await directory::export_all(store, io::system_files(), path, progress("read")));
    fmt::print("{} entries at revision {} are in {}.\n", all.entries, all.revision, path);
    co_return 0;
}

io::Task<Result<int>> import_from(kv::Store& store, std::string path) {
    CO_TRY(const directory::Imported done,
           co_await directory::import_all(store, io::system_files(), path, progress("carried")));
    fmt::print("{} entries were written, {} were there already.\n", done.written, done.present);
    if (done.conflicts == 0) co_return 0;
    fmt::print("{} are there with another value and were left alone.\n", done.conflicts);
    co_return 1;
}

// Status 1 when there is a region of which nobody lives.
io::Task<Result<int>> print_regions(kv::Store& store, const config::Config& config) {
    CO_TRY(const directory::LivingNodes living, co_await directory::living_nodes(store));
    bool all = true;
    for (const config::Region& region : config.regions) {
        const auto found = living.find(region.name);
        const std::size_t nodes = found == living.end() ? 0 : found->second;
        all = all && nodes > 0;
        if (nodes == 0) {
            fmt::print("{:<20} nobody has been heard of\n", region.name);
        } else {
            fmt::print("{:<20} {} node{}\n", region.name, nodes, nodes == 1 ? "" : "s");
        }
    }
    co_return all ? 0 : 1;
}

io::Task<Result<int>> run(server::Deployment deployment, std::string action, std::string path) {
    CO_TRY(const std::unique_ptr<kv::Store> store,
           server::open_directory_store(io::system_files(), deployment));
    Result<int> outcome;
    if (action == "regions") {
        outcome = co_await print_regions(*store, deployment.config);
    } else if (action == "export") {
        outcome = co_await export_to(*store, std::move(path));
    } else {
        outcome = co_await import_from(*store, std::move(path));
    }
    co_await store->stop();
    co_return outcome;
}

}  // namespace

Result<int> directory(const Words& words) {
    TRY(const Arguments arguments, Arguments::parse(words, {"data"}));
    const Words& given = arguments.words();
    const auto data = arguments.option("data");
    const std::string action = given.empty() ? "" : given[0];
    const bool carries = action == "export" || action == "import";
    if (!data || !(carries ? given.size() == 2 : action == "regions" && given.size() == 1))
        return fail(Code::invalid_argument,
                    "Say: directory export FILE, directory import FILE or directory regions, with "
                    "--data.");
    TRY(const auto use, server::use_data_folder(absolute(*data)));
    TRY(const server::Deployment deployment, server::load(io::system_files(), absolute(*data)));
    TRY_VOID(server::refuse_unfinished(io::system_files(), deployment));
    if (!carries && deployment.config.directory.engine == config::DirectoryEngine::sqlite)
        return fail(Code::unsupported,
                    "This directory is a file, which does not know who lives. Ask /readyz on the "
                    "regions' admin ports.");
    const std::string path = carries ? absolute(given[1]) : "";
    return io::run_task<Result<int>>([&] { return run(deployment, action, path); });
}

}  // namespace domicile::cmd
