// The order of the steps is what makes it safe to be killed at any of them: stores.json keeps
// regions out from before the first change until after the last one, and the marks at the targets
// are taken away only when everything was found to be there.
#include "server/migrate_store.h"

#include "io/runtime.h"
#include "kv/copy.h"
#include "server/directory_store.h"
#include "server/migrate_plan.h"
#include "server/region_database.h"
#include "server/region_schema.h"
#include "sql/copy.h"

namespace domicile::server {
namespace {

// One store with its twin. Those that stay where they are have none.
struct DatabasePair {
    std::string store, where;
    sql::CopyPlan plan;
    std::unique_ptr<sql::Database> from, to;
};
struct Pairs {
    std::unique_ptr<kv::Store> from, to;  // of the directory; null: it stays
    std::string where;
    std::vector<DatabasePair> databases;
};

Result<void> require_file(io::Files& files, const std::string& path) {
    if (files.info(path)) return {};
    return fail(Code::not_found, path + " is not there. Start the deployment once before.");
}

// What an operator finds the store by.
std::string where(const std::string& name, const std::string& sqlite_path) {
    return name == "sqlite" ? sqlite_path : name;
}

Result<void> open_directory(io::Files& files, const Journey& journey, Pairs& out) {
    if (!journey.moves("directory")) return {};
    const std::string path = journey.from.shared("directory.db");
    if (journey.place.from.at("directory") == "sqlite") TRY_VOID(require_file(files, path));
    out.where = where(journey.place.to.at("directory"), path);
    TRY(out.from, open_directory_store(files, journey.from));
    TRY(out.to, open_directory_store(files, journey.to));
    return {};
}

Result<void> open_region(io::Files& files, const Journey& journey, const std::string& region,
                         Pairs& out) {
    const std::string keys = region + " keys", data = region + " data";
    const std::string folder = journey.from.region_directory(region);
    for (const auto& [store, path] :
         {std::pair(keys, folder + "/keys.db"), std::pair(data, folder + "/region.db")})
        if (journey.place.from.at(store) == "sqlite") TRY_VOID(require_file(files, path));
    TRY(RegionDatabases from, open_databases(files, journey.from, region));
    TRY(RegionDatabases to, open_databases(files, journey.to, region));
    const std::string& id = journey.place.copy_id;
    if (journey.moves(keys))
        out.databases.push_back({keys, where(journey.place.to.at(keys), folder + "/keys.db"),
                                 keys_plan(id), std::move(from.keys), std::move(to.keys)});
    if (journey.moves(data))
        out.databases.push_back({data, where(journey.place.to.at(data), folder + "/region.db"),
                                 data_plan(id), std::move(from.data), std::move(to.data)});
    return {};
}

Result<Pairs> open_pairs(io::Files& files, const Journey& journey) {
    Pairs out;
    TRY_VOID(open_directory(files, journey, out));
    for (const config::Region& region : journey.to.config.regions)
        TRY_VOID(open_region(files, journey, region.name, out));
    return out;
}

// Which store an error is about, and what helps.
Result<void> about(const std::string& store, const std::string& where, Result<void> outcome) {
    if (outcome) return outcome;
    std::string& message = outcome.error().message;
    message = "Store " + store + ", to " + where + ": " + message;
    if (outcome.error().code == Code::already_exists)
        message +=
            " Nothing is written over. Move that away, or make an empty one, and run this again.";
    return outcome;
}

// Nothing is begun anywhere before everything may be.
io::Task<Result<void>> check(Pairs& pairs, std::string id) {
    if (pairs.to) {
        Result<void> fits = co_await kv::check_copy(*pairs.from, *pairs.to, id);
        CO_TRY_VOID(about("directory", pairs.where, std::move(fits)));
    }
    for (DatabasePair& pair : pairs.databases) {
        Result<void> fits = co_await sql::check_copy(*pair.from, *pair.to, pair.plan);
        CO_TRY_VOID(about(pair.store, pair.where, std::move(fits)));
    }
    co_return Result<void>();
}

io::Task<Result<void>> begin(Pairs& pairs, std::string id) {
    if (pairs.to) {
        Result<void> begun = co_await kv::begin_copy(*pairs.from, *pairs.to, id);
        CO_TRY_VOID(about("directory", pairs.where, std::move(begun)));
    }
    for (DatabasePair& pair : pairs.databases) {
        Result<void> begun = co_await sql::begin_copy(*pair.from, *pair.to, pair.plan);
        CO_TRY_VOID(about(pair.store, pair.where, std::move(begun)));
    }
    co_return Result<void>();
}

// Tells of one table of one store.
class Teller {
  public:
    Teller(const MigrateOptions& options, std::string store, bool comparing)
        : options_(options), store_(std::move(store)), comparing_(comparing) {}
    void operator()(const sql::CopyProgress& progress) const {
        options_.on_progress({store_, progress.table, comparing_, progress.rows, progress.total});
    }
    void operator()(std::size_t more) {
        entries_ += static_cast<std::int64_t>(more);
        options_.on_progress({store_, "", comparing_, entries_, 0});
    }

