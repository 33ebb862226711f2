#include "sim/region.h"

#include "base/encoding.h"
#include "crypto/hash.h"

namespace domicile::sim {
namespace {

constexpr std::size_t kTextBytesMax = 64 * 1024;

// Stands for the border keys, which sign key records; only their owner has them in a real world.
std::string border_signature(const directory::KeyRecord& record) {
    return crypto::hmac_sha256("border key of " + record.region, directory::signed_bytes(record));
}

access::Principal application(std::string subject) {
    access::Principal out;
    out.access_key_id = "DOMSAPPLICATION";
    out.policy.statements.push_back({{"dynamodb:*"}, {"table/*"}});
    out.subject = std::move(subject);
    return out;
}

functions::Options function_options(const std::string& region) {
    functions::Options out;  // there are none
    out.region = region;
    return out;
}

documents::Attribute text(std::string value) { return {std::move(value)}; }

io::Task<Result<void>> reply(http::Exchange& exchange, int status, std::string body) {
    http::ResponseHead head;
    head.status = status;
    if (status == 503) head.add("Retry-After", "5");
    co_return co_await exchange.respond(std::move(head), body);
}

}  // namespace

Result<std::unique_ptr<Region>> Region::make(const Deployment& deployment, Host& host,
                                             const Vfs& vfs) {
    io::BlockingPool& pool = host.process()->blocking();
    auto files = std::make_unique<SimFiles>(host.disk());
    Opened opened;
    sql::SqliteOptions options;
    options.vfs = vfs.name();
    options.pool = &pool;
    options.readers = 1;
    options.path = "/keys.db";
    TRY(opened.keys, sql::open_sqlite(options));
    options.path = "/region.db";
    TRY(opened.data, sql::open_sqlite(options));
    TRY(opened.audit, audit::Log::open(*files, "/audit.log", host.name(), host.process()->clock()));
    return std::unique_ptr<Region>(
        new Region(deployment, host, std::move(files), std::move(opened)));
}

Region::Region(const Deployment& deployment, Host& host, std::unique_ptr<SimFiles> files,
               Opened opened)
    : deployment_(deployment),
      process_(*host.process()),
      name_(host.name()),
      files_(std::move(files)),
      base_(std::move(opened)),
      store_(kv::make_watched_store(std::make_unique<RemoteStore>(deployment.directory), homes_)),
      keyring_(*base_.keys, process_.random(), crypto::sha256("master key of " + name_)),
      border_(border_options(), *base_.audit),
      directory_(*store_, process_.clock(), directory_options(), &homes_),
      access_(*base_.data, keyring_, process_.clock(), process_.random(), name_),
      identity_(identity_parts()),
      documents_({deployment.config.tables, *base_.data, keyring_, *base_.audit,
                  [this](std::string sub) { return identity_.is_resident(std::move(sub)); }}),
      functions_(deployment.config.functions, function_options(name_), access_),
      gateway_({deployment.config, deployment.policy, border_, *base_.audit, identity_.verifier(),
                functions_, name_, kPublicPort}),
      cognito_(identity_, access_, name_, process_.clock()) {}

border::Options Region::border_options() const {
    border::Options out;
    out.region = name_;
    for (const border::Peer& peer : deployment_.regions)
        if (peer.region != name_) out.peers.push_back(peer);
    return out;
}

directory::Options Region::directory_options() const {
    directory::Options out;
    out.region = name_;
    out.pepper.key = deployment_.pepper;
    for (const border::Peer& peer : deployment_.regions) out.regions.push_back(peer.region);
    return out;
}

identity::Identity::Parts Region::identity_parts() {
    return {.config = deployment_.config,
            .policy = deployment_.policy,
            .database = *base_.data,
            .keyring = keyring_,
            .directory = directory_,
            .border = border_,
            .audit = *base_.audit,
            .clock = process_.clock(),
            .random = process_.random(),
            .region = name_,
            .public_port = kPublicPort,
            .sign_key_record = [](const directory::KeyRecord& record) -> Result<std::string> {
                return border_signature(record);
            },
            .verify_key_record =
                [](const directory::KeyRecord& record) {
                    return record.signature == border_signature(record);
                }};
}

Result<void> Region::listen(std::uint16_t port, http::Handler handler) {
    TRY(auto listener, process_.network().listen({process_.host().address(), port}));
    servers_.push_back(std::make_unique<http::Server>(std::move(listener), http::ServerOptions{},
                                                      std::move(handler)));
    servers_.back()->start();
    return {};
}

io::Task<Result<void>> Region::start() {
    CO_TRY_VOID(co_await keyring_.open());
    border_.handle_calls([this](std::string from, http::Exchange& exchange) {
        return gateway_.handle_forwarded(std::move(from), exchange);
    });
    store_->start();
    CO_TRY_VOID(co_await identity_.open());
    CO_TRY_VOID(co_await documents_.open());
    CO_TRY_VOID(listen(kBorderPort, border_.handler()));
    CO_TRY_VOID(listen(kApplicationPort,
                       [this](http::Exchange& exchange) { return answer_application(exchange); }));
    co_return listen(kPublicPort,
                     [this](http::Exchange& exchange) { return answer_public(exchange); });
}

io::Task<Result<void>> Region::answer_public(http::Exchange& exchange) {
    if (exchange.request().path == kOutboxPath) return answer_outbox(exchange);
    if (exchange.request().headers.contains("X-Amz-Target")) return cognito_.handle(exchange);
    return gateway_.handle(exchange, config::RouteHost::region);
}

io::Task<Result<void>> Region::answer_outbox(http::Exchange& exchange) {
    const auto mails = co_await identity_.outbox(100);
    if (!mails) co_return co_await reply(exchange, 503, "");
    json::array list;
    for (const identity::Mail& mail : *mails)
        list.push_back(json::object{{"to", mail.to}, {"text", mail.text}});
    std::string body = json::serialize(list);
    co_return co_await reply(exchange, 200, std::move(body));
}

// PUT and GET of /notes/<id>: what an application would do with the person's own data.
io::Task<Result<void>> Region::answer_application(http::Exchange& exchange) {
    const http::RequestHead& request = exchange.request();
    std::string subject(request.headers.find("Domicile-Subject").value_or(""));
    documents::Item item;
    item["sub"] = text(subject);
    item["id"] = text(std::string(request.path.substr(request.path.rfind('/') + 1)));
    if (request.method == "PUT") {
        CO_TRY(std::string body, co_await exchange.read_all(kTextBytesMax));
        item["text"] = text(std::move(body));
        std::string table = "Notes";
        auto put = co_await documents_.put(application(std::move(subject)), std::move(table),
                                           std::move(item), std::nullopt);
        const int status = put ? 200 : put.error().code == Code::misdirected ? 409 : 503;
        co_return co_await reply(exchange, status, "");
    }
    std::string table = "Notes";
    const auto got =
        co_await documents_.get(application(std::move(subject)), std::move(table), std::move(item));
    if (!got) co_return co_await reply(exchange, 503, "");
    if (!*got) co_return co_await reply(exchange, 404, "");
    std::string body = std::get<std::string>((*got)->at("text").value);
    co_return co_await reply(exchange, 200, std::move(body));
}

}  // namespace domicile::sim
