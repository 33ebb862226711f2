// Connecting without blocking: names are resolved on the blocking pool, the rest is libpq's own
// state machine. What PGHOST, PGSSLMODE and their like say does not count: the configuration does.
#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <array>

#include "sql/postgres_session.h"

namespace domicile::sql {
namespace {

constexpr const char* kSystemCa = "/etc/ssl/certs/ca-certificates.crt";
constexpr std::size_t kAddressesMax = 8;

// As libpq takes them: lists of the same length, joined with commas.
struct Targets {
    std::string hosts, addresses, ports;
    void add(const std::string& host, const std::string& address, std::uint16_t port) {
        const char* comma = ports.empty() ? "" : ",";
        hosts += comma + host;
        addresses += comma + address;
        ports += comma + std::to_string(port);
    }
};

std::vector<std::string> addresses_of(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    std::vector<std::string> out;
    if (getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return out;
    for (const addrinfo* entry = list; entry != nullptr && out.size() < kAddressesMax;
         entry = entry->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                        NI_NUMERICHOST) == 0)
            out.emplace_back(text.data());
    }
    freeaddrinfo(list);
    return out;
}

Result<Targets> resolve(const std::vector<io::Endpoint>& servers) {
    Targets out;
    for (const io::Endpoint& server : servers) {
        if (server.host.starts_with('/')) {
            out.add(server.host, "", server.port);
            continue;
        }
        for (const std::string& address : addresses_of(server.host))
            out.add(server.host, address, server.port);
    }
    if (out.ports.empty())
        return fail(Code::unavailable, "The host name of PostgreSQL does not resolve.");
    return out;
}

// Not in the coroutine that awaits it: see run_blocking.
io::Task<Result<Targets>> resolve_soon(std::vector<io::Endpoint> servers) {
    return io::run_blocking([servers = std::move(servers)] { return resolve(servers); });
}

bool needs_resolving(const std::vector<io::Endpoint>& servers) {
    return std::ranges::any_of(servers, [](const io::Endpoint& server) {
        in6_addr parsed{};
        return !server.host.starts_with('/') &&
               inet_pton(AF_INET, server.host.c_str(), &parsed) != 1 &&
               inet_pton(AF_INET6, server.host.c_str(), &parsed) != 1;
    });
}

PGconn* start(const PostgresOptions& options, const Targets& targets,
              const Redacted<std::string>& password) {
    const std::pair<const char*, std::string> settings[] = {
        {"host", targets.hosts},
        {"hostaddr", targets.addresses},
        {"port", targets.ports},
        {"dbname", options.database},
        {"user", options.user},
        {"password", password.expose()},
        {"sslmode", options.tls ? "verify-full" : "disable"},
        {"sslrootcert", options.ca_file.empty() ? kSystemCa : options.ca_file},
        {"sslcert", options.certificate_file},
        {"sslkey", options.key_file},
        {"gssencmode", "disable"},
        {"target_session_attrs", "read-write"},
        {"application_name", "domicile"},
        {"client_encoding", "UTF8"},
        {"options", ""},
        {"tcp_user_timeout", std::to_string(options.batch_max.count())},
    };
    std::vector<const char*> keys, values;
    for (const auto& [key, value] : settings) {
        keys.push_back(key);
        values.push_back(value.c_str());
    }
    keys.push_back(nullptr);
    values.push_back(nullptr);
    return PQconnectStartParams(keys.data(), values.data(), 0);
}

}  // namespace

io::Task<Result<std::unique_ptr<PostgresSession>>> PostgresSession::connect(
    const PostgresOptions& options, Instant deadline) {
    Result<Targets> targets;
    if (needs_resolving(options.servers))
        targets = co_await resolve_soon(options.servers);
    else
        targets = resolve(options.servers);
    if (!targets) co_return std::unexpected(targets.error());
    Redacted<std::string> password = options.password;
    if (options.password_file) {
        CO_TRY(password, co_await options.password_file->read());
    }
    std::unique_ptr<PostgresSession> out(new PostgresSession(start(options, *targets, password)));
    CO_TRY_VOID(co_await out->handshake(deadline));
    CO_TRY_VOID(co_await out->set_up(options, deadline));
    co_return out;
}

// The socket is another one when libpq goes on to the next address.
io::Task<Result<void>> PostgresSession::handshake(Instant deadline) {
    PGconn* connection = connection_.get();
    if (connection == nullptr) co_return fail(Code::unavailable, "libpq has no memory.");
    // Before anything is received: notices repeat names and values, and libpq would print them.
    PQsetNoticeReceiver(connection, [](void*, const PGresult*) {}, nullptr);
    PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE);
    for (auto want = PGRES_POLLING_WRITING; want != PGRES_POLLING_OK;
         want = PQconnectPoll(connection)) {
        if (want == PGRES_POLLING_FAILED || !is_started())
            co_return std::unexpected(refusal_of(PQerrorMessage(connection)));
        CO_TRY(auto readiness, io::Readiness::of(PQsocket(connection)));
        auto what = io::Readiness::For::reading;
        if (want == PGRES_POLLING_WRITING) what = io::Readiness::For::writing;
        const bool ready = co_await readiness->wait(what, deadline);
        if (!ready)
            co_return fail(Code::unavailable, "PostgreSQL did not take the connection in time.");
    }
    co_return Result<void>();
}

// The server gives up before we do, so that what it says is heard, and acknowledges no commit
// before it is on the disk, whatever its defaults are. A statement outside of a transaction reads
// only.
io::Task<Result<void>> PostgresSession::set_up(const PostgresOptions& options, Instant deadline) {
    if (PQsetnonblocking(connection_.get(), 1) != 0)
        co_return fail(Code::unavailable, "libpq cannot work without blocking.");
    const std::string limit =
        std::to_string(std::max<std::int64_t>(options.batch_max.count() * 9 / 10, 1));
    const std::string sql = "SELECT set_config('statement_timeout', '" + limit +
                            "', false), set_config('idle_in_transaction_session_timeout', '" +
                            limit +
                            "', false), set_config('default_transaction_read_only', 'on', "
                            "false), CASE WHEN current_setting('synchronous_commit') = 'off' "
                            "THEN set_config('synchronous_commit', 'on', false) END";
    CO_TRY_VOID(co_await script(sql, deadline));
    if (PQenterPipelineMode(connection_.get()) != 1)
        co_return fail(Code::unavailable, "libpq cannot work in a pipeline.");
    co_return Result<void>();
}

}  // namespace domicile::sql
