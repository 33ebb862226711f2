// The order of the steps is what makes it safe to be killed at any of them: stores.json keeps
// regions out from before the first change until after the last one, and the marks at the targets
// are taken away only when everything was found to be there.
#include "server/migrate_store.h"

#include "directory/presence.h"
#include "io/runtime.h"
#include "server/directory_store.h"
#include "server/migrate_pairs.h"

namespace domicile::server {
namespace {

io::Task<Result<Migrated>> carry_pairs(io::Files& files, Journey& journey, StorePairs& pairs,
                                       const MigrateOptions& options) {
    if (journey.place.state == StoresPlace::State::copying) {
        CO_TRY_VOID(co_await pairs.check());
        CO_TRY_VOID(write_place(files, options.data, journey.place));
        CO_TRY_VOID(co_await pairs.begin());
        CO_TRY_VOID(co_await pairs.copy(options));
        CO_TRY(const bool same, co_await pairs.compare(options));
        if (!same) co_return Migrated::differs;
        journey.place.state = StoresPlace::State::verified;
        CO_TRY_VOID(write_place(files, options.data, journey.place));
    }
    CO_TRY_VOID(co_await pairs.end());
    CO_TRY_VOID(save(files, journey.to));
    journey.place.state = StoresPlace::State::settled;
    CO_TRY_VOID(write_place(files, options.data, journey.place));
    co_return Migrated::done;
}

// Nodes on other machines, which no lock of ours keeps out. A directory that they could share is on
// etcd, and knows them. Those of `up`'s own etcd are on this machine, and an entry that a crash
// left there would not go while etcd does not run.
io::Task<Result<void>> refuse_living(io::Files& files, const Journey& journey) {
    const bool etcd = journey.from.config.directory.engine == config::DirectoryEngine::etcd;
    if (!etcd || journey.from.engines.any()) co_return Result<void>();
    CO_TRY(const auto store, open_directory_store(files, journey.from));
    const Result<directory::LivingNodes> living = co_await directory::living_nodes(*store);
    co_await store->stop();
    if (!living) co_return std::unexpected(living.error());
    if (living->empty()) co_return Result<void>();
    co_return fail(Code::failed_precondition,
                   "A node of " + living->begin()->first +
                       " lives, or died within the last 15 seconds. Stop all nodes of all regions, "
                       "also on other machines; `domicile directory regions` shows them.");
}

io::Task<Result<Migrated>> carry_opened(io::Files& files, Journey& journey,
                                        const MigrateOptions& options) {
    CO_TRY_VOID(co_await refuse_living(files, journey));
    CO_TRY(StorePairs pairs, StorePairs::open(files, journey));
    Result<Migrated> out = co_await carry_pairs(files, journey, pairs, options);
    co_await pairs.stop();
    co_return out;
}

// With the engines that `up` would run.
io::Task<Result<Migrated>> carry(io::Files& files, Journey& journey,
                                 const MigrateOptions& options) {
    // Their ports are in what they write.
    if (journey.to.engines.any()) CO_TRY_VOID(write_place(files, options.data, journey.place));
    for (const Deployment* side : {&journey.from, &journey.to})
        if (side->engines.any()) CO_TRY_VOID(prepare_development(files, *side));
    CO_TRY(const auto source, Engines::make(files, journey.from));
    CO_TRY(const auto target, Engines::make(files, journey.to));
    Result<void> started = co_await source->start();
    if (started) started = co_await target->start();
    Result<Migrated> out = Migrated::differs;
    if (started) {
        out = co_await carry_opened(files, journey, options);
    } else {
        out = std::unexpected(started.error());
    }
    co_await target->stop(true);
    co_await source->stop(true);
    co_return out;
}

io::Task<Result<Migrated>> run(const MigrateOptions& options) {
    io::Files& files = io::system_files();
    CO_TRY(const DataFolderAlone alone, take_data_folder(options.data));
    CO_TRY_VOID(refuse_newer(files, options.data));
    CO_TRY(std::optional<Journey> journey, plan_journey(files, options));
    if (!journey) co_return Migrated::nothing_to_do;
    co_return co_await carry(files, *journey, options);
}

}  // namespace

Result<Migrated> migrate_store(const MigrateOptions& options) {
    return io::run_task<Result<Migrated>>([&] { return run(options); });
}

Result<void> give_up_migration(const std::string& data) {
    io::Files& files = io::system_files();
    TRY(const DataFolderAlone alone, take_data_folder(data));
    TRY(std::optional<StoresPlace> place, read_place(files, data));
    if (!place || place->state == StoresPlace::State::settled)
        return fail(Code::failed_precondition, "No data is being carried.");
    if (place->state == StoresPlace::State::verified)
        return fail(Code::failed_precondition,
                    "Everything is carried already. Run `domicile migrate-store` again, so that "
                    "it ends; then carry it back.");
    place->state = StoresPlace::State::settled;
    place->to = place->from;
    place->engines = {};
    return write_place(files, data, *place);
}

}  // namespace domicile::server
