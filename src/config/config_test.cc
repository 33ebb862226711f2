#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace domicile::config {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// DOMICILE_TESTDATA is <repository>/src/config/testdata, a folder that need not be there.
const std::string kRepository =
    std::string(DOMICILE_TESTDATA).substr(0, std::string(DOMICILE_TESTDATA).rfind("src/config"));

std::string read_file(const std::string& name) {
    std::ifstream file(kRepository + name, std::ios::binary);
    std::stringstream out;
    out << file.rdbuf();
    return out.str();
}

std::vector<std::string> problems(const std::string& text) {
    std::vector<std::string> out;
    for (const Problem& problem : load("f.yaml", text).problems) out.push_back(format(problem));
    return out;
}

// A small file without problems, 9 lines; tests append to it or change a part.
const std::string kBase =
    "jurisdictions:\n"
    "  A: {countries: [AU], regions: [a1, a2]}\n"
    "  B: {countries: [DE, NO], regions: [b1]}\n"
    "regions:\n"
    "  a1: {}\n"
    "  a2: {}\n"
    "  b1: {}\n"
    "pools:\n"
    "  p: {id_suffix: P1, clients: {web: {id: abc}}}\n";

std::string replace(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(config, what_the_openid_provider_does_for_a_client_fits_together) {
    const auto with = [](const std::string& oauth) {
        return problems(replace(kBase, "clients: {web: {id: abc}}",
                                "resource_servers: {d: {identifier: d, scopes: [read]}}, "
                                "clients: {web: {id: abc, " +
                                    oauth + "}}"));
    };
    EXPECT_THAT(with("oauth: {redirect_uris: ['https://a/b'], scopes: [openid, d/read]}"),
                IsEmpty());
    EXPECT_THAT(with("oauth: {scopes: [openid]}"), ElementsAre(HasSubstr("needs redirect_uris")));
    EXPECT_THAT(with("oauth: {redirect_uris: ['https://a/b'], scopes: [d/write]}"),
                ElementsAre(HasSubstr("there is no scope `d/write`")));
    EXPECT_THAT(with("oauth: {redirect_uris: ['javascript:/b']}"), testing::SizeIs(1));
    EXPECT_THAT(with("oauth: {grants: [client_credentials]}"),
                ElementsAre(HasSubstr("is for clients with a secret")));
    EXPECT_THAT(with("secret_file: s, oauth: {grants: [client_credentials]}"), IsEmpty());
}

TEST(config, other_providers_fit_the_pool_and_its_clients) {
    const auto with = [](const std::string& name, const std::string& more,
                         const std::string& taken) {
        return problems(replace(kBase, "clients: {web: {id: abc}}",
                                "identity_providers: {" + name +
                                    ": {issuer: 'https://login.example', client_id: c" + more +
                                    "}}, clients: {web: {id: abc, oauth: {redirect_uris: "
                                    "['https://a/b'], identity_providers: [" +
                                    taken + "]}}}"));
    };
    EXPECT_THAT(with("Corp", "", "COGNITO, Corp"), IsEmpty());
    EXPECT_THAT(with("Corp", ", attributes: {email: mail, 'custom:country': c}", "Corp"),
                IsEmpty());
    EXPECT_THAT(with("Corp", "", "Crop"), ElementsAre(HasSubstr("no identity provider `Crop`")));
    EXPECT_THAT(with("COGNITO", "", "COGNITO"), ElementsAre(HasSubstr("the pool's own sign-in")));
    EXPECT_THAT(with("A_B", "", "COGNITO"), testing::SizeIs(1));
    EXPECT_THAT(with("Corp", ", scopes: [email]", "Corp"),
                ElementsAre(HasSubstr("`openid` is missing")));
    EXPECT_THAT(with("Corp", ", attributes: {sub: sub}", "Corp"),
                ElementsAre(HasSubstr("`sub` is no attribute to map")));
    EXPECT_THAT(with("Corp", ", attributes: {'custom:x': x}", "Corp"),
                ElementsAre(HasSubstr("the pool has no attribute `custom:x`")));
    EXPECT_THAT(with("Corp", ", attributes: {name: 'a b'}", "Corp"),
                ElementsAre(HasSubstr("must be the name of a claim")));
}

TEST(config, a_directory_on_etcd_needs_what_belongs_together) {
    const std::string etcd = kBase + "directory:\n  engine: etcd\n";
    EXPECT_THAT(problems(etcd + "  endpoints: [\"a.example:2379\", \"[::1]:2379\"]\n"), IsEmpty());
    EXPECT_THAT(problems(etcd), ElementsAre(HasSubstr("etcd needs the addresses of its members")));
    EXPECT_THAT(problems(kBase + "directory: {endpoints: [\"a.example:2379\"]}\n"),
                ElementsAre(HasSubstr("endpoints, tls and user are for etcd")));
    const std::string whole = etcd + "  endpoints: [\"a.example:2379\"]\n";
    EXPECT_THAT(problems(whole + "  ca_file: ca.pem\n"), ElementsAre(HasSubstr("no TLS")));
    EXPECT_THAT(problems(whole + "  tls: true\n  key_file: k.pem\n"),
                ElementsAre(HasSubstr("a certificate and its key go together")));
    EXPECT_THAT(problems(whole + "  user: u\n"), ElementsAre(HasSubstr("a user and the file")));
    EXPECT_THAT(problems(whole + "  prefix: domicile\n"), ElementsAre(HasSubstr("the last one")));
    EXPECT_THAT(problems(etcd + "  endpoints: [\"a.example:0\"]\n"),
                ElementsAre(HasSubstr("a member has a port")));
}

TEST(config, a_database_on_postgresql_needs_what_belongs_together) {
    const auto with = [](const std::string& database) {
        return problems(replace(kBase, "a1: {}", "a1: {" + database + "}"));
    };
    const std::string whole = "engine: postgres, endpoints: [\"db.example:5432\"]";
    EXPECT_THAT(with("database: {" + whole + "}"), IsEmpty());
    EXPECT_THAT(with("database: {engine: postgres, endpoints: [\"/run/postgresql:5432\"]}"),
                IsEmpty());
    EXPECT_THAT(with("database: {engine: postgres}"),
                ElementsAre(HasSubstr("PostgreSQL needs an address")));
    EXPECT_THAT(with("database: {endpoints: [\"db.example:5432\"]}"),
                ElementsAre(HasSubstr("are for PostgreSQL")));
    EXPECT_THAT(with("database: {engine: postgres, endpoints: [\"db.example:0\"]}"),
                ElementsAre(HasSubstr("a server has a port")));
    EXPECT_THAT(with("database: {" + whole + ", ca_file: ca.pem}"),
                ElementsAre(HasSubstr("no TLS")));
    EXPECT_THAT(with("database: {" + whole + ", tls: true, key_file: k.pem}"),
                ElementsAre(HasSubstr("a certificate and its key go together")));
    EXPECT_THAT(with("database: {" + whole + ", name: Domicile}"),
                ElementsAre(HasSubstr("a-z 0-9 _")));
    EXPECT_THAT(with("database: {" + whole + "}, keys_database: {engine: postgres}"),
                ElementsAre(HasSubstr("PostgreSQL needs an address")));
}

TEST(config, several_nodes_need_databases_that_they_can_share) {
    const auto with = [](const std::string& region) {
        return problems(replace(kBase, "a1: {}", "a1: {" + region + "}"));
    };
    const std::string postgres =
        "database: {engine: postgres, endpoints: [\"db.example:5432\"]}, nodes: 2";
    EXPECT_THAT(with(postgres), IsEmpty());
    EXPECT_THAT(with("nodes: 2"), ElementsAre(HasSubstr("by one node only")));
    EXPECT_THAT(with(postgres + ", keys_database: {engine: sqlite}"),
                ElementsAre(HasSubstr("by one node only")));
    EXPECT_THAT(with(postgres + "0"), ElementsAre(HasSubstr("16")));
}

TEST(config, no_two_regions_share_a_database) {
    const auto with = [](const std::string& one, const std::string& other) {
        return problems(replace(replace(kBase, "a1: {}", "a1: {" + one + "}"), "a2: {}",
                                "a2: {" + other + "}"));
    };
    const std::string whole = "engine: postgres, endpoints: [\"db.example:5432\"]";
    EXPECT_THAT(with("database: {" + whole + "}", "database: {" + whole + ", name: other}"),
                IsEmpty());
    EXPECT_THAT(with("database: {" + whole + "}", "database: {" + whole + "}"),
                ::testing::Each(HasSubstr("are in this database")));
    EXPECT_THAT(with("database: {" + whole + "}", "database: {" + whole + "}"),
                ::testing::SizeIs(2));
    EXPECT_THAT(with("database: {" + whole + "}, keys_database: {" + whole + "}", ""),
                ElementsAre(HasSubstr("are in this database")));
}

TEST(config, the_example_has_no_problems_and_means_what_it_says) {
    const Loaded loaded = load("domicile.yaml", read_file("examples/health/domicile.yaml"));
    for (const Problem& problem : loaded.problems) ADD_FAILURE() << format(problem);
    const Config& config = loaded.config;
    ASSERT_EQ(config.regions.size(), 3u);
    EXPECT_EQ(config.regions[0].name, "ap-southeast-2");  // in the order of the file
    ASSERT_TRUE(config.pools.find("health"));
    const Pool& pool = *config.pools.find("health");
    EXPECT_EQ(pool.id_in("eu-central-1"), "eu-central-1_Health1");
    EXPECT_EQ(pool.clients.find("web")->id.size(), 26u);
    EXPECT_EQ(pool.find_client("nobody"), nullptr);
    EXPECT_EQ(config.tables.find("DiaryEntries")->resident->subject, "subject");
    EXPECT_EQ(config.tables.find("DiaryEntries")->sort_key->name, "entryId");
    ASSERT_EQ(config.routes.size(), 2u);
    EXPECT_EQ(config.routes[1].path, "/entries/{entryId}");
    EXPECT_TRUE(config.routes[1].answers_on(RouteHost::app));
    EXPECT_TRUE(config.routes[1].answers_on(RouteHost::region));
    EXPECT_EQ(config.routes[1].authorizer, "health");
    EXPECT_EQ(config.sites[0].host, "frontend.domicile.localhost");
    EXPECT_EQ(config.mail.from, "no-reply@domicile.localhost");
    const residency::Policy policy = make_policy(config);
    EXPECT_EQ(policy.of_country("NO")->name, "EU");
    EXPECT_EQ(policy.of_country("NZ")->regions.front(), "ap-southeast-2");
    EXPECT_EQ(config.jurisdictions.find("EU")->countries.size(), 30u);
}

TEST(config, the_reference_is_up_to_date) {
    const std::string name = kRepository + "docs/config.md";
    if (std::getenv("DOMICILE_UPDATE")) std::ofstream(name, std::ios::binary) << reference();
    EXPECT_TRUE(read_file("docs/config.md") == reference())
        << "run DOMICILE_UPDATE=1 domicile_config_test";
}

TEST(config, the_schema_is_up_to_date) {
    const std::string name = kRepository + "docs/domicile.schema.json";
    if (std::getenv("DOMICILE_UPDATE")) std::ofstream(name, std::ios::binary) << schema();
    EXPECT_TRUE(read_file("docs/domicile.schema.json") == schema())
        << "run DOMICILE_UPDATE=1 domicile_config_test";
}

TEST(config, defaults_are_those_of_the_structs) {
    const Loaded loaded = load("f.yaml", kBase);
    EXPECT_THAT(problems(kBase), IsEmpty());
    EXPECT_EQ(loaded.config.listen, (Endpoint{"127.0.0.1", 8443}));
    const Client& client = loaded.config.pools[0].clients[0];
    EXPECT_THAT(client.flows, ElementsAre(AuthFlow::user_srp_auth, AuthFlow::refresh_token_auth));
    EXPECT_FALSE(client.allows(AuthFlow::user_password_auth));
    EXPECT_EQ(client.token_algorithm, TokenAlgorithm::rs256);
    EXPECT_EQ(loaded.config.pools[0].country_attribute, "custom:country");
    EXPECT_EQ(loaded.config.pools[0].mfa, Mfa::off);
}

TEST(config, a_second_factor_is_a_word_also_where_yaml_would_read_a_boolean) {
    const std::vector<std::pair<std::string, Mfa>> words = {
        {"off", Mfa::off}, {"optional", Mfa::optional}, {"required", Mfa::required}};
    for (const auto& [word, mfa] : words) {
        const std::string text = replace(kBase, "id_suffix", "mfa: " + word + ", id_suffix");
        EXPECT_THAT(problems(text), IsEmpty()) << word;
        EXPECT_EQ(load("f.yaml", text).config.pools[0].mfa, mfa) << word;
    }
    EXPECT_THAT(problems(replace(kBase, "id_suffix", "mfa: no, id_suffix")), Not(IsEmpty()));
}

TEST(config, whether_devices_are_remembered_is_a_word_too) {
    EXPECT_EQ(load("f.yaml", kBase).config.pools[0].devices, Devices::off);
    const std::vector<std::pair<std::string, Devices>> words = {
        {"off", Devices::off}, {"user_opt_in", Devices::user_opt_in}, {"always", Devices::always}};
    for (const auto& [word, devices] : words) {
        const std::string text = replace(kBase, "id_suffix", "devices: " + word + ", id_suffix");
        EXPECT_THAT(problems(text), IsEmpty()) << word;
        EXPECT_EQ(load("f.yaml", text).config.pools[0].devices, devices) << word;
    }
    EXPECT_THAT(problems(replace(kBase, "id_suffix", "devices: on, id_suffix")), Not(IsEmpty()));
}

TEST(config, addresses_and_clients_have_budgets) {
    const auto with = [](const std::string& limits) {
        return kBase + "limits: {addresses: {" + limits + "}}\n";
    };
    const Config plain = load("f.yaml", kBase).config;
    EXPECT_EQ(plain.limits.addresses.guesses.free, 100);
    EXPECT_THAT(plain.limits.addresses.exempt, ElementsAre("127.0.0.0/8", "::1/128"));
    EXPECT_FALSE(plain.pools[0].clients[0].limits);
    const std::string text = with("guesses: {free: 7}, exempt: [198.51.100.0/24, '2001:db8::/32']");
    EXPECT_THAT(problems(text), IsEmpty());
    const AddressLimits found = load("f.yaml", text).config.limits.addresses;
    EXPECT_EQ(found.guesses.free, 7);
    EXPECT_EQ(found.guesses.forgiven_per_hour, 60) << "what is not said stays";
    EXPECT_EQ(found.requests.free, 100);
    EXPECT_EQ(found.exempt.size(), 2u);
    EXPECT_THAT(problems(with("exempt: []")), IsEmpty());
    for (const char* bad : {"198.51.100.7/24", "198.51.100.0/33", "1.2.3/8", "::/129", "office"}) {
        EXPECT_THAT(problems(with("exempt: ['" + std::string(bad) + "']")), Not(IsEmpty())) << bad;
    }
    EXPECT_THAT(problems(with("guesses: {free: 0}")), SizeIs(1));
    const std::string client =
        replace(kBase, "{id: abc}", "{id: abc, limits: {requests: {forgiven_per_hour: 6000}}}");
    EXPECT_THAT(problems(client), IsEmpty());
    const auto limits = load("f.yaml", client).config.pools[0].clients[0].limits;
    ASSERT_TRUE(limits && limits->requests);
    EXPECT_FALSE(limits->guesses);
    EXPECT_EQ(limits->requests->forgiven_per_hour, 6000);
}

TEST(config, a_trigger_is_a_function_that_answers_in_time) {
    const auto with = [](const std::string& trigger) {
        return problems(replace(kBase, "id_suffix", "triggers: {" + trigger + "}, id_suffix") +
                        "functions:\n"
                        "  quick: {command: [x], timeout_seconds: 5}\n"
                        "  slow: {command: [x], timeout_seconds: 6}\n");
    };
    for (const std::string kind :
         {"pre_sign_up: ", "post_confirmation: ", "pre_authentication: ", "post_authentication: ",
          "define_auth_challenge: ", "create_auth_challenge: ", "verify_auth_challenge: ",
          "custom_message: ", "user_migration: ",
          "pre_token_generation: {version: V2_0, function: "}) {
        const std::string end = kind.find('{') == kind.npos ? "" : "}";
        EXPECT_THAT(with(kind + "quick" + end), IsEmpty()) << kind;
        EXPECT_THAT(with(kind + "slow" + end), SizeIs(1)) << kind;
        EXPECT_THAT(with(kind + "nobody" + end), SizeIs(1)) << kind;
    }
}

TEST(config, texts_are_sent_by_a_function_that_answers_in_time) {
    const auto with = [](const std::string& name) {
        return problems(replace(kBase, "id_suffix", "sms: {function: " + name + "}, id_suffix") +
                        "functions:\n"
                        "  quick: {command: [x], timeout_seconds: 5}\n"
                        "  slow: {command: [x], timeout_seconds: 6}\n");
    };
    EXPECT_THAT(with("quick"), IsEmpty());
    EXPECT_THAT(with("slow"), SizeIs(1));
    EXPECT_THAT(with("quik"), ElementsAre(HasSubstr("pools.p.sms.function: there is no function "
                                                    "`quik`")));
    EXPECT_THAT(problems(replace(kBase, "id_suffix", "sms: {}, id_suffix")), SizeIs(1));
}

TEST(config, challenges_of_the_applications_own_need_its_functions) {
    const std::string base = replace(kBase, "{id: abc}", "{id: abc, flows: [CUSTOM_AUTH]}") +
                             "functions:\n  f: {command: [x], timeout_seconds: 5}\n";
    EXPECT_THAT(problems(base), SizeIs(1));
    const std::string all =
        "triggers: {define_auth_challenge: f, create_auth_challenge: f, verify_auth_challenge: f}";
    EXPECT_THAT(problems(replace(base, "id_suffix", all + ", id_suffix")), IsEmpty());
}

TEST(config, what_a_pool_without_homes_gives_up_is_told_and_no_problem) {
    const auto with = [](const std::string& pool) {
        return load("f.yaml", replace(kBase, "id_suffix", pool + ", id_suffix") +
                                  "functions:\n  f: {command: [x], timeout_seconds: 5}\n");
    };
    const auto warnings = [&](const std::string& pool) {
        const Loaded loaded = with(pool);
        EXPECT_THAT(loaded.problems, IsEmpty()) << pool;
        std::vector<std::string> out;
        out.reserve(loaded.warnings.size());
        for (const Problem& warning : loaded.warnings) out.push_back(format_line(warning));
        return out;
    };
    EXPECT_THAT(warnings("mfa: off"), IsEmpty());
    EXPECT_THAT(warnings("residency: directory"), IsEmpty());
    const auto given_up = HasSubstr(": warning: pools.p.residency: with `triggers` nobody has one");
    EXPECT_THAT(warnings("residency: triggers"),
                ElementsAre(given_up, HasSubstr("name pre_sign_up and pre_authentication in")));
    EXPECT_THAT(warnings("residency: triggers, triggers: {pre_sign_up: f}"),
                ElementsAre(given_up, HasSubstr("name pre_authentication in")));
    EXPECT_THAT(warnings("residency: triggers, triggers: {pre_sign_up: f, pre_authentication: f}"),
                ElementsAre(given_up));
    EXPECT_TRUE(with("residency: triggers").config.pools[0].stands_alone());
    EXPECT_FALSE(load("f.yaml", kBase).config.pools[0].stands_alone());
    EXPECT_THAT(with("residency: functions").problems, SizeIs(1));
}

TEST(config, every_value_of_a_full_file_arrives) {
    const std::string base = replace(kBase, "{id: abc}", "{id: abc, token_algorithm: ES256}");
    const Loaded loaded =
        load("f.yaml", replace(base, "a1: {}",
                               "a1: {standby: a2, latitude: -1.5, longitude: 2, "
                               "listen: {https: 1443, admin: 0}}") +
                           "tables:\n"
                           "  Things: {partition_key: {name: k, type: B}, "
                           "sort_key: {name: s, type: N}, sort_key_storage: clear}\n"
                           "functions:\n"
                           "  f: {command: [x, ''], environment: {A: '', B: '1'}}\n"
                           "upstreams:\n"
                           "  one: {url: http://127.0.0.1:9000}\n"
                           "  two: {url: ['http://a:1', 'http://[::1]:2/']}\n"
                           "routes:\n"
                           "  - {path: '/p/{rest+}', upstream: two, hosts: [region], "
                           "residency: public, elsewhere: misdirected, event: v1, "
                           "authorizer: none, body_bytes_max: 5}\n"
                           "issuer: aws\n"
                           "listen: '[::1]:443'\n"
                           "log: {level: warning}\n");
    // An empty argument is refused: it is nearly always a mistake.
    ASSERT_EQ(loaded.problems.size(), 1u);
    EXPECT_EQ(loaded.problems[0].path, "functions.f.command[1]");
    const Config& config = loaded.config;
    EXPECT_EQ(config.regions[0].standby, "a2");
    EXPECT_EQ(config.regions[0].listen.https, 1443);
    EXPECT_EQ(config.tables[0].partition_key.type, KeyType::binary);
    EXPECT_EQ(config.tables[0].sort_key->type, KeyType::number);
    EXPECT_EQ(config.tables[0].sort_key_storage, SortKeyStorage::clear);
    EXPECT_EQ(config.functions[0].environment.at("A"), "");
    EXPECT_EQ(config.upstreams[0].url[0], (UpstreamUrl{"127.0.0.1", 9000}));
    EXPECT_EQ(config.upstreams[1].url[1], (UpstreamUrl{"::1", 2}));
    EXPECT_EQ(config.pools[0].clients[0].token_algorithm, TokenAlgorithm::es256);
    const Route& route = config.routes[0];
    EXPECT_EQ(route.residency, residency::RouteResidency::open);
    EXPECT_EQ(route.elsewhere, residency::Elsewhere::misdirected);
    EXPECT_EQ(route.event, EventVersion::v1);
    EXPECT_EQ(route.authorizer, std::nullopt);
    EXPECT_FALSE(route.answers_on(RouteHost::app));
    EXPECT_EQ(route.body_bytes_max, 5);
    EXPECT_EQ(config.issuer, IssuerStyle::aws);
    EXPECT_EQ(config.listen, (Endpoint{"::1", 443}));
    EXPECT_EQ(config.log.level, log::Level::warning);
    const residency::Policy policy = make_policy(config);
    EXPECT_EQ(*policy.standby_of("a1"), "a2");
    EXPECT_EQ(policy.standby_of("a2"), nullptr);
}

TEST(config, a_failover_list_gives_standbys_to_regions_without_one) {
    const Loaded loaded =
        load("f.yaml", replace(kBase, "[a1, a2]", "[a1, a2], failover: [a1, a2]"));
    EXPECT_THAT(loaded.problems, IsEmpty());
    const residency::Policy policy = make_policy(loaded.config);
    EXPECT_EQ(*policy.standby_of("a1"), "a2");
    EXPECT_EQ(*policy.standby_of("a2"), "a1");
}

TEST(config, a_problem_prints_with_file_line_column_and_hint) {
    EXPECT_THAT(problems(kBase + "domian: x\n"),
                ElementsAre("f.yaml:10:1: domian: unknown key `domian`\n"
                            "  hint: did you mean `domain`?"));
    EXPECT_THAT(problems(replace(kBase, "id: abc", "id: 'a b'")),
                ElementsAre("f.yaml:9:42: pools.p.clients.web.id: `a b` does not fit: "
                            "1 to 128 of A-Z a-z 0-9 _ +"));
}

TEST(config, all_problems_come_at_once_in_the_order_of_the_file) {
    const auto found = load("f.yaml", replace(replace(kBase, "AU", "au"), "a2: {}", "a2: 5") +
                                          "reactors: many\n"
                                          "mail: {outbox: yes, form: a}\n")
                           .problems;
    std::vector<int> lines;
    for (const Problem& problem : found) lines.push_back(problem.line);
    EXPECT_THAT(lines, ElementsAre(2, 6, 10, 11, 11));
}

// One mistake each: what is changed, and what must be said about it.
struct Mistake {
    const char* from;
    const char* to;
    const char* said;
};

TEST(config, every_kind_of_mistake_is_found) {
    const std::string base =
        kBase +
        "tables:\n"
        "  Things: {partition_key: {name: owner, type: S}, resident: {subject: owner}}\n"
        "functions:\n"
        "  f: {command: [x], tables: [Things]}\n"
        "routes:\n"
        "  - {path: '/x/{id}', methods: [GET], function: f, authorizer: p}\n"
        "sites:\n"
        "  www: {directory: d}\n";
    ASSERT_THAT(problems(base), IsEmpty());
    const Mistake mistakes[] = {
        {"[DE, NO]", "[DE, AU]", "the country `AU` is already at jurisdictions.A.countries[0]"},
        {"[DE, NO]", "[UK]", "the code of the United Kingdom is GB"},
        {"[DE, NO]", "[de]", "did you mean `DE`?"},
        {"[DE, NO]", "[]", "must not be empty"},
        {"[DE, NO]", "{}", "must be a list, not a section"},
        {"regions: [b1]", "regions: [b1, a1]", "the region `a1` is already at"},
        {"regions: [b1]", "regions: [b2]", "there is no region `b2`"},
        {"regions: [b1]", "regions: [b2]", "the region `b1` is in no jurisdiction"},
        {"regions: [b1]", "regions: [b1], failover: [a1]", "failover never leaves a jurisdiction"},
        {"regions: [b1]", "transit: no, regions: [b1]", "must be one of allow, never"},
        {"regions: [b1]}", "}", "`regions` is missing"},
        {"b1: {}", "b1: {standby: a1}", "failover never leaves a jurisdiction"},
        {"b1: {}", "b1: {standby: b1}", "cannot stand by for itself"},
        {"b1: {}", "b1: {standby: zz}", "there is no region `zz`"},
        {"b1: {}", "b1: {}\n  B1: {}", "a DNS label in lower case"},
        {"b1: {}", "b1: {}\n  b1: {}", "the key `b1` is there twice"},
        {"b1: {}", "b1: {latitude: 100, longitude: 0}", "100 is out of bounds: -90 to 90"},
        {"b1: {}", "b1: {latitude: nan, longitude: 0}", "is out of bounds"},
        {"b1: {}", "b1: {latitude: 1}", "go together"},
        {"b1: {}", "b1: {listen: {https: 99999}}", "too large"},
        {"b1: {}", "b1: {listen: {https: -1}}", "must be a whole number"},
        {"b1: {}", "b1: {listen: {https: 8443}}", "the port `8443` is already at listen"},
        {"b1: {}", "b1:", "must be a section (key: value), not nothing"},
        {"id_suffix: P1, ", "", "`id_suffix` is missing"},
        {"id_suffix: P1", "id_suffix: P-1", "letters and digits"},
        {"{id: abc}", "{id: abc}, app: {id: abc}", "the client id `abc` is already at"},
        {"{id: abc}", "{id: abc, flows: [USER_SRP]}", "must be one of USER_SRP_AUTH"},
        {"{id: abc}", "{id: abc, access_token_minutes: 1}", "out of bounds: 5 to 1440"},
        {"{id: abc}", "{id: [abc]}", "must be a text, not a list"},
        {"  p: {id_suffix: P1,",
         "  q: {id_suffix: P1, clients: {x: {id: d}}}\n  p: {id_suffix: P1,",
         "the id suffix `P1` is already at pools.q.id_suffix"},
        {"subject: owner", "subject: other", "must be the partition key `owner`"},
        {"type: S}", "type: N}", "a subject's key must be of type S"},
        {"tables: [Things]", "tables: [Thing]", "did you mean `Things`?"},
        {"command: [x]", "command: x", "must be a list, not a single value"},
        {"function: f", "function: g", "there is no function `g`"},
        {"function: f", "upstream: u", "there is no upstream `u`"},
        {"function: f, ", "", "leads nowhere"},
        {"f: {", "f: {invokes: [g], ", "there is no function `g`"},
        {"f: {", "f: {events: {on_failure: g}, ", "there is no function `g`"},
        {"f: {", "f: {events: {on_failure: f}, ", "would go round in a circle"},
        {"f: {", "f: {events: {on_success: g}, ", "there is no function `g`"},
        {"f: {", "g: {command: [x], events: {on_failure: f}}\n  f: {events: {on_success: g}, ",
         "functions.f.events.on_success: records would go round in a circle"},
        {"f: {", "f: {parameters: [/none], ", "there is no parameter `/none`"},
        {"sites:", "parameters: {/a: {}}\nsites:", "a parameter has a value or a file"},
        {"sites:", "parameters: {/domicile/a: {value: b}}\nsites:", "Domicile's own"},
        {"sites:", "parameters: {a: {value: b}}\nsites:", "/ and 1 to 15 words"},
        {"f: {", "f: {concurrency: {maximum: 1, reserved: 2}, ", "2 processes always run"},
        {"function: f", "function: f, upstream: u", "not both"},
        {"authorizer: p", "authorizer: pp", "there is no pool `pp`"},
        {", authorizer: p", "", "a resident route needs an authorizer"},
        {"/x/{id}", "x/{id}", "does not fit"},
        {"/x/{id}", "/{id}/{id}", "does not fit"},
        {"/x/{id}", "/{id+}/x", "does not fit"},
        {"/x/{id}", "/x//y", "does not fit"},
        {"methods: [GET]", "methods: [get]", "`get` does not fit"},
        {"sites:", "  - {path: '/x/{other}', function: f, authorizer: p, methods: [GET]}\nsites:",
         "routes[0] already answers the same path and method"},
        {"function: f", "upstream: u, rewrite: '/v/{idd}'", "did you mean `id`?"},
        {"function: f", "upstream: u, rewrite: '/v/{query}'", "`{query}` stands behind the `?`"},
        {"function: f", "upstream: u, rewrite: '/a/../{id}'", "steps such as `..` are refused"},
        {"function: f", "upstream: u, rewrite: 'v/{id}'", "does not fit"},
        {"function: f", "function: f, rewrite: '/v'", "a function gets the path as it was sent"},
        {"/x/{id}', methods: [GET], function: f", "/x/{query}', upstream: u, rewrite: '/v'",
         "`{query}` is the client's query"},
        {"function: f, authorizer: p",
         "function: f, residency: public, throttle: [{by: subject, per_second: 1}]",
         "there is no token that says whose call it is"},
        {"function: f", "function: f, throttle: [{by: person, per_second: 1}]",
         "must be one of route, subject, address"},
        {"sites:", "upstreams: {u: {url: ['http://a', 'http://b'], weights: [1]}}\nsites:",
         "1 weights for 2 servers"},
        {"sites:", "upstreams: {u: {url: ['http://a', 'http://b'], weights: [0, 0]}}\nsites:",
         "no server gets anything"},
        {"resident: {subject: owner}}", "resident: {subject: owner}, global: {}}",
         "resident or global, not both"},
        {"resident: {subject: owner}}", "global: {attributes: {owner: {type: S}}}}",
         "the key attributes are declared by the key"},
        {"resident: {subject: owner}}", "global: {attributes: {x: {type: T}}}}",
         "must be one of S, N, B, BOOL"},
        {"resident: {subject: owner}}", "global: {attributes: {x: {}}}}", "`type` is missing"},
        {"resident: {subject: owner}}", "global: {attributes: {'a b': {type: S}}}}",
         "1 to 255 of A-Z"},
        {"sites:", "upstreams: {u: {url: http://a, health: {path: x}}}\nsites:", "does not fit"},
        {"function: f, authorizer: p", "function: f, residency: public, scopes: [a]",
         "there is no token to look at"},
        {"function: f", "function: f, api_key: true", "the file declares no API key"},
        {"sites:", "api_keys: {a: {sha256: abc}}\nsites:", "64 of 0-9 a-f"},
        {"sites:",
         "api_keys: {a: {plan: big, sha256: "
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}\nsites:",
         "there is no usage plan `big`"},
        {"sites:", "usage_plans: {a: {burst: 4}}\nsites:", "a burst needs a rate"},
        {"sites:", "usage_plans: {a: {}}\nsites:", "the plan bounds nothing"},
        {"sites:", "authorizers: {a: {}}\nsites:", "the authorizer asks nobody"},
        {"sites:", "authorizers: {a: {function: {name: ff, headers: [X-A]}}}\nsites:",
         "there is no function `ff`"},
        {"sites:", "authorizers: {a: {function: {name: f}}}\nsites:",
         "nothing says whose answer is kept"},
        {"sites:", "authorizers: {a: {function: {name: f, input: token, headers: [X-A]}}}\nsites:",
         "`token` is of payload format 1.0"},
        {"sites:",
         "authorizers: {a: {function: {name: f, event: v1, input: token, headers: [X-A], query: "
         "[b]}}}\nsites:",
         "the token is one header"},
        {"sites:",
         "authorizers: {a: {function: {name: f, headers: [X-A], ttl_seconds: 3601}}}\nsites:",
         "3600"},
        {"sites:",
         "  - {path: /y, function: f, authorizer: a}\n"
         "authorizers: {a: {function: {name: f, headers: [X-A]}}}\nsites:",
         "which would be told of calls before"},
        {"sites:", "authorizers: {p: {jwt: {issuer: 'https://a', audience: [b]}}}\nsites:",
         "`p` is a pool already"},
        {"sites:", "authorizers: {none: {jwt: {issuer: 'https://a', audience: [b]}}}\nsites:",
         "`none` is no name"},
        {"sites:", "authorizers: {a: {jwt: {issuer: 'http://a', audience: [b]}}}\nsites:",
         "or http:// to this machine"},
        {"sites:", "authorizers: {a: {jwt: {issuer: 'https://a'}}}\nsites:",
         "`audience` is missing"},
        {"sites:",
         "authorizers: {a: {jwt: {issuer: 'https://a', audience: [b], refresh_seconds: 7200, "
         "stale_seconds: 60}}}\nsites:",
         "the keys are stale before the next look"},
        {"function: f, authorizer: p",
         "function: f, authorizer: a}\nauthorizers: {a: {jwt: {issuer: 'https://a', audience: "
         "[b]}}",
         "`a` names nobody's home"},
        {"function: f", "function: f, throttle: [{by: key, per_second: 1}]",
         "there is no key that says which program calls"},
        {"function: f", "function: f, throttle: [{by: route}]", "`per_second` is missing"},
        {"function: f", "function: f, claims: [email]", "a function gets all claims"},
        {"function: f, authorizer: p", "upstream: u, residency: public, claims: [email]",
         "there is no token to take claims from"},
        {"function: f", "function: f, headers: {'X Y': a}", "`X Y` does not fit"},
        {"  www: {directory: d}", "  www: {directory: d, host: a1.domicile.localhost}",
         "belongs to the region a1"},
        {"  www: {directory: d}", "  app: {directory: d}", "the host of the routes"},
        {"  www: {directory: d}", "  www: {directory: d, fallback: ../x}", "does not fit"},
    };
    for (const Mistake& mistake : mistakes)
        EXPECT_THAT(problems(replace(base, mistake.from, mistake.to)),
                    Contains(HasSubstr(mistake.said)))
            << mistake.to;
}

