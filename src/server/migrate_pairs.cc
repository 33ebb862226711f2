#include "server/migrate_pairs.h"

#include "kv/copy.h"
#include "server/directory_store.h"
#include "server/region_database.h"
#include "server/region_schema.h"

namespace domicile::server {
namespace {

Result<void> require_file(io::Files& files, const std::string& path) {
    if (files.info(path)) return {};
    return fail(Code::not_found, path + " is not there. Start the deployment once before.");
}

// What an operator finds the store by.
std::string where(const std::string& name, const std::string& sqlite_path) {
    return name == "sqlite" ? sqlite_path : name;
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

}  // namespace

Result<void> StorePairs::open_directory(io::Files& files, const Journey& journey) {
    if (!journey.moves("directory")) return {};
    const std::string path = journey.from.shared("directory.db");
    if (journey.place.from.at("directory") == "sqlite") TRY_VOID(require_file(files, path));
    where_ = where(journey.place.to.at("directory"), path);
    TRY(from_, open_directory_store(files, journey.from));
    TRY(to_, open_directory_store(files, journey.to));
    return {};
}

Result<void> StorePairs::open_region(io::Files& files, const Journey& journey,
                                     const std::string& region) {
    const std::string keys = region + " keys", data = region + " data";
    const std::string folder = journey.from.region_directory(region);
    for (const auto& [store, path] :
         {std::pair(keys, folder + "/keys.db"), std::pair(data, folder + "/region.db")})
        if (journey.place.from.at(store) == "sqlite") TRY_VOID(require_file(files, path));
    TRY(RegionDatabases from, open_databases(files, journey.from, region));
    TRY(RegionDatabases to, open_databases(files, journey.to, region));
    if (journey.moves(keys))
        databases_.push_back({keys, where(journey.place.to.at(keys), folder + "/keys.db"),
                              keys_plan(id_), std::move(from.keys), std::move(to.keys)});
    if (journey.moves(data))
        databases_.push_back({data, where(journey.place.to.at(data), folder + "/region.db"),
                              data_plan(id_), std::move(from.data), std::move(to.data)});
    return {};
}

Result<StorePairs> StorePairs::open(io::Files& files, const Journey& journey) {
    StorePairs out;
    out.id_ = journey.place.copy_id;
    TRY_VOID(out.open_directory(files, journey));
    for (const config::Region& region : journey.to.config.regions)
        TRY_VOID(out.open_region(files, journey, region.name));
    return out;
}

io::Task<Result<void>> StorePairs::check() {
    if (to_) {
        Result<void> fits = co_await kv::check_copy(*from_, *to_, id_);
        CO_TRY_VOID(about("directory", where_, std::move(fits)));
    }
    for (DatabasePair& pair : databases_) {
        Result<void> fits = co_await sql::check_copy(*pair.from, *pair.to, pair.plan);
        CO_TRY_VOID(about(pair.store, pair.where, std::move(fits)));
    }
    co_return Result<void>();
}

io::Task<Result<void>> StorePairs::begin() {
    if (to_) {
        Result<void> begun = co_await kv::begin_copy(*from_, *to_, id_);
        CO_TRY_VOID(about("directory", where_, std::move(begun)));
    }
    for (DatabasePair& pair : databases_) {
        Result<void> begun = co_await sql::begin_copy(*pair.from, *pair.to, pair.plan);
        CO_TRY_VOID(about(pair.store, pair.where, std::move(begun)));
    }
    co_return Result<void>();
}

io::Task<Result<void>> StorePairs::copy(const MigrateOptions& options) {
    if (to_) {
        Teller teller(options, "directory", false);
        Result<void> done = co_await kv::copy_entries(*from_, *to_, id_, teller);
        CO_TRY_VOID(about("directory", where_, std::move(done)));
    }
    for (DatabasePair& pair : databases_) {
        Teller teller(options, pair.store, false);
        Result<void> done = co_await sql::copy_tables(*pair.from, *pair.to, pair.plan, teller);
        CO_TRY_VOID(about(pair.store, pair.where, std::move(done)));
    }
    co_return Result<void>();
}

io::Task<Result<bool>> StorePairs::compare_directory(const MigrateOptions& options) {
    if (!to_) co_return true;
    Teller teller(options, "directory", true);
    CO_TRY(const kv::StoreDigest here, co_await kv::digest(*from_, teller));
    CO_TRY(const kv::StoreDigest there, co_await kv::digest(*to_, teller));
    options.on_compared({"directory", "", here.entries, there.entries, here.sha256, there.sha256});
    co_return here == there;
}

io::Task<Result<bool>> StorePairs::compare(const MigrateOptions& options) {
    CO_TRY(bool same, co_await compare_directory(options));
    for (DatabasePair& pair : databases_) {
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

io::Task<Result<void>> StorePairs::end() {
    if (to_) CO_TRY_VOID(co_await kv::end_copy(*to_));
    for (DatabasePair& pair : databases_) CO_TRY_VOID(co_await sql::end_copy(*pair.to, id_));
    co_return Result<void>();
}

io::Task<void> StorePairs::stop() {
    if (from_) co_await from_->stop();
    if (to_) co_await to_->stop();
}

}  // namespace domicile::server
