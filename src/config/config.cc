#include "config/config.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "config/api.h"
#include "config/check.h"
#include "config/sections.h"

namespace domicile::config {

bool Pool::has_mfa(MfaMethod method) const {
    return mfa != Mfa::off && std::ranges::find(mfa_methods, method) != mfa_methods.end();
}

bool Pool::has_flow(AuthFlow flow) const {
    return std::ranges::any_of(clients, [&](const Client& client) { return client.allows(flow); });
}

bool Client::allows(AuthFlow flow) const {
    return std::find(flows.begin(), flows.end(), flow) != flows.end();
}

namespace {

bool none_or_in(const std::vector<std::string>& list, std::string_view name) {
    return list.empty() || std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

bool Client::reads(std::string_view attribute) const {
    return none_or_in(read_attributes, attribute);
}
bool Client::writes(std::string_view attribute) const {
    return none_or_in(write_attributes, attribute);
}

const Client* Pool::find_client(std::string_view id) const {
    for (const Client& client : clients)
        if (client.id == id) return &client;
    return nullptr;
}

bool Route::answers_on(RouteHost host) const {
    return std::any_of(hosts.begin(), hosts.end(),
                       [&](RouteHost own) { return own == host || own == RouteHost::api; });
}

Loaded load(std::string_view file_name, std::string_view text, const ReadFile& read) {
    Loaded out;
    Document document = parse_document(file_name, text);
    out.problems = std::move(document.problems);
    mark_ends(text, out.problems);
    if (!out.problems.empty()) return out;
    if (document.root.place.line == 0) document.root.place = {1, 1};

    Reader reader(file_name, document.root);
    describe<Config>().read(reader, document.root, {}, out.config);
    std::vector<Problem> elsewhere;
    import_apis(out.config, read, reader, elsewhere);
    complete(out.config);
    check(out.config, reader);
    out.problems = reader.take();
    mark_ends(text, out.problems);
    const auto warnings = std::ranges::stable_partition(
        out.problems, [](const Problem& problem) { return !problem.is_warning; });
    out.warnings.assign(std::make_move_iterator(warnings.begin()),
                        std::make_move_iterator(warnings.end()));
    out.problems.erase(warnings.begin(), warnings.end());
    out.problems.insert(out.problems.end(), elsewhere.begin(), elsewhere.end());
    return out;
}

residency::Policy make_policy(const Config& config) {
    std::vector<residency::Jurisdiction> jurisdictions;
    for (const Jurisdiction& from : config.jurisdictions) {
        residency::Jurisdiction to = {from.name, from.countries, from.regions, from.transit, {}};
        for (const std::string& name : from.regions) {
            const Region* region = config.regions.find(name);
            if (region && region->standby) {
                to.standbys[name] = *region->standby;
                continue;
            }
            const auto other = std::find_if(from.failover.begin(), from.failover.end(),
                                            [&](const std::string& f) { return f != name; });
            if (other != from.failover.end()) to.standbys[name] = *other;
        }
        jurisdictions.push_back(std::move(to));
    }
    auto policy = residency::Policy::build(std::move(jurisdictions));
    DOMICILE_CHECK(policy.has_value());
    return *std::move(policy);
}

}  // namespace domicile::config
