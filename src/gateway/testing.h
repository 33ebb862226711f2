// Two regions with their gateways and borders in one process, and one upstream that tells what it
// was sent. Clients talk plain HTTP to the gateways; TLS and hosts are the edge's.
#pragma once

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "access/access.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/jwt.h"
#include "crypto/x509.h"
#include "gateway/gateway.h"
#include "http/testing.h"
#include "io/files.h"
#include "io/testing.h"
#include "openapi/document.h"
#include "sql/database.h"

namespace domicile::gateway::test {

using http::soon;
using io::Task;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kEu = "eu-central-1";
constexpr const char* kUs = "us-east-2";
constexpr const char* kSub = "01234567-89ab-4cde-8f01-23456789abcd";
constexpr const char* kOrigin = "https://app.example";
constexpr std::int64_t kSmallBodyMax = 1000;

// ---- Tokens ------------------------------------------------------------------------------------

inline const crypto::SigningKey& key_of(const std::string& name) {
    static std::map<std::string, crypto::SigningKey> keys;
    auto found = keys.find(name);
    if (found == keys.end()) {
        auto made = crypto::SigningKey::generate(crypto::Algorithm::es256);
        DOMICILE_CHECK(made.has_value());
        found = keys.emplace(name, std::move(*made)).first;
    }
    return found->second;
}

inline std::string issuer(std::string_view region, std::string_view suffix) {
    const std::string name(region);
    return "https://idp." + name + ".example/" + name + '_' + std::string(suffix);
}

inline json::object claims_of(const std::string& home, std::int64_t lifetime_seconds = 3600,
                              const std::string& pool_suffix = "Health1") {
    return {{"sub", kSub},
            {"iss", issuer(home, pool_suffix)},
            {"custom:region", home},
            {"custom:epoch", 3},
            {"token_use", "access"},
            {"client_id", "client1"},
            {"username", kSub},
            {"origin_jti", "origin-1"},
            {"nickname", "J\xC3\xBCrgen"},
            {"exp", io::system_clock().now().seconds() + lifetime_seconds}};
}

inline std::string token_of(const std::string& home) {
    return crypto::sign_jwt(key_of(home), claims_of(home));
}

// A token with this header; HS256 is keyed with the thumbprint that everybody can read.
inline std::string unsigned_token(const std::string& alg) {
    const json::object header{{"kid", key_of(kEu).kid()}, {"alg", alg}};
    const std::string input =
        to_base64url(json::serialize(header)) + '.' + to_base64url(json::serialize(claims_of(kEu)));
    if (alg == "none") return input + '.';
    return input + '.' + to_base64url(crypto::hmac_sha256(key_of(kEu).kid(), input));
}

// ---- The deployment ----------------------------------------------------------------------------

inline config::Route route(const std::string& path) {
    config::Route out;
    out.path = path;
    out.upstream = "teller";
    out.authorizer = "health";
    out.cors = config::Cors{{kOrigin}, {"authorization"}, {"GET", "PUT"}};
    return out;
}

// What an OpenAPI document would say of "/checked".
inline std::shared_ptr<const openapi::Operation> checked_operation() {
    const openapi::Api api = openapi::read_api(json::parse(R"({
        "openapi": "3.1.0", "paths": {"/checked": {"post": {
            "parameters": [{"name": "n", "in": "query", "schema": {"type": "integer"}}],
            "requestBody": {"required": true, "content": {"application/json": {
                "schema": {"type": "object", "required": ["title"]}}}}}}}})"));
    DOMICILE_CHECK(api.problems.empty());
    return std::make_shared<const openapi::Operation>(api.operations.at(0).operation);
}

inline config::Config make_config(std::uint16_t upstream_port, std::uint16_t dead_port) {
    config::Config out;
    out.domain = "domicile.example";
    for (const std::string region : {kEu, kUs}) {
        config::Jurisdiction jurisdiction;
        jurisdiction.name = region;
        jurisdiction.regions = {region};
        out.jurisdictions.push_back(jurisdiction);
        config::Region entry;
        entry.name = region;
        out.regions.push_back(entry);
    }
    for (const std::string name : {"health", "other"}) {
        config::Pool pool;
        pool.name = name;
        pool.id_suffix = name == "health" ? "Health1" : "Other1";
        out.pools.push_back(pool);
    }
    for (const auto& [name, port] : {std::pair{"teller", upstream_port}, {"dead", dead_port}}) {
        config::Upstream upstream;
        upstream.name = name;
        upstream.url.push_back({"127.0.0.1", port});
        out.upstreams.push_back(upstream);
    }
    out.routes = {route("/entries/{id}"), route("/misdirected/{id}"),
                  route("/small"),        route("/public"),
                  route("/dead"),         route("/old/{id}"),
                  route("/seldom"),       route("/often"),
                  route("/scoped"),       route("/keyed"),
                  route("/checked")};
    out.routes[10].operation = checked_operation();
    out.routes[8].where = {{"custom:epoch", "4"}};
    out.routes[9].authorizer.reset();
    out.routes[9].api_key = true;
    config::UsagePlan plan;
    plan.name = "small";
    plan.per_day = 2;
    out.usage_plans.push_back(plan);
    out.api_keys.push_back({"partner", to_hex(crypto::sha256("secret")), "small"});
    out.routes[6].throttle = {{config::ThrottleBy::subject, 0.001, 2}};
    out.routes[7].throttle = {{config::ThrottleBy::address, 0.001, 3}};
    out.routes[1].elsewhere = residency::Elsewhere::misdirected;
    out.routes[2].body_bytes_max = kSmallBodyMax;
    out.routes[3].authorizer.reset();
    out.routes[3].cors.reset();
    out.routes[4].upstream = "dead";
    out.routes[0].claims = {"username", "custom:epoch", "missing"};
    out.routes[5].rewrite = "/new?id={id}&{query}";
    config::Site site;
    site.name = "frontend";
    site.host = "frontend.domicile.example";
    out.sites.push_back(site);
    return out;
}

struct World {
    World() {}

