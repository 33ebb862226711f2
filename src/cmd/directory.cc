// The whole directory to a file, and back into whatever engine the configuration names.
#include <fmt/format.h>

#include "cmd/commands.h"
#include "directory/transfer.h"
#include "io/files.h"
#include "io/runtime.h"
#include "server/directory_store.h"

namespace domicile::cmd {
namespace {

// Pseudonyms are personal data: the file is for its owner only.
io::Task<Result<int>> export_to(kv::Store& store, std::string path) {
    CO_TRY(const directory::Exported all, co_await directory::export_all(store));
    CO_TRY_VOID(io::system_files().write_atomic(path, all.text));
    fmt::print("{} entries at revision {} are in {}.\n", all.entries, all.revision, path);
    co_return 0;
}

io::Task<Result<int>> import_from(kv::Store& store, std::string path) {
    CO_TRY(const io::FileInfo file, io::system_files().info(path));
    CO_TRY(std::string text, io::system_files().read(path, file.size));
    CO_TRY(const directory::Imported done, co_await directory::import_all(store, std::move(text)));
    fmt::print("{} entries were written, {} were there already.\n", done.written, done.present);
    if (done.conflicts == 0) co_return 0;
    fmt::print("{} are there with another value and were left alone.\n", done.conflicts);
    co_return 1;
}

io::Task<Result<int>> run(server::Deployment deployment, std::string action, std::string path) {
    CO_TRY(const std::unique_ptr<kv::Store> store,
           server::open_directory_store(io::system_files(), deployment));
    Result<int> outcome;
    if (action == "export") {
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
    if (given.size() != 2 || (given[0] != "export" && given[0] != "import") || !data)
        return fail(Code::invalid_argument,
                    "Say: directory export FILE or directory import FILE, with --data.");
    TRY(const server::Deployment deployment, server::load(io::system_files(), absolute(*data)));
    return io::run_task<Result<int>>([&] { return run(deployment, given[0], absolute(given[1])); });
}

}  // namespace domicile::cmd