  private:
    const MigrateOptions& options_;
    std::string store_;
    bool comparing_;
    std::int64_t entries_ = 0;
};

io::Task<Result<void>> copy(Pairs& pairs, std::string id, const MigrateOptions& options) {
    if (pairs.to) {
        Teller teller(options, "directory", false);
        Result<void> done = co_await kv::copy_entries(*pairs.from, *pairs.to, id, teller);
        CO_TRY_VOID(about("directory", pairs.where, std::move(done)));
    }
    for (DatabasePair& pair : pairs.databases) {
        Teller teller(options, pair.store, false);
        Result<void> done = co_await sql::copy_tables(*pair.from, *pair.to, pair.plan, teller);
        CO_TRY_VOID(about(pair.store, pair.where, std::move(done)));
    }
    co_return Result<void>();
}

io::Task<Result<bool>> compare_directory(Pairs& pairs, const MigrateOptions& options) {
    if (!pairs.to) co_return true;
    Teller teller(options, "directory", true);
    CO_TRY(const kv::StoreDigest here, co_await kv::digest(*pairs.from, teller));
    CO_TRY(const kv::StoreDigest there, co_await kv::digest(*pairs.to, teller));
    options.on_compared({"directory", "", here.entries, there.entries, here.sha256, there.sha256});
    co_return here == there;
}

io::Task<Result<bool>> compare(Pairs& pairs, const MigrateOptions& options) {
    CO_TRY(bool same, co_await compare_directory(pairs, options));
    for (DatabasePair& pair : pairs.databases) {
        Teller teller(options, pair.store, true);
        CO_TRY(const std::vector<sql::TableComparison> tables,
               co_await sql::compare_tables(*pair.from, *pair.to, pair.plan, teller));
        for (const sql::TableComparison& table : tables) {
            options.on_compared({pair.store, table.source.table, table.source.rows,
                                 table.target.rows, table.source.sha256, table.target.sha256});
            same = same && table.same();
        }
    }
    co_return same;
}

io::Task<Result<void>> open_to_use(Pairs& pairs, std::string id) {
    if (pairs.to) CO_TRY_VOID(co_await kv::end_copy(*pairs.to));
    for (DatabasePair& pair : pairs.databases) CO_TRY_VOID(co_await sql::end_copy(*pair.to, id));
    co_return Result<void>();
}

io::Task<Result<Migrated>> carry_pairs(io::Files& files, Journey& journey, Pairs& pairs,
                                       const MigrateOptions& options) {
    const std::string& id = journey.place.copy_id;
    if (journey.place.state == StoresPlace::State::copying) {
        CO_TRY_VOID(co_await check(pairs, id));
        CO_TRY_VOID(write_place(files, options.data, journey.place));
        CO_TRY_VOID(co_await begin(pairs, id));
        CO_TRY_VOID(co_await copy(pairs, id, options));
        CO_TRY(const bool same, co_await compare(pairs, options));
        if (!same) co_return Migrated::differs;
        journey.place.state = StoresPlace::State::verified;
        CO_TRY_VOID(write_place(files, options.data, journey.place));
    }
    CO_TRY_VOID(co_await open_to_use(pairs, id));
    CO_TRY_VOID(save(files, journey.to));
    journey.place.state = StoresPlace::State::settled;
    CO_TRY_VOID(write_place(files, options.data, journey.place));
    co_return Migrated::done;
}

io::Task<Result<Migrated>> carry_opened(io::Files& files, Journey& journey,
                                        const MigrateOptions& options) {
    CO_TRY(Pairs pairs, open_pairs(files, journey));
    Result<Migrated> out = co_await carry_pairs(files, journey, pairs, options);
    if (pairs.from) co_await pairs.from->stop();
    if (pairs.to) co_await pairs.to->stop();
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
