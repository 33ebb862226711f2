#include "config/check.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/ip.h"
#include "config/check_parts.h"
#include "config/object.h"
#include "config/text_rules.h"

namespace domicile::config {
namespace {

// ---- Jurisdictions and regions ------------------------------------------------------------------

// region -> its jurisdiction; nullptr if none.
const Jurisdiction* jurisdiction_of(const Config& config, const std::string& region) {
    for (const Jurisdiction& jurisdiction : config.jurisdictions)
        for (const std::string& own : jurisdiction.regions)
            if (own == region) return &jurisdiction;
    return nullptr;
}

// I4: who takes over must be in the same jurisdiction.
void check_takes_over(const Config& config, Reader& reader, const Jurisdiction* own,
                      const std::string& other, const Path& path) {
    if (!check_exists(reader, config.regions, other, path, "region") || other.empty()) return;
    const Jurisdiction* theirs = jurisdiction_of(config, other);
    if (own && theirs && own != theirs)
        reader.problem(
            path,
            fmt::format("`{}` is in the jurisdiction {}, not in {}: failover never leaves "
                        "a jurisdiction",
                        other, theirs->name, own->name),
            "name a region of the same jurisdiction, or none");
}

void check_jurisdictions(const Config& config, Reader& reader) {
    Once countries(reader, "the country");
    Once regions(reader, "the region");
    for (const Jurisdiction& jurisdiction : config.jurisdictions) {
        const Path path = kRoot / "jurisdictions" / jurisdiction.name;
        for (std::size_t i = 0; i < jurisdiction.countries.size(); ++i)
            countries.say(jurisdiction.countries[i], path / "countries" / i,
                          "a country belongs to one jurisdiction");
        for (std::size_t i = 0; i < jurisdiction.regions.size(); ++i) {
            const Path place = path / "regions" / i;
            if (check_exists(reader, config.regions, jurisdiction.regions[i], place, "region"))
                regions.say(jurisdiction.regions[i], place, "a region belongs to one jurisdiction");
        }
        for (std::size_t i = 0; i < jurisdiction.failover.size(); ++i)
            check_takes_over(config, reader, &jurisdiction, jurisdiction.failover[i],
                             path / "failover" / i);
    }
}

void check_ports(const Config& config, Reader& reader) {
    Once ports(reader, "the port");
    const auto say = [&](std::uint16_t port, const Path& path) {
        if (port != 0) ports.say(std::to_string(port), path, "give each its own, or 0 for any");
    };
    say(config.listen.port, kRoot / "listen");
    for (const Region& region : config.regions) {
        const Path path = kRoot / "regions" / region.name / "listen";
        say(region.listen.https, path / "https");
        say(region.listen.loopback, path / "loopback");
        say(region.listen.border, path / "border");
        say(region.listen.admin, path / "admin");
    }
}

void check_regions(const Config& config, Reader& reader) {
    static const std::set<std::string, std::less<>> kReserved = {"app", "api", "idp", "www"};
    for (const Region& region : config.regions) {
        const Path path = kRoot / "regions" / region.name;
        const Jurisdiction* own = jurisdiction_of(config, region.name);
        if (!own)
            reader.problem_at_key(path,
                                  fmt::format("the region `{}` is in no jurisdiction", region.name),
                                  "list it under the regions of a jurisdiction");
        if (kReserved.contains(region.name))
            reader.problem_at_key(path,
                                  fmt::format("`{}` is a host name of Domicile's own", region.name),
                                  "name the region after a place");
        if (region.standby && *region.standby == region.name)
            reader.problem(path / "standby", "a region cannot stand by for itself");
        else if (region.standby)
            check_takes_over(config, reader, own, *region.standby, path / "standby");
        if (region.latitude.has_value() != region.longitude.has_value())
            reader.problem_at_key(path, "latitude and longitude go together", "give both or none");
    }
}

// ---- Pools, tables, functions -------------------------------------------------------------------

bool is_scope_of(const Pool& pool, std::string_view scope) {
    const auto slash = scope.rfind('/');
    if (slash == scope.npos) return is_own_scope(scope);
    return std::ranges::any_of(pool.resource_servers, [&](const ResourceServer& server) {
        return server.identifier == scope.substr(0, slash) &&
               std::ranges::find(server.scopes, scope.substr(slash + 1)) != server.scopes.end();
    });
}

void check_oauth(const Pool& pool, const Client& client, const Path& path, Reader& reader) {
    const OAuth& oauth = *client.oauth;
    for (std::size_t i = 0; i < oauth.scopes.size(); ++i)
        if (!is_scope_of(pool, oauth.scopes[i]))
            reader.problem(path / "scopes" / i,
                           fmt::format("there is no scope `{}`", oauth.scopes[i]),
                           "scopes of APIs are IDENTIFIER/SCOPE of the pool's resource_servers");
    if (oauth.allows(Grant::authorization_code) && oauth.redirect_uris.empty())
        reader.problem(path, "a client that signs people in needs redirect_uris",
                       "add where it takes answers");
    if (oauth.allows(Grant::client_credentials) && !client.secret_file)
        reader.problem(path / "grants", "client_credentials is for clients with a secret",
                       "add secret_file to the client");
}

void check_identity_providers(const Pool& pool, const Path& path, Reader& reader) {
    for (const IdentityProvider& provider : pool.identity_providers) {
        const Path at = path / "identity_providers" / provider.name;
        if (provider.name == kOwnSignIn)
            reader.problem_at_key(at, "`COGNITO` is the pool's own sign-in",
                                  "name the provider after who runs it");
        if (std::ranges::find(provider.scopes, kOpenIdScope) == provider.scopes.end())
            reader.problem(at / "scopes", "`openid` is missing", "without it there is no ID token");
        for (const auto& [attribute, claim] : provider.attributes) {
            const Path key = at / "attributes" / attribute;
            if (!is_attribute(attribute) || attribute == "custom:region")
                reader.problem_at_key(key, fmt::format("`{}` is no attribute to map", attribute),
                                      "custom:NAME (1 to 20 characters) or a standard claim");
            else if (attribute.starts_with("custom:") && attribute != pool.country_attribute &&
                     std::ranges::find(pool.attributes, attribute, &Attribute::name) ==
                         pool.attributes.end())
                reader.problem_at_key(key, fmt::format("the pool has no attribute `{}`", attribute),
                                      "add it to the pool's attributes");
            if (!is_claim(claim))
                reader.problem(key,
                               "must be the name of a claim: 1 to 128 of A-Z a-z 0-9 _ : . / -");
        }
    }
}

void check_providers_of(const Pool& pool, const OAuth& oauth, const Path& path, Reader& reader) {
    for (std::size_t i = 0; i < oauth.identity_providers.size(); ++i) {
        const std::string& name = oauth.identity_providers[i];
        if (name != kOwnSignIn)
            check_exists(reader, pool.identity_providers, name, path / "identity_providers" / i,
                         "identity provider");
    }
}

void check_trigger(const Config& config, Reader& reader, const std::string& name, const Path& at) {
    if (!check_exists(reader, config.functions, name, at, "function")) return;
    const Function* function = config.functions.find(name);
    if (function != nullptr && function->timeout_seconds > kTriggerSecondsMax)
        reader.problem(
            at, fmt::format("`{}` may take too long for a trigger", name),
            fmt::format("give it a `timeout_seconds` of at most {}", kTriggerSecondsMax));
}

void check_triggers(const Config& config, Reader& reader, const Triggers& triggers,
                    const Path& path) {
    const auto check_named = [&](const std::optional<std::string>& name, const char* key) {
        if (name) check_trigger(config, reader, *name, path / key);
    };
    check_named(triggers.pre_sign_up, "pre_sign_up");
    check_named(triggers.post_confirmation, "post_confirmation");
    check_named(triggers.pre_authentication, "pre_authentication");
    check_named(triggers.post_authentication, "post_authentication");
    if (triggers.pre_token_generation)
        check_trigger(config, reader, triggers.pre_token_generation->function,
                      path / "pre_token_generation" / "function");
    check_named(triggers.define_auth_challenge, "define_auth_challenge");
    check_named(triggers.create_auth_challenge, "create_auth_challenge");
    check_named(triggers.verify_auth_challenge, "verify_auth_challenge");
    check_named(triggers.custom_message, "custom_message");
    check_named(triggers.user_migration, "user_migration");
}

void check_custom_auth(Reader& reader, const Triggers& triggers, const Client& client,
                       const Path& path) {
    const bool has_all = triggers.define_auth_challenge && triggers.create_auth_challenge &&
                         triggers.verify_auth_challenge;
    if (has_all || !client.allows(AuthFlow::custom_auth)) return;
    reader.problem(path, "CUSTOM_AUTH needs functions that make and judge challenges",
                   "name define_auth_challenge, create_auth_challenge and verify_auth_challenge in "
                   "the pool's triggers");
}

// No problem: the scheme of the applications that come from the reference. But nobody should give
// up what the directory is for without having been told.
void check_residency(const Pool& pool, const Path& path, Reader& reader) {
    if (!pool.stands_alone()) return;
    reader.warning(
        path / "residency",
        "with `triggers` nobody has one home (I1): the same address may be somebody else's in each "
        "region, no country or law chooses where people live, nobody is forwarded to their home, "
        "and nobody can be moved; who lives where is the application's table to keep",
        "leave it out, unless the application places people itself");
    std::vector<std::string> missing;
    if (!pool.triggers.pre_sign_up) missing.emplace_back("pre_sign_up");
    if (!pool.triggers.pre_authentication) missing.emplace_back("pre_authentication");
    if (!missing.empty())
        reader.warning(
            path / "residency",
            "not every sign-up and sign-in is looked at by a function, so people live "
            "wherever they ask",
            fmt::format("name {} in the pool's `triggers`", fmt::join(missing, " and ")));
}

void check_pools(const Config& config, Reader& reader) {
    Once suffixes(reader, "the id suffix");
    Once clients(reader, "the client id");
    for (const Pool& pool : config.pools) {
        const Path path = kRoot / "pools" / pool.name;
        suffixes.say(pool.id_suffix, path / "id_suffix", "every pool needs its own");
        for (const Client& client : pool.clients) {
            const Path at = path / "clients" / client.name;
            clients.say(client.id, at / "id", "client ids are unique over all pools");
            check_custom_auth(reader, pool.triggers, client, at / "flows");
            if (client.oauth) check_oauth(pool, client, at / "oauth", reader);
            if (client.oauth) check_providers_of(pool, *client.oauth, at / "oauth", reader);
        }
        Once servers(reader, "the identifier");
        for (const ResourceServer& server : pool.resource_servers)
            servers.say(server.identifier, path / "resource_servers" / server.name / "identifier");
        check_identity_providers(pool, path, reader);
        Once attributes(reader, "the attribute");
        for (std::size_t i = 0; i < pool.attributes.size(); ++i)
            attributes.say(pool.attributes[i].name, path / "attributes" / i / "name");
        for (std::size_t i = 0; i < pool.attributes.size(); ++i)
            if (pool.attributes[i].name == "custom:region")
                reader.problem(path / "attributes" / i / "name",
                               "`custom:region` is Domicile's own: no client may write it",
                               "remove it");
        check_triggers(config, reader, pool.triggers, path / "triggers");
        if (pool.sms) check_trigger(config, reader, pool.sms->function, path / "sms" / "function");
        check_residency(pool, path, reader);
        if (pool.country_attribute == "custom:region")
            reader.problem(path / "country_attribute", "`custom:region` is Domicile's own",
                           "use custom:country");
    }
}

void check_global(const Table& table, const Path& path, Reader& reader) {
    if (table.resident)
        reader.problem(path / "global", "a table is resident or global, not both",
                       "items of a global table are in every region");
    const auto is_key = [&](const std::string& name) {
        return name == table.partition_key.name || (table.sort_key && name == table.sort_key->name);
    };
    for (const ItemAttribute& attribute : table.global->attributes)
        if (is_key(attribute.name))
            reader.problem(path / "global" / "attributes" / attribute.name,
                           "the key attributes are declared by the key", "leave it out here");
}

void check_tables(const Config& config, Reader& reader) {
    for (const Table& table : config.tables) {
        const Path path = kRoot / "tables" / table.name;
        const Key& partition = table.partition_key;
        if (table.sort_key && table.sort_key->name == partition.name && !partition.name.empty())
            reader.problem(path / "sort_key" / "name",
                           "the sort key is the same attribute as the partition key");
        if (table.global) check_global(table, path, reader);
        if (!table.resident || table.resident->subject.empty() || partition.name.empty()) continue;
        if (table.resident->subject != partition.name)
            reader.problem(
                path / "resident" / "subject",
                fmt::format("the subject attribute must be the partition key `{}`", partition.name),
                "so that every operation names the person it is about");
        else if (partition.type != KeyType::string)
            reader.problem(path / "partition_key" / "type", "a subject's key must be of type S",
                           "the `sub` is a UUID in text");
    }
}

// The ids that are published below it.
constexpr std::string_view kPublished = "/domicile/";

void check_parameters(const Config& config, Reader& reader) {
    for (const Parameter& parameter : config.parameters) {
        const Path path = kRoot / "parameters" / parameter.name;
        if (parameter.value.has_value() == parameter.file.has_value())
            reader.problem_at_key(path, "a parameter has a value or a file",
                                  "say one of `value` and `file`");
        if (parameter.value && parameter.value->empty())
            reader.problem(path / "value", "must not be empty");
        if (parameter.name.starts_with(kPublished))
            reader.problem_at_key(path, "names below /domicile/ are Domicile's own",
                                  "name it after the application");
    }
}

void check_uses(const Config& config, Reader& reader, const Function& function) {
    const Path path = kRoot / "functions" / function.name;
    for (std::size_t i = 0; i < function.invokes.size(); ++i)
        check_exists(reader, config.functions, function.invokes[i], path / "invokes" / i,
                     "function");
    for (std::size_t i = 0; i < function.parameters.size(); ++i) {
        const std::string& name = function.parameters[i];
        if (name.ends_with('*') || name.starts_with(kPublished)) continue;
        check_exists(reader, config.parameters, name, path / "parameters" / i, "parameter");
    }
}

// Whether events of `from` lead to `to`, in as many steps as there are functions.
bool leads_to(const Config& config, const Function& from, const Function& to,
              std::set<std::string>& seen) {
    for (const auto& next : {from.events.on_failure, from.events.on_success}) {
        if (!next || !seen.insert(*next).second) continue;
        const Function* function = config.functions.find(*next);
        if (function == nullptr) continue;
        if (function->name == to.name || leads_to(config, *function, to, seen)) return true;
    }
    return false;
}

// A record that leads back to where it came from would go round for ever.
void check_records(const Config& config, Reader& reader, const Function& function) {
    const auto look_at = [&](const std::optional<std::string>& name, const char* key) {
        if (!name) return;
        const Path path = kRoot / "functions" / function.name / "events" / key;
        if (!check_exists(reader, config.functions, *name, path, "function")) return;
        const Function* next = config.functions.find(*name);
        std::set<std::string> seen;
        if (next->name == function.name || leads_to(config, *next, function, seen))
            reader.problem(path, "records would go round in a circle and come back here",
                           "let the last function of the chain have no on_failure and on_success");
    };
    look_at(function.events.on_failure, "on_failure");
    look_at(function.events.on_success, "on_success");
}

void check_functions(const Config& config, Reader& reader) {
    for (const Function& function : config.functions) {
        const Concurrency& wanted = function.concurrency;
        if (wanted.reserved > wanted.maximum)
            reader.problem(kRoot / "functions" / function.name / "concurrency" / "reserved",
                           fmt::format("{} processes always run, and {} at most", wanted.reserved,
                                       wanted.maximum),
                           "raise maximum, or lower reserved");
        check_uses(config, reader, function);
        check_records(config, reader, function);
        if (!function.egress_allow.empty() && function.egress == Egress::open)
            reader.problem(kRoot / "functions" / function.name / "egress_allow",
                           "nothing is refused, since egress is open", "set egress: enforced");
        const Path path = kRoot / "functions" / function.name / "tables";
        Once tables(reader, "the table");
        for (std::size_t i = 0; i < function.tables.size(); ++i)
            if (check_exists(reader, config.tables, function.tables[i], path / i, "table"))
                tables.say(function.tables[i], path / i);
    }
}

// ---- Sites --------------------------------------------------------------------------------------

void check_sites(const Config& config, Reader& reader) {
    Once hosts(reader, "the host");
    for (const Site& site : config.sites) {
        const Path path = kRoot / "sites" / site.name;
        hosts.say(site.host, path / "host", "every site needs its own host");
        for (const Region& region : config.regions) {
            const std::string own = region.name + "." + config.domain;
            if (site.host == own || site.host.ends_with("." + own))
                reader.problem(path / "host",
                               fmt::format("`{}` belongs to the region {}", site.host, region.name),
                               "choose another name or host");
        }
        if (site.host == "app." + config.domain)
            reader.problem(path / "host", fmt::format("`{}` is the host of the routes", site.host),
                           "choose another name or host");
    }
}

// What belongs to etcd, and what needs something else beside it.
void check_directory(const Directory& directory, Reader& reader) {
    const Path path = kRoot / "directory";
    const auto say = [&](const char* key, std::string message, std::string hint) {
        reader.problem(path / key, std::move(message), std::move(hint));
    };
    const bool etcd = directory.engine == DirectoryEngine::etcd;
    if (etcd && directory.endpoints.empty())
        say("engine", "etcd needs the addresses of its members",
            "endpoints: [\"10.0.0.1:2379\", ...]");
    if (!etcd && (!directory.endpoints.empty() || directory.tls || !directory.user.empty()))
        say("engine", "endpoints, tls and user are for etcd", "say `engine: etcd`");
    for (std::size_t i = 0; i < directory.endpoints.size(); ++i)
        if (directory.endpoints[i].port == 0)
            reader.problem(path / "endpoints" / i, "a member has a port", "2379 is etcd's own");
    const bool files = !directory.ca_file.empty() || !directory.certificate_file.empty() ||
                       !directory.key_file.empty() || !directory.server_name.empty();
    if (files && !directory.tls)
        say("tls", "certificates are given, but no TLS is spoken", "say `tls: true`");
    if (directory.certificate_file.empty() != directory.key_file.empty())
        say("certificate_file", "a certificate and its key go together", "give both, or none");
    if (directory.user.empty() != directory.password_file.empty())
        say("user", "a user and the file with the password go together", "give both, or none");
}

// What belongs to PostgreSQL, and what needs something else beside it.
void check_database(const Database& database, const Path& path, Reader& reader) {
    const auto say = [&](const char* key, std::string message, std::string hint) {
        reader.problem(path / key, std::move(message), std::move(hint));
    };
    const bool postgres = database.engine == DatabaseEngine::postgres;
    if (postgres && database.endpoints.empty())
        say("engine", "PostgreSQL needs an address",
            "endpoints: [\"10.0.0.1:5432\"], or [\"/run/postgresql:5432\"] for its Unix socket");
    if (!postgres &&
        (!database.endpoints.empty() || database.tls || !database.password_file.empty()))
        say("engine", "endpoints, tls and password_file are for PostgreSQL",
            "say `engine: postgres`");
    for (std::size_t i = 0; i < database.endpoints.size(); ++i)
        if (database.endpoints[i].port == 0)
            reader.problem(path / "endpoints" / i, "a server has a port",
                           "5432 is PostgreSQL's own");
    const bool files = !database.ca_file.empty() || !database.certificate_file.empty() ||
                       !database.key_file.empty();
    if (files && !database.tls)
        say("tls", "certificates are given, but no TLS is spoken", "say `tls: true`");
    if (database.certificate_file.empty() != database.key_file.empty())
        say("certificate_file", "a certificate and its key go together", "give both, or none");
}

bool is_on_this_machine(const Endpoint& server) {
    return server.address == "localhost" || server.address == "::1" ||
           server.address.starts_with("127.");
}

void check_mail_server(const MailServer& mail, const Path& path, Reader& reader) {
    const auto say = [&](const char* key, std::string message, std::string hint) {
        reader.problem(path / key, std::move(message), std::move(hint));
    };
    if (mail.server.port == 0)
        say("server", "a server has a port", "587 is usual, 465 with `security: tls`");
    if (mail.user.empty() != mail.password_file.empty())
        say("user", "a user and the file with the password go together", "give both, or none");
    if (mail.security != MailSecurity::none) return;
    if (!is_on_this_machine(mail.server))
        say("security", "mails would travel in clear", "say `starttls` or `tls`");
    if (!mail.ca_file.empty())
        say("ca_file", "authorities are given, but no TLS is spoken", "say `security: starttls`");
}

void check_mail(const Mail& mail, Reader& reader) {
    for (const MailTemplate& words : mail.templates) {
        if (words.name.starts_with("address_wanted") || words.text.contains("{####}")) continue;
        reader.problem(kRoot / "mail" / "templates" / words.name / "text",
                       "people would not get their code", "write {####} where it is to stand");
    }
}

void check_address_limits(const AddressLimits& limits, Reader& reader) {
    for (std::size_t i = 0; i < limits.exempt.size(); ++i) {
        if (parse_ip_network(limits.exempt[i])) continue;
        reader.problem(kRoot / "limits" / "addresses" / "exempt" / i, "this is no network",
                       "ADDRESS/BITS, where the address has no bits beyond these");
    }
}

// Two regions, or data and keys, in one database would read each other's tables.
void check_databases(const Config& config, Reader& reader) {
    std::vector<std::pair<Path, Database>> seen;
    const auto once = [&](const Path& path, const Database& database, const std::string& name) {
        Database used = database;
        used.name = name;
        if (used.engine != DatabaseEngine::postgres || used.endpoints.empty()) return;
        for (const auto& [other, taken] : seen)
            if (taken.name == used.name && taken.endpoints == used.endpoints)
                return reader.problem(path, "another region, or its keys, are in this database",
                                      "give each a `name` of its own");
        seen.emplace_back(path, std::move(used));
    };
    for (const Region& region : config.regions) {
        const Path path = kRoot / "regions" / region.name;
        check_database(region.database, path / "database", reader);
        if (region.nodes > 1 && !region.can_have_nodes())
            reader.problem(path / "nodes", "SQLite files can be used by one node only",
                           "give the region `database: {engine: postgres, ...}`, and no "
                           "keys_database on sqlite");
        once(path / "database", region.database, region.database.name);
        if (region.keys_database) {
            check_database(*region.keys_database, path / "keys_database", reader);
            once(path / "keys_database", *region.keys_database, region.keys_database->name);
        } else {
            once(path / "database", region.database, region.database.name + "_keys");
        }
    }
}

}  // namespace

void complete(Config& config) {
    for (Route& route : config.routes)
        if (route.authorizer == "none") route.authorizer.reset();
    for (Site& site : config.sites)
        if (site.host.empty()) site.host = site.name + "." + config.domain;
    if (config.mail.from.empty()) config.mail.from = "no-reply@" + config.domain;
}

void check(const Config& config, Reader& reader) {
    check_jurisdictions(config, reader);
    check_regions(config, reader);
    check_directory(config.directory, reader);
    check_databases(config, reader);
    for (const Region& region : config.regions)
        if (region.mail)
            check_mail_server(*region.mail, kRoot / "regions" / region.name / "mail", reader);
    check_mail(config.mail, reader);
    check_address_limits(config.limits.addresses, reader);
    check_ports(config, reader);
    check_pools(config, reader);
    check_tables(config, reader);
    check_functions(config, reader);
    check_upstreams(config, reader);
    check_authorizers(config, reader);
    check_parameters(config, reader);
    check_api_keys(config, reader);
    check_routes(config, reader);
    check_sites(config, reader);
}

}  // namespace domicile::config