    io::TlsCertificate leaf(const std::string& region) const {
        crypto::LeafRequest request;
        request.dns_names.push_back(border::certificate_name(region));
        request.is_client = true;
        request.not_before = now - Seconds(60);
        request.not_after = now + Seconds(3600);
        const auto made = crypto::make_leaf(ca, request, io::system_random().bytes(16));
        DOMICILE_CHECK(made.has_value());
        return {made->certificate_pem, made->key_pem};
    }
    std::string log_text(const std::string& region) const {
        std::ifstream file(folder.file(region + ".log"), std::ios::binary);
        std::stringstream out;
        out << file.rdbuf();
        return out.str();
    }

    std::function<void(config::Config&)> adjust;  // of what every test has
    io::testing::TemporaryFolder folder;
    Timestamp now = io::system_clock().now();
    crypto::CertificateAndKey ca = *crypto::make_ca(
        "border", now - Seconds(3600), now + Seconds(360'000), io::system_random().bytes(16));
};

// The members' order is the order of the start.
struct Node {
    Node(const World& world, const config::Config& config, const residency::Policy& policy,
         const std::string& region, border::Peer peer)
        : own(world.leaf(region)),
          server_tls(*io::TlsServer::make({own}, world.ca.certificate_pem)),
          client_tls(*io::TlsClient::make(world.ca.certificate_pem, &own)),
          database(*sql::open_sqlite({.path = world.folder.file(region + ".db")})),
          log(*audit::Log::open(io::system_files(), world.folder.file(region + ".log"), region,
                                io::system_clock())),
          keyring(*database, io::system_random(), std::string(32, 'm')),
          access(*database, keyring, io::system_clock(), io::system_random(), region),
          functions(config.functions, {}, access),
          border(border_options(region, std::move(peer)), *log),
          verifier({.region = region}, io::system_clock(), issuer,
                   [this] { return reload(directory_up); }),
          gateway({config, policy, border, *log, verifier, functions, region, 8443}) {
        std::vector<identity::TrustedKey> keys;
        for (const std::string home : {kEu, kUs}) {
            const crypto::PublicKey& key = key_of(home).public_key();
            keys.push_back({home, key.kid(), std::make_shared<crypto::PublicKey>(key)});
        }
        verifier.set_keys(std::move(keys));
        border.handle_calls([this](std::string from, http::Exchange& exchange) {
            return gateway.handle_forwarded(std::move(from), exchange);
        });
    }
    static Task<Result<void>> reload(bool up) {
        if (!up) co_return fail(Code::unavailable, "The directory is out of reach.");
        co_return Result<void>();
    }
    border::Options border_options(const std::string& region, border::Peer peer) const {
        border::Options out;
        out.region = region;
        out.peers.push_back(std::move(peer));
        out.server_tls = server_tls.get();
        out.client_tls = client_tls.get();
        return out;
    }
    void serve(std::unique_ptr<io::Listener> border_listener) {
        http::ServerOptions options;
        options.tls = server_tls.get();
        border_server =
            std::make_unique<http::Server>(std::move(border_listener), options, border.handler());
        border_server->start();
        public_server = http::serve([this](http::Exchange& exchange) {
            return gateway.handle(exchange, config::RouteHost::region);
        });
    }
    Task<void> stop() {
        co_await public_server->stop(soon());
        co_await border_server->stop(soon());
    }

    bool directory_up = true;
    io::TlsCertificate own;
    std::unique_ptr<io::TlsServer> server_tls;
    std::unique_ptr<io::TlsClient> client_tls;
    std::unique_ptr<sql::Database> database;
    std::unique_ptr<audit::Log> log;
    keyring::Keyring keyring;
    access::Access access;
    functions::Functions functions;
    border::Border border;
    identity::TokenVerifier verifier;
    Gateway gateway;
    std::unique_ptr<http::Server> border_server, public_server;
};

struct Pair {
    Node eu, us;
    int& told;  // requests that reached the upstream whole
};

// Answers with what it was sent, one line for each header, and headers that are not its to set.
inline Task<Result<void>> tell(int* told, http::Exchange& exchange) {
    CO_TRY(const std::string body, co_await exchange.read_all(1 << 20));
    ++*told;
    const http::RequestHead& request = exchange.request();
    std::string out = std::string(request.method) + ' ' + std::string(request.target) + '\n';
    for (const http::Header& header : request.headers) {
        out += to_lower(header.name) + ": " + std::string(header.value) + '\n';
    }
    out += '\n' + body;
    http::ResponseHead head;
    head.add("Content-Type", "text/plain");
    head.add("Vary", "Accept-Encoding");
    head.add("Domicile-Served-By", "mars-north-1");
    head.add("Domicile-Via", "mars-north-1");
    co_return co_await exchange.respond(std::move(head), out);
}

using Story = Task<bool> (*)(Pair&);

inline Task<bool> with_pair(World* world, Story story) {
    io::Network& network = io::Executor::current().network();
    auto eu_listener = network.listen({"127.0.0.1", 0});
    auto us_listener = network.listen({"127.0.0.1", 0});
    auto dead = network.listen({"127.0.0.1", 0});
    CO_ASSERT(eu_listener && us_listener && dead);
    const border::Peer eu{kEu, (*eu_listener)->local()};
    const border::Peer us{kUs, (*us_listener)->local()};
    int told = 0;
    auto upstream = http::serve([&told](http::Exchange& e) { return tell(&told, e); });
    config::Config config = make_config(upstream->local().port, (*dead)->local().port);
    if (world->adjust) world->adjust(config);
    dead->reset();
    const residency::Policy policy = config::make_policy(config);
    bool done = false;
    {
        Pair pair{Node(*world, config, policy, kEu, us), Node(*world, config, policy, kUs, eu),
                  told};
        pair.eu.serve(std::move(*eu_listener));
        pair.us.serve(std::move(*us_listener));
        done = co_await story(pair);
        co_await pair.eu.stop();
        co_await pair.us.stop();
    }
    co_await upstream->stop(soon());
    co_return done;
}

inline void run(World& world, Story story) {
    EXPECT_TRUE(io::run_task<bool>([&] { return with_pair(&world, story); }));
}

// ---- A client ----------------------------------------------------------------------------------

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string method = "GET";
    std::string target = "/entries/1";
    std::string token = {};
    Fields headers = {};
    std::string body = {};
    bool chunked = false;
};

struct Reply {
    int status = 0;
    Fields headers;
    std::string body;

