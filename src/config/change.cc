#include "config/change.h"

#include <algorithm>

namespace domicile::config {
namespace {

using Sentences = std::vector<std::string>;

void say(Sentences& out, const std::string& path, const char* why) {
    out.push_back(path + " cannot change while the region runs (" + why + "): a restart is needed");
}

template <class T>
std::vector<std::string> names(const NamedList<T>& list) {
    std::vector<std::string> out;
    for (const T& entry : list) out.push_back(entry.name);
    return out;
}

void compare_regions(const Config& before, const Config& after, Sentences& out) {
    if (names(before.regions) != names(after.regions))
        return say(out, "regions", "peers and ports are bound to them");
    for (std::size_t i = 0; i < before.regions.size(); ++i) {
        const Region& was = before.regions[i];
        const std::string path = "regions." + was.name;
        if (was.listen != after.regions[i].listen) say(out, path + ".listen", "ports are open");
        if (was.standby != after.regions[i].standby)
            say(out, path + ".standby", "homes depend on it");
        if (was.database != after.regions[i].database ||
            was.keys_database != after.regions[i].keys_database)
            say(out, path + ".database", "it is open");
        if (was.mail != after.regions[i].mail) say(out, path + ".mail", "mails are on their way");
        if (was.nodes != after.regions[i].nodes) say(out, path + ".nodes", "their ports are open");
    }
}

// Who is at home where is decided by these; `transit` only says how to get there.
void compare_jurisdictions(const Config& before, const Config& after, Sentences& out) {
    if (names(before.jurisdictions) != names(after.jurisdictions))
        return say(out, "jurisdictions", "homes depend on them");
    for (std::size_t i = 0; i < before.jurisdictions.size(); ++i) {
        const Jurisdiction& was = before.jurisdictions[i];
        const Jurisdiction& is = after.jurisdictions[i];
        if (was.countries != is.countries || was.regions != is.regions ||
            was.failover != is.failover)
            say(out, "jurisdictions." + was.name, "homes depend on it");
    }
}

void compare_tables(const Config& before, const Config& after, Sentences& out) {
    for (const Table& was : before.tables) {
        const Table* is = after.tables.find(was.name);
        if (is == nullptr || *is != was) say(out, "tables." + was.name, "it may hold items");
    }
}

// A start looks whether a pool that stands alone has people of the directory, and the other way
// round.
void compare_pools(const Config& before, const Config& after, Sentences& out) {
    for (const Pool& is : after.pools) {
        Residency known = Residency::directory;
        for (const Pool& was : before.pools)
            if (was.id_suffix == is.id_suffix) known = was.residency;
        if (known != is.residency)
            say(out, "pools." + is.name + ".residency", "where people live depends on it");
    }
}

}  // namespace

std::vector<std::string> needs_restart(const Config& before, const Config& after) {
    Sentences out;
    if (before.domain != after.domain) say(out, "domain", "names and tokens carry it");
    if (before.listen != after.listen) say(out, "listen", "the port is open");
    if (before.issuer != after.issuer) say(out, "issuer", "tokens carry it");
    if (before.data_directory != after.data_directory)
        say(out, "data_directory", "files in it are open");
    if (before.directory != after.directory) say(out, "directory", "it is open");
    if (before.log.level != after.log.level) say(out, "log.level", "it is set at start");
    if (before.log.requests != after.log.requests) say(out, "log.requests", "it is set at start");
    if (before.log.file_bytes_max != after.log.file_bytes_max)
        say(out, "log.file_bytes_max", "the file is open");
    if (before.traces.collector != after.traces.collector ||
        before.traces.sample_ratio != after.traces.sample_ratio)
        say(out, "traces", "they are set at start");
    if (before.reactors != after.reactors) say(out, "reactors", "threads run");
    compare_jurisdictions(before, after, out);
    compare_regions(before, after, out);
    compare_pools(before, after, out);
    compare_tables(before, after, out);
    return out;
}

}  // namespace domicile::config