TEST(config, a_missing_name_is_said_once) {
    EXPECT_EQ(problems(kBase + "functions: {f: {command: 5}}\n"
                               "routes:\n"
                               "  - {path: /x, function: f, authorizer: p}\n")
                  .size(),
              1u);
}

TEST(config, what_is_not_a_plain_yaml_file_is_refused) {
    EXPECT_THAT(problems("a: [1\n"), ElementsAre(HasSubstr("not valid YAML")));
    EXPECT_THAT(problems("a: &x 1\nb: *x\n"), ElementsAre(HasSubstr("f.yaml:1:")));
    EXPECT_THAT(problems("a: &x [1]\n"), ElementsAre(HasSubstr("anchors and aliases")));
    EXPECT_THAT(problems("a: !!binary aGk=\n"), ElementsAre(HasSubstr("tags are not allowed")));
    EXPECT_THAT(problems("[a]: 1\n"), ElementsAre(HasSubstr("a key must be a plain word")));
    EXPECT_THAT(problems("a: 1\n---\nb: 1\n"), ElementsAre(HasSubstr("second document")));
    EXPECT_THAT(problems("\xff"), ElementsAre("f.yaml: the file is not UTF-8 text"));
    EXPECT_THAT(problems(std::string("a: \0", 4)), ElementsAre(HasSubstr("not UTF-8 text")));
    EXPECT_THAT(problems(std::string(kFileBytesMax + 1, '#')), ElementsAre(HasSubstr("1 MiB")));
    std::string deep;
    for (int i = 0; i < 1000; ++i) deep += "- ";
    EXPECT_THAT(problems(deep), ElementsAre(HasSubstr("nested deeper")));
    EXPECT_EQ(problems(std::string(100000, '[')).size(), 1u);
    EXPECT_THAT(problems(""), Contains(HasSubstr("must be a section")));
    EXPECT_THAT(problems("just text"), Contains(HasSubstr("must be a section")));
}

TEST(config, a_cut_off_file_never_crashes) {
    const std::string whole = read_file("examples/health/domicile.yaml");
    for (std::size_t length = 0; length < whole.size(); length += 3)
        load("f", whole.substr(0, length));
}

}  // namespace
}  // namespace domicile::config
