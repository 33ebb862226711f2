#include "config/change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace domicile::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

const std::string kFile =
    "domain: a.example\n"
    "reactors: 1\n"
    "jurisdictions: {A: {countries: [AU], regions: [a1], transit: allow}}\n"
    "regions: {a1: {listen: {admin: 9001}, latitude: 1, longitude: 1}}\n"
    "pools: {p: {id_suffix: P1, clients: {web: {id: abc, access_token_minutes: 60}}}}\n"
    "tables: {Notes: {partition_key: {name: k}}}\n"
    "upstreams: {u: {url: http://127.0.0.1:1}}\n"
    "routes: [{path: /a, upstream: u, residency: public}]\n"
    "sites: {www: {directory: web}}\n"
    "log: {level: info}\n";

std::vector<std::string> after(std::string_view from, std::string_view to) {
    const Loaded before = load("f.yaml", kFile);
    std::string text = kFile;
    text.replace(text.find(from), from.size(), to);
    const Loaded loaded = load("f.yaml", text);
    for (const Problem& problem : before.problems) ADD_FAILURE() << format(problem);
    for (const Problem& problem : loaded.problems) ADD_FAILURE() << format(problem);
    return needs_restart(before.config, loaded.config);
}

TEST(change, what_answers_requests_may_change_while_the_region_runs) {
    EXPECT_THAT(after("path: /a", "path: /b"), IsEmpty());
    EXPECT_THAT(after("127.0.0.1:1", "127.0.0.1:2"), IsEmpty());
    EXPECT_THAT(after("access_token_minutes: 60", "access_token_minutes: 5"), IsEmpty());
    EXPECT_THAT(after("{web: {id", "{other: {id: def}, web: {id"), IsEmpty());
    EXPECT_THAT(after("tables: {", "tables: {More: {partition_key: {name: k}}, "), IsEmpty());
    EXPECT_THAT(after("sites: {", "sites: {docs: {directory: d}, "), IsEmpty());
    EXPECT_THAT(after("transit: allow", "transit: never"), IsEmpty());
    EXPECT_THAT(after("id_suffix: P1", "id_suffix: P2, residency: directory"), IsEmpty());
    EXPECT_THAT(after("latitude: 1", "latitude: 2"), IsEmpty());
}

TEST(change, what_is_bound_to_the_process_or_its_data_needs_a_restart) {
    const auto only = [](const char* path) { return ElementsAre(StartsWith(path)); };
    EXPECT_THAT(after("domain: a.example", "domain: b.example"), only("domain "));
    EXPECT_THAT(after("domain:", "listen: 127.0.0.1:1\ndomain:"), only("listen "));
    EXPECT_THAT(after("domain:", "issuer: aws\ndomain:"), only("issuer "));
    EXPECT_THAT(after("domain:", "data_directory: d\ndomain:"), only("data_directory "));
    EXPECT_THAT(after("log: {", "directory: {engine: etcd, endpoints: [\"a:1\"]}\nlog: {"),
                only("directory "));
    EXPECT_THAT(after("level: info", "level: debug"), only("log.level "));
    EXPECT_THAT(after("log: {", "log: {requests: false, "), only("log.requests "));
    EXPECT_THAT(after("log: {", "log: {file_bytes_max: 2000000, "), only("log.file_bytes_max "));
    EXPECT_THAT(after("log: {", "traces: {sample_ratio: 1}\nlog: {"), only("traces "));
    EXPECT_THAT(after("reactors: 1", "reactors: 2"), only("reactors "));
    EXPECT_THAT(after("[AU]", "[AU, NZ]"), only("jurisdictions.A "));
    EXPECT_THAT(after("admin: 9001", "admin: 9002"), only("regions.a1.listen "));
    EXPECT_THAT(after("a1: {", "a1: {database: {engine: postgres, endpoints: [\"a:1\"]}, "),
                only("regions.a1.database "));
    EXPECT_THAT(after("id_suffix: P1", "id_suffix: P1, residency: triggers"),
                only("pools.p.residency "));
    EXPECT_THAT(after("pools: {",
                      "pools: {q: {id_suffix: P2, residency: triggers, "
                      "clients: {web: {id: b}}}, "),
                only("pools.q.residency "));
    EXPECT_THAT(after("{name: k}", "{name: k, type: N}"), only("tables.Notes "));
    EXPECT_THAT(after("Notes: {", "Other: {"), only("tables.Notes "));
    EXPECT_THAT(after("regions: [a1], transit: allow}}\nregions: {",
                      "regions: [a1, a2]}}\nregions: {a2: {}, "),
                ElementsAre(StartsWith("jurisdictions.A "), StartsWith("regions ")));
}

}  // namespace
}  // namespace domicile::config
