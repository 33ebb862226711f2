// What is made of the configuration, whole: at start, and anew at each reload while requests go on.
// Internal to server.
//
// A request keeps the snapshot that it began with. Each reactor holds its own pin on the one in
// force, so that keeping it costs no traffic between cores. Parts with state of their own
// (identity, documents) outlive snapshots and ask Current for the configuration of the moment; what
// they got stays valid since replaced snapshots go in order, each only when all requests have ended
// that began before it was replaced.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "api/cognito/cognito.h"
#include "api/dynamodb/dynamodb.h"
#include "api/lambda/lambda.h"
#include "api/oidc/oidc.h"
#include "api/ssm/ssm.h"
#include "base/live.h"
#include "edge/edge.h"
#include "events/queue.h"
#include "functions/functions.h"
#include "gateway/gateway.h"
#include "identity/identity.h"
#include "parameters/parameters.h"
#include "server/deployment.h"

namespace domicile::server {

struct Facts {
    explicit Facts(config::Config from)
        : config(std::move(from)), policy(config::make_policy(config)) {}
    const config::Config config;
    const residency::Policy policy;
};

struct Current {
    explicit Current(const Facts& facts)
        : config(facts.config), policy(facts.policy), tables(facts.config.tables) {}
    void set(const Facts& facts) {
        config.set(facts.config);
        policy.set(facts.policy);
        tables.set(facts.config.tables);
    }
    Live<config::Config> config;
    Live<residency::Policy> policy;
    Live<config::NamedList<config::Table>> tables;
};

// What every snapshot is made with; outlives them.
struct Lasting {
    const Deployment& deployment;  // its config is that of the start
    const std::string& region;
    access::Access& access;
    events::Queue& events;
    audit::Log& audit;
    border::Border& border;
    identity::Identity& identity;
    api::cognito::Cognito& cognito;
    api::oidc::Oidc& oidc;
    api::dynamodb::DynamoDb& dynamodb;
    telemetry::Registry& metrics;
    http::Client& upstreams;  // its connections belong to reactors, so no snapshot may own it
};

struct Snapshot {
    Snapshot(std::shared_ptr<const Facts> from, const Lasting& lasting, const Snapshot* before);

    // What runs by itself, on the first reactor; stop() leaves what belongs to `next` as well.
    io::Task<Result<void>> start();
    io::Task<void> stop(const Snapshot* next);

    const std::shared_ptr<const Facts> facts;
    functions::Functions functions;
    parameters::Parameters parameters;
    api::lambda::Lambda lambda;
    api::ssm::Ssm ssm;
    gateway::Gateway gateway;
    std::vector<std::unique_ptr<edge::Site>> sites;
    edge::Edge edge;         // the public names
    http::Handler loopback;  // the loopback port
};

class Snapshots {
  public:
    Snapshots(std::shared_ptr<const Facts> first, Current& current, const Lasting& lasting);

    // Before anything is handled.
    void begin(const std::vector<io::Executor*>& reactors);
    // On the first reactor, as all that follows but handlers.
    io::Task<Result<void>> start() { return newest_->start(); }
    // From here on requests begin with what is made of `next`.
    io::Task<Result<void>> replace(std::shared_ptr<const Facts> next);
    io::Task<void> stop();
    const Facts& facts() const { return *newest_->facts; }
    // From any executor.
    bool all_functions_running() const;
    // Functions::call of the newest, which is kept until it has answered.
    io::Task<Result<functions::Answer>> call_function(std::string function, functions::Call call);

    // For the servers of every reactor.
    io::Task<Result<void>> handle_public(http::Exchange& exchange);
    io::Task<Result<void>> handle_loopback(http::Exchange& exchange);
    io::Task<Result<void>> handle_forwarded(std::string from, http::Exchange& exchange);
    // `handler` outlives this, and its requests may ask Current.
    io::Task<Result<void>> handle_crossing(const http::Handler& handler, http::Exchange& exchange);

  private:
    struct Pin {
        std::shared_ptr<Snapshot> snapshot;
    };
    using PinPtr = std::shared_ptr<const Pin>;
    struct Slot {
        io::Executor* executor;
        PinPtr pin;  // touched on the executor only
    };
    const PinPtr& pin() const;
    Snapshot& kept_by(http::Exchange& exchange);
    io::Task<Result<void>> set_pin(Slot& slot, std::shared_ptr<Snapshot> snapshot);
    io::Task<void> bury();

    Current& current_;
    const Lasting lasting_;
    std::shared_ptr<Snapshot> newest_;
    std::deque<std::shared_ptr<Snapshot>> replaced_;  // the oldest first
    bool burying_ = false;
    std::vector<Slot> slots_;
};

}  // namespace domicile::server
