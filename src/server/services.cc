#include "server/services.h"

#include "base/json.h"

namespace domicile::server {
namespace {

constexpr std::size_t kOutboxMails = 100;
constexpr std::string_view kOutboxPath = "/_domicile/outbox";

// Development only: the mails and text messages that a real deployment would send, for anybody who
// asks.
io::Task<Result<void>> answer_outbox(http::Exchange& exchange, Services services) {
    exchange.report_as(&services.metrics.route("identity", "outbox"));
    const Result<std::vector<identity::Mail>> mails =
        co_await services.identity.outbox(kOutboxMails);
    http::ResponseHead head;
    head.status = mails ? 200 : 503;
    head.add("Content-Type", "application/json");
    head.add("Cache-Control", "no-store");
    head.add("Access-Control-Allow-Origin", "*");
    json::array list;
    if (mails) {
        for (const identity::Mail& mail : *mails) {
            list.push_back(json::object{{"id", mail.id},
                                        {"to", mail.to},
                                        {"medium", mail.facts ? "SMS" : "EMAIL"},
                                        {"subject", mail.subject},
                                        {"text", mail.text},
                                        {"sent_at", to_rfc3339(mail.sent_at)}});
        }
    }
    const std::string body = json::serialize(json::object{{"mails", std::move(list)}});
    co_return co_await exchange.respond(std::move(head), body);
}

io::Task<Result<void>> answer_region(http::Exchange& exchange, const Services& services) {
    if (services.config.mail.outbox && exchange.request().path == kOutboxPath) {
        return answer_outbox(exchange, services);
    }
    return services.gateway.handle(exchange, config::RouteHost::region);
}

// The user pools: in their own dialect, and as an OpenID provider.
io::Task<Result<void>> answer_pools(http::Exchange& exchange, const Services& services) {
    if (api::oidc::Oidc::takes(exchange.request().path)) return services.oidc.handle(exchange);
    return services.cognito.handle(exchange);
}

io::Task<Result<void>> answer_loopback(http::Exchange& exchange, const Services& services) {
    const std::string_view target = exchange.request().headers.find("X-Amz-Target").value_or("");
    if (target.starts_with("DynamoDB_")) return services.dynamodb.handle(exchange);
    if (target.starts_with(api::ssm::kTargetPrefix)) return services.ssm.handle(exchange);
    if (exchange.request().path.starts_with(api::lambda::kPathPrefix) ||
        exchange.request().path.starts_with(api::lambda::kStreamPathPrefix))
        return services.lambda.handle(exchange);
    if (services.config.mail.outbox && exchange.request().path == kOutboxPath) {
        return answer_outbox(exchange, services);
    }
    return answer_pools(exchange, services);
}

// /domicile.json: what a page needs to know to talk to the regions.
std::string description(const Services& services) {
    const Deployment& deployment = services.deployment;
    const config::Config& config = services.config;
    json::array regions;
    for (const config::Region& region : config.regions) {
        json::object entry{{"id", region.name}};
        for (const config::Jurisdiction& jurisdiction : config.jurisdictions) {
            const auto& members = jurisdiction.regions;
            if (std::find(members.begin(), members.end(), region.name) == members.end()) continue;
            entry["jurisdiction"] = jurisdiction.name;
            entry["countries"] = json::value_from(jurisdiction.countries);
        }
        const std::string own = region.name + '.' + config.domain;
        json::object endpoints{{"identity", deployment.url("idp." + own) + '/'},
                               {"api", deployment.url(own)}};
        if (config.mail.outbox)
            endpoints["outbox"] = deployment.url(own) + std::string(kOutboxPath);
        entry["endpoints"] = std::move(endpoints);
        if (!config.pools.empty()) {
            const config::Pool& pool = config.pools.front();
            entry["user_pool_id"] = pool.id_in(region.name);
            if (!pool.clients.empty()) entry["client_id"] = pool.clients.front().id;
        }
        regions.push_back(std::move(entry));
    }
    json::object out{{"domain", config.domain},
                     {"port", deployment.public_port},
                     {"served_by", services.region},
                     {"regions", std::move(regions)},
                     {"api", deployment.url("app." + config.domain)}};
    if (deployment.front_control != 0) out["front"] = deployment.url("front." + config.domain);
    return json::serialize(out);
}

}  // namespace

void add_public_names(edge::Edge& edge, const Services& services,
                      std::vector<std::unique_ptr<edge::Site>>& sites) {
    const Deployment& deployment = services.deployment;
    const config::Config& config = services.config;
    const std::string own = services.region + '.' + config.domain;
    edge.add(own,
             [services](http::Exchange& exchange) { return answer_region(exchange, services); });
    edge.add("app." + config.domain, [&gateway = services.gateway](http::Exchange& exchange) {
        return gateway.handle(exchange, config::RouteHost::app);
    });
    for (const std::string& name :
         {"idp." + own, "cognito-idp." + services.region + ".amazonaws.com"}) {
        edge.add(name,
                 [services](http::Exchange& exchange) { return answer_pools(exchange, services); });
    }
    for (const std::string& name :
         {"dynamodb." + own, "dynamodb." + services.region + ".amazonaws.com"}) {
        edge.add(name, [&dynamodb = services.dynamodb](http::Exchange& exchange) {
            return dynamodb.handle(exchange);
        });
    }
    for (const std::string& name :
         {"lambda." + own, "lambda." + services.region + ".amazonaws.com"}) {
        edge.add(name, [&lambda = services.lambda](http::Exchange& exchange) {
            return lambda.handle(exchange);
        });
    }
    for (const std::string& name : {"ssm." + own, "ssm." + services.region + ".amazonaws.com"}) {
        edge.add(name,
                 [&ssm = services.ssm](http::Exchange& exchange) { return ssm.handle(exchange); });
    }
    for (const config::Site& site : config.sites) {
        edge::SiteOptions options;
        options.directory = site.directory.starts_with('/')
                                ? site.directory
                                : deployment.config_directory() + '/' + site.directory;
        options.fallback = site.fallback.value_or("");
        options.report = &services.metrics.route("edge", "site " + site.name);
        const std::string ours =
            "https://*." + config.domain + ':' + std::to_string(deployment.public_port);
        options.content_policy = "default-src 'self'; connect-src 'self' " + ours +
                                 "; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
                                 "frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
        options.documents["/domicile.json"] = description(services);
        sites.push_back(std::make_unique<edge::Site>(std::move(options), io::system_files()));
        edge.add(site.host, [site = sites.back().get()](http::Exchange& exchange) {
            return site->handle(exchange);
        });
    }
}

http::Handler loopback_handler(const Services& services) {
    return [services](http::Exchange& exchange) { return answer_loopback(exchange, services); };
}

}  // namespace domicile::server