    // All values of the field, so that one too many shows.
    std::string field(std::string_view name) const {
        std::string out;
        for (const auto& [key, value] : headers) {
            if (equals_ignore_case(key, name)) out += (out.empty() ? "" : " | ") + value;
        }
        return out;
    }
};

// The body in pieces of 100 bytes.
class Pieces final : public http::BodySource {
  public:
    explicit Pieces(std::string_view all) : left_(all) {}
    Task<Result<std::string_view>> read() override {
        const std::string_view piece = left_.substr(0, 100);
        left_.remove_prefix(piece.size());
        co_return piece;
    }

  private:
    std::string_view left_;
};

inline Task<Reply> fetch(Node& at, Request request) {
    http::Client client;
    const http::Target target{at.public_server->local()};
    const std::string bearer = "Bearer " + request.token;
    http::RequestHead head;
    head.method = request.method;
    head.target = request.target;
    if (!request.token.empty()) head.headers.add("Authorization", bearer);
    for (const auto& [name, value] : request.headers) head.headers.add(name, value);
    Pieces pieces(request.body);
    std::optional<std::uint64_t> length;
    if (!request.chunked) length = request.body.size();
    auto response = co_await client.send(target, head, pieces, length, soon());
    Reply out;
    if (!response) {
        ADD_FAILURE() << response.error().message;
        co_return out;
    }
    out.status = (*response)->status();
    for (const http::Header& header : (*response)->headers()) {
        out.headers.emplace_back(header.name, header.value);
    }
    const auto body = co_await (*response)->read_all(1 << 20);
    EXPECT_TRUE(body.has_value());
    out.body = body.value_or("");
    co_return out;
}

inline Task<Reply> get(Node& at, std::string target, std::string token) {
    Request request;
    request.target = std::move(target);
    request.token = std::move(token);
    co_return co_await fetch(at, std::move(request));
}

}  // namespace domicile::gateway::test
