// Every section's keys, in one place. The parser, the check for unknown keys and docs/config.md
// come from these descriptions; types and defaults come from the structs.
#include "config/sections.h"

#include "config/text_rules.h"

namespace domicile::config {
namespace {

Limit required() { return {.required = true}; }

Limit text(bool (*fits)(std::string_view), const char* pattern, std::string words,
           bool required = false) {
    return {.required = required, .fits = fits, .words = std::move(words), .pattern = pattern};
}
Limit methods() {
    return {.fits = is_method,
            .words = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
            .choices = method_choices};
}
Limit range(double min, double max) { return {.min = min, .max = max}; }

Limit names() {
    return text(is_name, pattern::kName, "1 to 64 of A-Z a-z 0-9 _ . -, first a letter or digit");
}
Limit labels() {
    return text(is_dns_label, pattern::kDnsLabel, "a DNS label in lower case: a-z 0-9 -");
}

Limit required_and_filled(Limit limit) {
    limit.required = limit.filled = true;
    return limit;
}

constexpr std::int64_t kGibibyte = 1 << 30;
constexpr const char* kAttributeWords = "custom:NAME (1 to 20 characters) or a standard claim";

}  // namespace

#define DOMICILE_WORDS(type, ...)                                   \
    template <>                                                     \
    std::span<const std::string_view> words_of<type>() {            \
        static constexpr std::string_view kWords[] = {__VA_ARGS__}; \
        return kWords;                                              \
    }

DOMICILE_WORDS(residency::Transit, "allow", "never")
DOMICILE_WORDS(residency::RouteResidency, "resident", "public")
DOMICILE_WORDS(residency::Elsewhere, "forward", "misdirected")
DOMICILE_WORDS(IssuerStyle, "own", "aws")
DOMICILE_WORDS(DirectoryEngine, "sqlite", "etcd")
DOMICILE_WORDS(DatabaseEngine, "sqlite", "postgres")
DOMICILE_WORDS(log::Level, "debug", "info", "warning", "error")
DOMICILE_WORDS(AuthFlow, "USER_SRP_AUTH", "USER_PASSWORD_AUTH", "REFRESH_TOKEN_AUTH",
               "ADMIN_USER_PASSWORD_AUTH")
DOMICILE_WORDS(TokenAlgorithm, "RS256", "ES256")
DOMICILE_WORDS(Mfa, "off", "optional", "required")
DOMICILE_WORDS(Grant, "authorization_code", "refresh_token", "client_credentials")
DOMICILE_WORDS(TokenEvent, "V1_0", "V2_0")
DOMICILE_WORDS(KeyType, "S", "N", "B")
DOMICILE_WORDS(ItemType, "S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M")
DOMICILE_WORDS(SortKeyStorage, "encrypted", "clear")
DOMICILE_WORDS(Egress, "open", "enforced")
DOMICILE_WORDS(ParameterType, "String", "StringList")
DOMICILE_WORDS(MailSecurity, "starttls", "tls", "none")
DOMICILE_WORDS(RouteHost, "api", "app", "region")
DOMICILE_WORDS(EventVersion, "v1", "v2")
DOMICILE_WORDS(AuthorizerInput, "request", "token")
DOMICILE_WORDS(ThrottleBy, "route", "subject", "address", "key")
#undef DOMICILE_WORDS

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
const Object<RefreshRotation>& describe() {
    static const auto object =
        Object<RefreshRotation>(
            "Refresh tokens for one use: GetTokensFromRefreshToken gives the next one with the "
            "tokens. One that is used again ends the session, since somebody else has it.")
            .field("grace_seconds", &RefreshRotation::grace_seconds,
                   "how long a token is taken after its use, for clients that did not get the "
                   "answer",
                   range(0, 60));
    return object;
}

template <>
const Object<OAuth>& describe() {
    static const auto uri =
        text(is_redirect_uri, pattern::kRedirectUri,
             "https://HOST/..., http://localhost/..., or an application's own scheme:/...");
    static const auto object =
        Object<OAuth>(
            "The client at the pool's OpenID provider. One with a secret proves it at the token "
            "endpoint; one without has to use PKCE.")
            .field("redirect_uris", &OAuth::redirect_uris,
                   "where answers may go, compared byte by byte", uri)
            .field("post_logout_redirect_uris", &OAuth::post_logout_redirect_uris,
                   "where a browser may go after signing out", uri)
            .field("scopes", &OAuth::scopes,
                   "openid, email, phone, profile, aws.cognito.signin.user.admin, and "
                   "IDENTIFIER/SCOPE of a resource server; all are given when none are asked for",
                   text(is_scope, pattern::kScope, "visible ASCII without space, quote, backslash"))
            .field("grants", &OAuth::grants, "what the token endpoint takes",
                   Limit{.filled = true});
    return object;
}

template <>
const Object<ResourceServer>& describe() {
    static const auto object =
        Object<ResourceServer>("An API that access tokens can be for.")
            .field("identifier", &ResourceServer::identifier,
                   "what its scopes begin with, before the slash",
                   text(is_scope, pattern::kScope, "visible ASCII without space, quote, backslash",
                        true))
            .field("scopes", &ResourceServer::scopes,
                   "what clients can ask for, as scopes "
                   "IDENTIFIER/SCOPE",
                   Limit{.required = true,
                         .fits = is_resource_scope,
                         .words = "1 to 128 of A-Z a-z 0-9 _ . : * -",
                         .pattern = pattern::kResourceScope,
                         .filled = true});
    return object;
}

template <>
const Object<Client>& describe() {
    static const auto object =
        Object<Client>("An application that signs people in.")
            .field("id", &Client::id, "the client id, the same in every region",
                   text(is_client_id, pattern::kClientId, "1 to 128 of A-Z a-z 0-9 _ +", true))
            .field("flows", &Client::flows, "the ways to sign in", Limit{.filled = true})
            .field("access_token_minutes", &Client::access_token_minutes, "life of an access token",
                   range(5, 1440))
            .field("id_token_minutes", &Client::id_token_minutes, "life of an ID token",
                   range(5, 1440))
            .field("refresh_token_days", &Client::refresh_token_days, "life of a refresh token",
                   range(1, 3650))
            .field("refresh_token_rotation", &Client::refresh_token_rotation,
                   "a new refresh token at each use; InitiateAuth, which cannot give one, takes "
                   "none of this client's then")
            .field("token_algorithm", &Client::token_algorithm,
                   "what access and ID tokens are signed with; RS256 is what Cognito uses")
            .field("secret_file", &Client::secret_file,
                   "a file with the client's secret, without its last line end: SECRET_HASH is "
                   "asked for then; relative to this file's folder")
            .field("read_attributes", &Client::read_attributes,
                   "the attributes that GetUser and ID tokens show; all of them if left out",
                   text(is_attribute, pattern::kAttribute, kAttributeWords))
            .field("write_attributes", &Client::write_attributes,
                   "the attributes that people may write through it; all of them if left out",
                   text(is_attribute, pattern::kAttribute, kAttributeWords))
            .field("oauth", &Client::oauth,
                   "sign-in on the provider's own pages, by OpenID Connect; left out: none");
    return object;
}

template <>
const Object<Argon2id>& describe() {
    static const auto object =
        Object<Argon2id>(
            "What one Argon2id hash costs. Sign-ins at the same time take the memory each, at most "
            "one for each thread that does such work.")
            .field("memory_kib", &Argon2id::memory_kib, "memory, KiB", range(1024, 262'144))
            .field("iterations", &Argon2id::iterations, "passes over it", range(1, 64))
            .field("lanes", &Argon2id::lanes, "parallelism; one core computes all", range(1, 16));
    return object;
}

template <>
const Object<PasswordPolicy>& describe() {
    static const auto object =
        Object<PasswordPolicy>("What a password must have.")
            .field("length_min", &PasswordPolicy::length_min, "characters", range(6, 99))
            .field("lower", &PasswordPolicy::lower, "a lower-case letter")
            .field("upper", &PasswordPolicy::upper, "an upper-case letter")
            .field("digit", &PasswordPolicy::digit, "a digit")
            .field("symbol", &PasswordPolicy::symbol, "a symbol")
            .field("temporary_days", &PasswordPolicy::temporary_days,
                   "life of a password that an administrator gave", range(1, 365))
            .field("history", &PasswordPolicy::history,
                   "how many of the last passwords, with the present one, must not come again",
                   range(0, 24))
            .field("argon2id", &PasswordPolicy::argon2id,
                   "how passwords are kept in a pool without a client that signs in by SRP")
            .field("breached_file", &PasswordPolicy::breached_file,
                   "passwords known from leaks, which are refused: lines SHA-1:TIMES sorted by the "
                   "hash, as haveibeenpwned.com publishes them; relative to this file's folder");
    return object;
}

template <>
const Object<Attribute>& describe() {
    static const auto object =
        Object<Attribute>("An attribute that the pool adds, or whose rules it changes.")
            .field("name", &Attribute::name, "the attribute",
                   text(is_attribute, pattern::kAttribute, kAttributeWords, true))
            .field("required", &Attribute::required, "must a sign-up give it?")
            .field("mutable", &Attribute::is_mutable, "may it change after the sign-up?");
    return object;
}

template <>
const Object<PreTokenGeneration>& describe() {
    static const auto object =
        Object<PreTokenGeneration>("A function that changes what tokens say.")
            .field("function", &PreTokenGeneration::function, "one of `functions`", required())
            .field("version", &PreTokenGeneration::version,
                   "of the event: V1_0 changes the ID token, V2_0 the access token too");
    return object;
}

template <>
const Object<Triggers>& describe() {
    static const auto object =
        Object<Triggers>(
            "Functions of the home region that take part, each one of `functions` with a "
            "`timeout_seconds` of at most 5.")
            .field("pre_sign_up", &Triggers::pre_sign_up,
                   "may refuse a sign-up, or confirm it at once")
            .field("post_confirmation", &Triggers::post_confirmation,
                   "hears of whoever is confirmed")
            .field("pre_authentication", &Triggers::pre_authentication,
                   "may refuse a sign-in before the password is looked at")
            .field("post_authentication", &Triggers::post_authentication,
                   "may refuse tokens to whoever has signed in")
            .field("pre_token_generation", &Triggers::pre_token_generation,
                   "changes what tokens say");
    return object;
}

template <>
const Object<Pool>& describe() {
    static const auto object =
        Object<Pool>("A user pool; it exists in every region under the same id suffix.")
            .field("id_suffix", &Pool::id_suffix, "the pool id in region R is R_<id_suffix>",
                   text(is_id_suffix, pattern::kIdSuffix, "1 to 55 letters and digits", true))
            .field("clients", &Pool::clients, "the applications", required_and_filled(names()))
            .field("resource_servers", &Pool::resource_servers, "the APIs that have scopes",
                   names())
            .field("password", &Pool::password, "the password policy")
            .field("attributes", &Pool::attributes, "attributes beyond the standard ones")
            .field("country_attribute", &Pool::country_attribute,
                   "the attribute that chooses the home; it need not be listed in attributes",
                   text(is_attribute, pattern::kAttribute, "custom:NAME or a standard claim"))
            .field("code_hours", &Pool::code_hours, "life of a confirmation code", range(1, 168))
            .field("mfa", &Pool::mfa,
                   "codes of an authenticator app (TOTP) beside the password: nobody's, whoever's "
                   "turns them on, everybody's")
            .field("triggers", &Pool::triggers, "functions that take part in sign-up and sign-in")
            .field("reveal_existing", &Pool::reveal_existing,
                   "true: answers tell whether a user exists, as old clients expect");
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
const Object<Retries>& describe() {
    static const auto object =
        Object<Retries>("Further tries of calls that do no harm twice and have no body.")
            .field("attempts", &Retries::attempts, "tries of one call, with the first",
                   range(1, 10))
            .field("budget_percent", &Retries::budget_percent,
                   "retries in a hundred calls, in the long run; ten may come at once",
                   range(0, 100));
    return object;
}

template <>
const Object<Ejection>& describe() {
    static const auto object =
        Object<Ejection>("Servers that fail are left out for a while; never more than half.")
            .field("failures", &Ejection::failures,
                   "no answer, 502, 503 or 504 so often in a row; 0: never", range(0, 1000))
            .field("seconds", &Ejection::seconds,
                   "the first time; twice, three times as long the next times, up to ten",
                   range(1, 3600));
    return object;
}

template <>
const Object<HealthCheck>& describe() {
    static const auto object =
        Object<HealthCheck>("Asks each server at intervals whether it is well: 200 to 399.")
            .field("path", &HealthCheck::path, "what is asked for, with GET",
                   text(is_check_path, pattern::kCheckPath, "a path, without parameters"))
            .field("interval_ms", &HealthCheck::interval_ms, "between two rounds",
                   range(10, 3'600'000))
            .field("timeout_ms", &HealthCheck::timeout_ms, "for one answer", range(10, 60'000))
            .field("up_after", &HealthCheck::up_after, "good answers in a row", range(1, 100))
            .field("down_after", &HealthCheck::down_after, "bad ones in a row", range(1, 100));
    return object;
}

template <>
const Object<Upstream>& describe() {
    static const auto object =
        Object<Upstream>("HTTP servers that routes may point to; docs/gateway.md.")
            .field("url", &Upstream::url, "http://host:port, one or a list",
                   Limit{.required = true, .filled = true})
            .field("weights", &Upstream::weights,
                   "the servers' shares, in the order of `url`; 0: none; left out: all alike",
                   range(0, 1000))
            .field("concurrency_max", &Upstream::concurrency_max,
                   "calls at once from one process, 429 beyond; 0: any number", range(0, 1'000'000))
            .field("try_timeout_ms", &Upstream::try_timeout_ms,
                   "for one try, to the head of the answer; left out: the route's timeout",
                   range(1, 900'000))
            .field("idle_seconds", &Upstream::idle_seconds,
                   "how long an answer's body, or a WebSocket, may stand still", range(1, 86'400))
            .field("retries", &Upstream::retries, "further tries")
            .field("ejection", &Upstream::ejection, "servers that fail are left out")
            .field("health", &Upstream::health, "health checks; left out: none")
            .field("slow_start_seconds", &Upstream::slow_start_seconds,
                   "how long a server that is back takes to its whole share", range(0, 3600))
            .field("websocket", &Upstream::websocket,
                   "passes WebSockets on; otherwise the Upgrade of a request is left out");
    return object;
}

template <>
const Object<Cors>& describe() {
    static const auto object =
        Object<Cors>("Which pages of other origins may call the route.")
            .field(
                "origins", &Cors::origins, "the origins",
                required_and_filled(text(is_origin, pattern::kOrigin, "* or https://host[:port]")))
            .field("headers", &Cors::headers, "request headers that they may send",
                   text(is_header, pattern::kHeader, "header names or *"))
            .field("methods", &Cors::methods, "methods that they may use; none: the route's",
                   methods());
    return object;
}

template <>
const Object<Throttle>& describe() {
    static const auto object =
        Object<Throttle>(
            "A token bucket: how often calls may come; 429 beyond. Each process counts for itself.")
            .field("by", &Throttle::by,
                   "what shares a bucket: all calls of the route, those of one person, those from "
                   "one address (of IPv6, its /64), or those with one API key")
            .field("per_second", &Throttle::per_second, "calls, in the long run",
                   Limit{.required = true, .min = 0.001, .max = 1'000'000})
            .field("burst", &Throttle::burst,
                   "calls that may come at once; left out: what comes in a second",
                   range(1, 1'000'000));
    return object;
}

template <>
const Object<JwtIssuer>& describe() {
    static const auto object =
        Object<JwtIssuer>("Tokens that somebody else issues: JWT with RS256 or ES256.")
            .field(
                "issuer", &JwtIssuer::issuer,
                "the `iss` of its tokens, byte by byte; also where its discovery document is, at "
                "<issuer>/.well-known/openid-configuration",
                text(is_issuer, pattern::kIssuer,
                     "https://host[:port][/path], or http:// to this machine", true))
            .field("jwks_url", &JwtIssuer::jwks_url,
                   "where its keys are; left out: what the discovery document says",
                   text(is_key_url, pattern::kKeyUrl,
                        "https://host[:port][/path][?query], or http:// to this machine"))
            .field("audience", &JwtIssuer::audience,
                   "one of these is the token's `aud` (without an `aud`, its `client_id`)",
                   Limit{.required = true, .filled = true})
            .field("home_claim", &JwtIssuer::home_claim,
                   "the claim that names the home region; left out: nobody has one, and the routes "
                   "are public",
                   text(is_claim, pattern::kClaim, "1 to 128 of A-Z a-z 0-9 _ : . / -"))
            .field("refresh_seconds", &JwtIssuer::refresh_seconds,
                   "between two looks at the keys; a key that is not known is looked for at once",
                   range(10, 86'400))
            .field("stale_seconds", &JwtIssuer::stale_seconds,
                   "keys that could not be refreshed for so long count for nothing: 503",
                   range(60, 604'800))
            .field("leeway_seconds", &JwtIssuer::leeway_seconds,
                   "how far its clock may be off, for `exp` and `nbf`", range(0, 300));
    return object;
}

template <>
const Object<AuthorizerFunction>& describe() {
    static const auto object =
        Object<AuthorizerFunction>(
            "A function that is asked whether a call may go on (Lambda authorizer).")
            .field("name", &AuthorizerFunction::name, "the function", required())
            .field("event", &AuthorizerFunction::event,
                   "v2: payload format 2.0, of HTTP APIs; v1: 1.0, of REST APIs")
            .field("input", &AuthorizerFunction::input,
                   "request: it is told of the call, without the body; token: the value of one "
                   "header only (v1)")
            .field("headers", &AuthorizerFunction::headers,
                   "headers that say who calls; without one of them a call is 401, and the "
                   "function is not asked",
                   text(is_header_name, pattern::kHeaderName, "header names"))
            .field("query", &AuthorizerFunction::query,
                   "the same of the query's parameters, by their decoded names",
                   text(is_query_name, pattern::kQueryName, "1 to 128 visible ASCII characters"))
            .field("ttl_seconds", &AuthorizerFunction::ttl_seconds,
                   "how long its answer counts for calls with the same `headers` and `query`; 0: "
                   "it is asked each time",
                   range(0, 3600));
    return object;
}

template <>
const Object<Authorizer>& describe() {
    static const auto object =
        Object<Authorizer>("Who else may say who calls; for the `authorizer` of routes.")
            .field("jwt", &Authorizer::jwt, "an issuer of tokens")
            .field("function", &Authorizer::function, "or a function that decides");
    return object;
}

template <>
const Object<UsagePlan>& describe() {
    static const auto object =
        Object<UsagePlan>(
            "How much an API key may be used; 429 beyond. Each process counts for itself.")
            .field("per_second", &UsagePlan::per_second, "calls, in the long run; left out: any",
                   range(0.001, 1'000'000))
            .field("burst", &UsagePlan::burst,
                   "calls that may come at once; left out: what comes in a second",
                   range(1, 1'000'000))
            .field("per_day", &UsagePlan::per_day, "calls of one day, in UTC; 0: any number",
                   range(0, 1e12));
    return object;
}

template <>
const Object<ApiKey>& describe() {
    static const auto object =
        Object<ApiKey>("A key that a program sends as X-Api-Key; the file has its hash only.")
            .field("sha256", &ApiKey::sha256, "SHA-256 of the key",
                   text(is_sha256, pattern::kSha256, "64 of 0-9 a-f", true))
            .field("plan", &ApiKey::plan, "the usage plan; left out: any number of calls");
    return object;
}

template <>
const Object<Route>& describe() {
    static const auto object =
        Object<Route>("One line of the route table; the first that matches wins.")
            .field("hosts", &Route::hosts,
                   "app: app.<domain>; region: <region>.<domain>; api: both", Limit{.filled = true})
            .field("path", &Route::path, "such as /entries/{id} or /proxy/{rest+}",
                   text(is_path_template, pattern::kPathTemplate,
                        "/ and segments: words, {name}, and {name+} as the last"))
            .field("openapi", &Route::openapi,
                   "instead: an OpenAPI 3 document (YAML or JSON), relative to this file's folder, "
                   "each of whose operations is a route below `path`, with what else is said here; "
                   "docs/gateway.md",
                   text(is_document_name, pattern::kDocumentName, "a file's name"))
            .field("methods", &Route::methods, "none: all", methods())
            .field("headers", &Route::headers,
                   "request headers that must be there, by name: a value, or `*` for any; such a "
                   "route stands above the one without",
                   text(is_header_name, pattern::kHeaderName, "header names"))
            .field("function", &Route::function, "the function that answers; or an upstream")
            .field("upstream", &Route::upstream, "the upstream that answers; or a function")
            .field("rewrite", &Route::rewrite,
                   "what the upstream is asked for instead, such as /v2/{id}?source=api&{query}; "
                   "without a `?` the client's query stays",
                   text(is_rewrite, pattern::kRewrite,
                        "/ and a path with {name} of the route's path, perhaps ? and a query"))
            .field("claims", &Route::claims,
                   "claims of the token that the upstream is told as Domicile-Claim-<name>",
                   text(is_claim, pattern::kClaim, "1 to 128 of A-Z a-z 0-9 _ : . / -"))
            .field(
                "authorizer", &Route::authorizer,
                "the pool whose tokens are wanted, one of `authorizers`, or `none` (the default)")
            .field("scopes", &Route::scopes, "the token's `scope` has one of them; none: any token",
                   text(is_scope, pattern::kScope, "1 to 256 visible ASCII characters"))
            .field("where", &Route::where,
                   "claims that the token must have: a value, one of a list of values in the "
                   "token, or `*` for any",
                   text(is_claim, pattern::kClaim, "1 to 128 of A-Z a-z 0-9 _ : . / -"))
            .field("api_key", &Route::api_key, "a key of `api_keys` is wanted, as X-Api-Key")
            .field("residency", &Route::residency,
                   "resident: only the home of the person answers; public: any region does")
            .field("elsewhere", &Route::elsewhere,
                   "what happens away from home: over the border, or 421 with the home's address")
            .field("event", &Route::event, "v1: REST proxy event; v2: HTTP API event")
            .field("cors", &Route::cors, "cross-origin rules")
            .field("body_bytes_max", &Route::body_bytes_max, "instead of limits.body_bytes_max",
                   range(0, kGibibyte))
            .field("timeout_seconds", &Route::timeout_seconds,
                   "to the end of a function's answer, and to the head of an upstream's",
                   range(1, 900))
            .field("throttle", &Route::throttle, "how often it may be called")
            .field("concurrency_max", &Route::concurrency_max,
                   "calls at once in one process, 429 beyond; 0: any number", range(0, 1'000'000));
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
            .field("text", &MailTemplate::text,
                   "plain text; {####} stands for the code, {username} for the user name",
                   text(is_mail_text, pattern::kMailText,
                        "at most 20000 bytes with {####} for the code", true));
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
                "code is a temporary password); with a "
                "language, such as verification.de, for people whose `locale` begins with it",
                text(is_mail_kind, pattern::kMailKind,
                     "verification, password_reset or invitation, perhaps with .de or the like"));
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
                                          range(10, 600'000));
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
