// The keys of sections, each in one place. The parser, the check for unknown keys and
// docs/config.md come from these descriptions; types and defaults come from the structs. Pools are
// in sections_pool.cc, what the gateway does in sections_gateway.cc.
#include "config/section_rules.h"

namespace domicile::config {

DOMICILE_WORDS(residency::Transit, "allow", "never")
DOMICILE_WORDS(DirectoryEngine, "sqlite", "etcd")
DOMICILE_WORDS(DatabaseEngine, "sqlite", "postgres")
DOMICILE_WORDS(log::Level, "debug", "info", "warning", "error")
DOMICILE_WORDS(KeyType, "S", "N", "B")
DOMICILE_WORDS(ItemType, "S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M")
DOMICILE_WORDS(SortKeyStorage, "encrypted", "clear")
DOMICILE_WORDS(Egress, "open", "enforced")
DOMICILE_WORDS(ParameterType, "String", "StringList")
DOMICILE_WORDS(MailSecurity, "starttls", "tls", "none")

template <>
const Object<RegionPorts>& describe() {
    static const auto object =
        Object<RegionPorts>(
            "Ports of one region; 0 takes any free port at start (`http`: 0 is off).")
            .field("https", &RegionPorts::https, "TLS, every host name of the region")
            .field("http", &RegionPorts::http,
                   "plain HTTP on loopback, every host name of the region, for a TLS terminator on "
                   "the same machine; 0: off")
            .field("loopback", &RegionPorts::loopback, "plain HTTP on loopback, AWS dialects only")
            .field("border", &RegionPorts::border, "mutual TLS between regions")
            .field("admin", &RegionPorts::admin, "metrics, health and admin");
    return object;
}

template <>
const Object<Database>& describe() {
    static const auto object =
        Object<Database>(
            "A database of one region. Files are relative to this file's folder; "
            "docs/postgresql.md has the set-up of PostgreSQL.")
            .field("engine", &Database::engine,
                   "sqlite: a file in the region's folder; postgres: a PostgreSQL server, 15 or "
                   "later")
            .field("endpoints", &Database::endpoints,
                   "postgres: the servers, the one that takes writes is used; `/folder:port` for a "
                   "Unix socket")
            .field("name", &Database::name, "postgres: the database, which has to exist",
                   text(is_database_name, pattern::kDatabaseName,
                        "1 to 58 of a-z 0-9 _, first not a digit"))
            .field("user", &Database::user, "postgres: who reads and writes, and makes tables",
                   text(is_database_name, pattern::kDatabaseName,
                        "1 to 58 of a-z 0-9 _, first not a digit"))
            .field("password_file", &Database::password_file,
                   "postgres: a file with the user's password, without its last line end")
            .field("tls", &Database::tls,
                   "postgres: the servers speak TLS, with certificates for the names in "
                   "`endpoints`")
            .field("ca_file", &Database::ca_file,
                   "postgres: the authorities of the servers' certificates, PEM; left out: the "
                   "system's")
            .field("certificate_file", &Database::certificate_file,
                   "postgres: this side's certificate, PEM, where the servers ask for one")
            .field("key_file", &Database::key_file,
                   "postgres: its private key, PEM, readable by nobody else")
            .field("connections_max", &Database::connections_max,
                   "postgres: connections of one node; more batches wait", range(1, 1000));
    return object;
}

template <>
const Object<MailServer>& describe() {
    static const auto object =
        Object<MailServer>(
            "The SMTP server that takes a region's mails. It sees addresses and codes of the "
            "region's people, so it belongs into their jurisdiction. Files are relative to this "
            "file's folder.")
            .field("server", &MailServer::server, "such as smtp.example.eu:587", required())
            .field("security", &MailServer::security,
                   "starttls: nothing is sent unless the server encrypts; tls: from the first "
                   "byte, as on port 465; none: for a server on this machine only")
            .field("ca_file", &MailServer::ca_file,
                   "the authorities of the server's certificate, PEM; left out: the system's")
            .field("user", &MailServer::user, "left out: no authentication")
            .field("password_file", &MailServer::password_file,
                   "a file with the user's password, without its last line end; read for each "
                   "mail")
            .field("connections_max", &MailServer::connections_max, "mails at once", range(1, 100))
            .field("queue_max", &MailServer::queue_max,
                   "mails that wait for the server; beyond it, what would send one is refused",
                   range(1, 1'000'000))
            .field("retry_seconds", &MailServer::retry_seconds,
                   "until the second attempt; then twice as long each time, up to an hour, for a "
                   "day",
                   range(1, 3600));
    return object;
}

template <>
const Object<Region>& describe() {
    static const auto object =
        Object<Region>("A place where a full stack runs.")
            .field("listen", &Region::listen, "the region's ports")
            .field("standby", &Region::standby,
                   "the region of the same jurisdiction that may take over for this one")
            .field("latitude", &Region::latitude, "degrees north, for maps", range(-90, 90))
            .field("longitude", &Region::longitude, "degrees east, for maps", range(-180, 180))
            .field("database", &Region::database, "where the region keeps its data")
            .field(
                "keys_database", &Region::keys_database,
                "where it keeps its people's keys, whose loss erases them: not in the backups of "
                "the data. Left out: keys.db beside region.db, or on the same server as the "
                "data, in the database `<name>_keys`")
            .field("mail", &Region::mail,
                   "the server that sends the region's mails; left out: they stay in the outbox")
            .field("nodes", &Region::nodes,
                   "processes that `domicile up` starts for the region; several need postgres for "
                   "data and keys",
                   range(1, 16));
    return object;
}

template <>
const Object<Jurisdiction>& describe() {
    static const auto object =
        Object<Jurisdiction>("A legal area: whose data must stay in which regions.")
            .field("countries", &Jurisdiction::countries, "the countries whose people it covers",
                   Limit{.required = true,
                         .fits = is_country,
                         .words = "ISO 3166-1 alpha-2 codes, upper case",
                         .choices = country_choices,
                         .suggest = suggest_country,
                         .filled = true})
            .field("regions", &Jurisdiction::regions,
                   "its regions; the first is where new people live who arrive elsewhere",
                   Limit{.required = true, .filled = true})
            .field("transit", &Jurisdiction::transit,
                   "may its people's data pass, in memory, through regions of other jurisdictions, "
                   "and others' data through its own?")
            .field(
                "failover", &Jurisdiction::failover,
                "regions of this jurisdiction that stand by, the first other one for each region "
                "without a standby of its own");
    return object;
}

template <>
const Object<Directory>& describe() {
    static const auto object =
        Object<Directory>(
            "Where the shared directory is kept, the map of who is at home where. Files are "
            "relative to this file's folder; docs/directory.md has the set-up of etcd.")
            .field("engine", &Directory::engine,
                   "sqlite: a file that the regions of one machine share; etcd: a cluster, 3.4 or "
                   "later, through its JSON gateway")
            .field("endpoints", &Directory::endpoints, "etcd: the members' client addresses")
            .field("prefix", &Directory::prefix,
                   "etcd: what all keys begin with, so that a cluster can be shared",
                   text(is_store_prefix, pattern::kStorePrefix,
                        "1 to 64 of A-Z a-z 0-9 _ . - /, the last one a /"))
            .field("tls", &Directory::tls, "etcd: the members speak TLS")
            .field("ca_file", &Directory::ca_file,
                   "etcd: the authorities of the members' certificates, PEM; left out: the "
                   "system's")
            .field("certificate_file", &Directory::certificate_file,
                   "etcd: this side's certificate, PEM, where the members ask for one")
            .field("key_file", &Directory::key_file, "etcd: its private key, PEM")
            .field("server_name", &Directory::server_name,
                   "etcd: the name in the members' certificates; left out: each endpoint's host",
                   text(is_dns_name, pattern::kDnsName, "a host name in lower case"))
            .field("user", &Directory::user,
                   "etcd: who reads and writes, where the cluster has "
                   "users")
            .field("password_file", &Directory::password_file,
                   "etcd: a file with the user's password, without its last line end");
    return object;
}

template <>
const Object<Key>& describe() {
    static const auto object = Object<Key>("A key attribute.")
                                   .field("name", &Key::name, "the attribute", required())
                                   .field("type", &Key::type, "text, number or bytes");
    return object;
}

template <>
const Object<Resident>& describe() {
    static const auto object =
        Object<Resident>("Binds the items of a table to people.")
            .field("subject", &Resident::subject,
                   "the attribute that holds the person's `sub`; must be the partition key",
                   required());
    return object;
}

template <>
const Object<ItemAttribute>& describe() {
    static const auto object =
        Object<ItemAttribute>("An attribute that items of a global table may have.")
            .field("type", &ItemAttribute::type,
                   "S text, N number, B bytes, BOOL, NULL, SS, NS, BS sets of these, L list, M map",
                   required());
    return object;
}

template <>
const Object<Global>& describe() {
    static const auto object =
        Object<Global>("Makes the table one for all regions, without personal data.")
            .field("attributes", &Global::attributes,
                   "what items may have beside the key; other writes are refused",
                   text(is_item_attribute, pattern::kItemAttribute,
                        "1 to 255 of A-Z a-z 0-9 _ . : -"));
    return object;
}

template <>
const Object<Table>& describe() {
    static const auto object =
        Object<Table>("A table of the document store.")
            .field("partition_key", &Table::partition_key, "the partition key", required())
            .field("sort_key", &Table::sort_key, "the sort key")
            .field("resident", &Table::resident,
                   "items belong to a person and are stored only at their home")
            .field("global", &Table::global,
                   "one table for all regions: nothing about people; needs no resident")
            .field("sort_key_storage", &Table::sort_key_storage,
                   "encrypted: ordered queries sort in memory, which bounds a partition; "
                   "clear: readable at rest, ordered by the index");
    return object;
}

template <>
const Object<Concurrency>& describe() {
    static const auto object =
        Object<Concurrency>("How many processes a function has, and how much each does at a time.")
            .field("maximum", &Concurrency::maximum, "processes at most; further calls wait",
                   range(1, 1000))
            .field("reserved", &Concurrency::reserved,
                   "processes that always run; 0: the first call starts one", range(0, 1000))
            .field("warm", &Concurrency::warm,
                   "spare processes beside those at work, while the function is in use",
                   range(0, 1000))
            .field("per_process", &Concurrency::per_process,
                   "calls that a process works on at once, where its runtime asks for more than "
                   "one; they share its memory, its end and the request ids of its log",
                   range(1, 1000))
            .field("idle_seconds", &Concurrency::idle_seconds,
                   "processes beyond `reserved` and `warm` end when they had no work for so long",
                   range(1, 86'400))
            .field("queue_max", &Concurrency::queue_max,
                   "calls that wait for a process; further ones are refused with 429",
                   range(1, 100'000));
    return object;
}

template <>
const Object<Events>& describe() {
    static const auto object =
        Object<Events>("Calls that nobody waits for (Event invocations): kept until they are done.")
            .field("retries", &Events::retries, "after an attempt that failed", range(0, 10))
            .field("retry_seconds", &Events::retry_seconds,
                   "before the first retry; twice as long before each further one", range(1, 3600))
            .field("max_age_seconds", &Events::max_age_seconds,
                   "an event that is older is not tried (again)", range(1, 1'209'600))
            .field("queue_max", &Events::queue_max,
                   "events that wait or are worked on; further ones are refused with 429",
                   range(1, 1'000'000))
            .field("queue_megabytes", &Events::queue_megabytes, "the same for their size together",
                   range(1, 65'536))
            .field("on_failure", &Events::on_failure,
                   "a function that is invoked with a record of each event that came to nothing; "
                   "left out: that is only logged")
            .field("on_success", &Events::on_success,
                   "a function that is invoked with a record of each event that was answered, the "
                   "answer in it");
    return object;
}

template <>
const Object<Function>& describe() {
    static const auto object =
        Object<Function>("A command that speaks the Lambda Runtime API.")
            .field("command", &Function::command, "program and arguments; no shell",
                   Limit{.required = true, .filled = true})
            .field("directory", &Function::directory,
                   "where it runs, relative to this file's folder")
            .field("timeout_seconds", &Function::timeout_seconds, "for one invocation",
                   range(1, 900))
            .field("concurrency", &Function::concurrency, "how many processes it has")
            .field("events", &Function::events, "what becomes of its Event invocations")
            .field(
                "memory_megabytes", &Function::memory_megabytes,
                "memory of each process with all that it starts, beyond which it is killed; left "
                "out: no bound. Where no cgroup can be made, it is RLIMIT_DATA, for each of "
                "them",
                range(16, 1 << 20))
            .field("environment", &Function::environment, "environment variables",
                   text(is_variable, pattern::kVariable, "A-Z a-z 0-9 _, first not a digit"))
            .field("tables", &Function::tables, "the tables that it may use")
            .field("invokes", &Function::invokes, "the functions that it may invoke")
            .field("parameters", &Function::parameters,
                   "the parameters that it may read: /app/theme, or /app/* for all below",
                   text(is_parameter_pattern, pattern::kParameterPattern,
                        "a parameter's name, or one that ends in /*"))
            .field("egress", &Function::egress,
                   "enforced: its processes reach this region's endpoints and `egress_allow`, and "
                   "nothing else; needs the right to make network namespaces (root, or "
                   "CAP_SYS_ADMIN)")
            .field("egress_allow", &Function::egress_allow,
                   "what it may reach beside its region: name:port",
                   text(is_host_port, pattern::kHostPort, "a name (no address) and a port"));
    return object;
}

template <>
const Object<Parameter>& describe() {
    static const auto object =
        Object<Parameter>("A parameter, or a secret, that programs read through SSM's API.")
            .field("value", &Parameter::value, "its value; or a file")
            .field("file", &Parameter::file,
                   "a file with its value, without its last line end, relative to this file's "
                   "folder; it is a SecureString then, and read anew when asked for")
            .field("type", &Parameter::type, "what readers make of it")
            .field("description", &Parameter::description, "for people who read this file");
    return object;
}

template <>
const Object<Site>& describe() {
    static const auto object =
        Object<Site>("A static site.")
            .field("directory", &Site::directory, "the files, relative to this file's folder",
                   required())
            .field("fallback", &Site::fallback,
                   "the file served for unknown paths, for single-page applications",
                   text(is_relative_file, pattern::kRelativeFile, "a file in the directory"))
            .field("host", &Site::host, "the full host name; left out: <name>.<domain>",
                   text(is_dns_name, pattern::kDnsName, "a host name in lower case"));
    return object;
}

template <>
const Object<MailTemplate>& describe() {
    static const auto object =
        Object<MailTemplate>("The words of a kind of mail.")
            .field("subject", &MailTemplate::subject, "one line, at most 140 bytes",
                   text(is_mail_subject, pattern::kMailSubject, "1 to 140 bytes in one line", true))
            .field(
                "text", &MailTemplate::text,
                "plain text; {####} stands for the code, which all but address_wanted must have; "
                "{username} for the user name",
                text(is_mail_text, pattern::kMailText, "1 to 20000 bytes", true));
    return object;
}

template <>
const Object<Mail>& describe() {
    static const auto object =
        Object<Mail>("How codes reach people.")
            .field("outbox", &Mail::outbox,
                   "development: keep mails in the region and show them to anybody who asks")
            .field("from", &Mail::from, "the sender; left out: no-reply@<domain>",
                   text(is_mailbox, pattern::kMailbox, "an address, or `Name <address>`"))
            .field(
                "templates", &Mail::templates,
                "other words than our own, by kind: verification, password_reset, invitation (its "
                "code is a temporary password), address_wanted (to the owner of an address that "
                "somebody else signs up with), sign_in_code, second_factor_code (after the "
                "password); with a language, such as verification.de, for people whose `locale` "
                "begins with it",
                text(is_mail_kind, pattern::kMailKind,
                     "verification, password_reset, invitation, address_wanted, sign_in_code or "
                     "second_factor_code, perhaps with .de or the like"));
    return object;
}

template <>
const Object<Budget>& describe() {
    static const auto object =
        Object<Budget>(
            "How much is free, and how long the next one has to wait after that: twice as long "
            "after each, up to a bound.")
            .field("free", &Budget::free, "how many do not have to wait", range(1, 1'000'000))
            .field("forgiven_per_hour", &Budget::forgiven_per_hour,
                   "how many are forgotten in an hour, evenly", range(0.1, 1'000'000))
            .field("first_delay_seconds", &Budget::first_delay_seconds,
                   "how long the next one waits when no more are free", range(1, 86'400))
            .field("delay_seconds_max", &Budget::delay_seconds_max, "how long it waits at most",
                   range(1, 86'400));
    return object;
}

template <>
const Object<AddressLimits>& describe() {
    static const auto object =
        Object<AddressLimits>(
            "What one client address may do in the user pools, all together: an address of IPv4, "
            "a /64 of IPv6 (a /48: sixteen times as much). Each process counts for itself, in "
            "memory.")
            .field("guesses", &AddressLimits::guesses,
                   "wrong passwords, codes, secrets of clients; what is right does not count")
            .field("requests", &AddressLimits::requests,
                   "sign-ups, and mails with codes that are asked for")
            .field("exempt", &AddressLimits::exempt,
                   "networks whose addresses stand for many people, and do not count: a proxy that "
                   "does not say who its clients are, an application's own server",
                   text(is_network, pattern::kNetwork, "ADDRESS/BITS, such as 192.0.2.0/24"));
    return object;
}

template <>
const Object<ClientLimits>& describe() {
    static const auto object =
        Object<ClientLimits>(
            "What all who use the client may do together. Whoever uses it up does so for all of "
            "them: this is against floods from very many addresses.")
            .field("guesses", &ClientLimits::guesses,
                   "as limits.addresses.guesses; left out: no bound")
            .field("requests", &ClientLimits::requests,
                   "as limits.addresses.requests; left out: no bound");
    return object;
}

template <>
const Object<Limits>& describe() {
    static const auto object = Object<Limits>("Bounds for every request.")
                                   .field("body_bytes_max", &Limits::body_bytes_max,
                                          "a request's body", range(0, kGibibyte))
                                   .field("header_bytes_max", &Limits::header_bytes_max,
                                          "request line and headers", range(1024, 1 << 20))
                                   .field("head_timeout_ms", &Limits::head_timeout_ms,
                                          "how long request line and headers may take from their "
                                          "first byte on; then 408",
                                          range(10, 600'000))
                                   .field("body_timeout_ms", &Limits::body_timeout_ms,
                                          "how long the next piece of a request's body may take; "
                                          "then 408",
                                          range(10, 600'000))
                                   .field("addresses", &Limits::addresses,
                                          "how often one client address may be wrong, or ask for "
                                          "what is unproven");
    return object;
}

template <>
const Object<Shutdown>& describe() {
    static const auto object =
        Object<Shutdown>("How a region stops; docs/lifecycle.md has the order of things.")
            .field("delay_ms", &Shutdown::delay_ms,
                   "how long /readyz says 503 before the region stops accepting connections",
                   range(0, 600'000))
            .field("deadline_ms", &Shutdown::deadline_ms,
                   "how long requests under way may take after that; then they are cut off",
                   range(0, 900'000));
    return object;
}

template <>
const Object<Log>& describe() {
    static const auto object =
        Object<Log>("The log: JSON lines in the region's folder.")
            .field("level", &Log::level, "the least level")
            .field("requests", &Log::requests,
                   "a line for each request, by route template; see docs/operations.md")
            .field("file_bytes_max", &Log::file_bytes_max,
                   "from this size on, the file is renamed to log.jsonl.1, in place of an older "
                   "one; 0: never",
                   range(0, 1024 * double{kGibibyte}));
    return object;
}

template <>
const Object<Traces>& describe() {
    static const auto object =
        Object<Traces>("Traces, to an OpenTelemetry collector.")
            .field("collector", &Traces::collector,
                   "where it takes OTLP over HTTP (POST /v1/traces); without one, nothing is "
                   "recorded")
            .field(
                "sample_ratio", &Traces::sample_ratio,
                "the share of the traces that begin here; a caller's own decision counts as it is",
                range(0, 1));
    return object;
}

template <>
const Object<Config>& describe() {
    static const auto object =
        Object<Config>("The whole file.")
            .field("domain", &Config::domain, "the domain under which every name lives",
                   text(is_dns_name, pattern::kDnsName, "a host name in lower case"))
            .field("listen", &Config::listen, "the one public port")
            .field("issuer", &Config::issuer,
                   "own: https://idp.<region>.<domain>/<pool id>; aws: the form of Cognito")
            .field("data_directory", &Config::data_directory,
                   "where regions keep their data, relative to the working directory")
            .field("jurisdictions", &Config::jurisdictions, "the legal areas",
                   required_and_filled(names()))
            .field("regions", &Config::regions, "the regions", required_and_filled(labels()))
            .field("directory", &Config::directory, "where the shared directory is kept")
            .field("pools", &Config::pools, "the user pools", names())
            .field("tables", &Config::tables, "the tables of the document store",
                   text(is_table_name, pattern::kTableName, "3 to 255 of A-Z a-z 0-9 _ . -"))
            .field("functions", &Config::functions, "the functions", names())
            .field("parameters", &Config::parameters,
                   "parameters and secrets; ids of pools and clients are published below "
                   "/domicile/pools/ by themselves",
                   text(is_parameter, pattern::kParameter,
                        "/ and 1 to 15 words of A-Z a-z 0-9 _ . - with a / between"))
            .field("upstreams", &Config::upstreams, "the HTTP upstreams", names())
            .field("authorizers", &Config::authorizers, "who else may say who calls", names())
            .field("usage_plans", &Config::usage_plans, "how much API keys may be used", names())
            .field("api_keys", &Config::api_keys, "the keys of programs", names())
            .field("routes", &Config::routes, "the route table, in order")
            .field("sites", &Config::sites, "the static sites", labels())
            .field("mail", &Config::mail, "mail")
            .field("limits", &Config::limits, "bounds")
            .field("shutdown", &Config::shutdown, "how a region stops")
            .field("log", &Config::log, "the log")
            .field("traces", &Config::traces, "traces")
            .field("reactors", &Config::reactors, "reactor threads of each region process",
                   range(1, 64));
    return object;
}

}  // namespace domicile::config
