#include "edge/edge.h"

#include "base/encoding.h"

namespace domicile::edge {

void Edge::add(std::string name, http::Handler handler) {
    handlers_.insert_or_assign(std::move(name), std::move(handler));
}

void Edge::report_to(telemetry::Registry& registry) {
    unknown_ = &registry.route("edge", "unknown host");
}

io::Task<Result<void>> Edge::handle(http::Exchange& exchange) const {
    // Nearly every client sends lower case.
    auto found = handlers_.find(exchange.request().host);
    if (found == handlers_.end()) found = handlers_.find(to_lower(exchange.request().host));
    if (found != handlers_.end()) return found->second(exchange);
    return answer_unknown(exchange);
}

io::Task<Result<void>> Edge::answer_unknown(http::Exchange& exchange) const {
    exchange.report_as(unknown_);
    http::ResponseHead head;
    head.status = 421;
    head.add("Content-Type", "application/problem+json");
    const std::string body = http::problem_json(421, "about:blank", "Misdirected Request",
                                                "No site or service here has this host name.");
    co_return co_await exchange.respond(std::move(head), body);
}

}  // namespace domicile::edge
