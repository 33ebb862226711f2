#include "gateway/authorizers.h"

namespace domicile::gateway {

Authorizers::Authorizers(const config::Config& config, const Authorizers* before) {
    std::set<std::string> regions;
    for (const config::Region& region : config.regions) regions.insert(region.name);
    for (const config::Pool& pool : config.pools) all_[pool.name].pool = &pool;
    for (const config::Authorizer& from : config.authorizers) {
        Authorizer& to = all_[from.name];
        if (from.function) {
            // What the function of an earlier configuration said is forgotten.
            to.function = std::make_unique<RequestAuthorizer>(from.name, *from.function);
            continue;
        }
        const Authorizer* old = before == nullptr ? nullptr : before->find(from.name);
        if (old != nullptr && old->issuer != nullptr && old->issuer->options() == *from.jwt &&
            old->issuer->regions() == regions)
            to.issuer = old->issuer;
        else
            to.issuer = std::make_shared<Issuer>(from.name, *from.jwt, regions);
    }
}

void Authorizers::start() {
    for (const auto& [name, authorizer] : all_)
        if (authorizer.issuer) authorizer.issuer->start();
}

io::Task<void> Authorizers::stop(const Authorizers* next) {
    for (const auto& [name, authorizer] : all_) {
        if (!authorizer.issuer) continue;
        const Authorizer* theirs = next == nullptr ? nullptr : next->find(name);
        if (theirs != nullptr && theirs->issuer == authorizer.issuer) continue;
        co_await authorizer.issuer->stop();
    }
}

void Authorizers::report_to(telemetry::Registry& registry) {
    for (const auto& [name, authorizer] : all_)
        if (authorizer.issuer)
            authorizer.issuer->report_to(registry);
        else if (authorizer.function)
            authorizer.function->report_to(registry);
}

}  // namespace domicile::gateway
