#include "server/snapshot.h"

#include "base/check.h"
#include "server/services.h"

namespace domicile::server {
namespace {

constexpr Millis kLook{50};  // between two looks whether a replaced snapshot is still used

functions::Options function_options(const Lasting& lasting, const config::Config& config) {
    functions::Options out;
    out.region = lasting.region;
    out.config_directory = lasting.deployment.config_directory();
    const std::uint16_t port = lasting.deployment.ports.at(lasting.region).loopback;
    out.aws_endpoint = "http://127.0.0.1:" + std::to_string(port);
    for (const config::Table& table : config.tables)
        if (table.resident) out.resident_tables.push_back(table.name);
    return out;
}

}  // namespace

Snapshot::Snapshot(std::shared_ptr<const Facts> from, const Lasting& lasting,
                   const Snapshot* before)
    : facts(std::move(from)),
      functions(facts->config.functions, function_options(lasting, facts->config), lasting.access,
                before == nullptr ? nullptr : &before->functions, &lasting.audit),
      parameters(facts->config, lasting.region, lasting.deployment.config_directory()),
      lambda({.functions = functions,
              .events = lasting.events,
              .configured = facts->config.functions,
              .access = lasting.access,
              .region = lasting.region}),
      ssm(parameters, lasting.access, lasting.region),
      gateway({.config = facts->config,
               .policy = facts->policy,
               .border = lasting.border,
               .audit = lasting.audit,
               .verifier = lasting.identity.verifier(),
               .functions = functions,
               .region = lasting.region,
               .public_port = lasting.deployment.public_port,
               .upstreams = &lasting.upstreams,
               .before = before == nullptr ? nullptr : &before->gateway}) {
    const Services services{lasting.deployment,
                            facts->config,
                            lasting.region,
                            lasting.identity,
                            lasting.cognito,
                            lasting.oidc,
                            lasting.dynamodb,
                            lambda,
                            ssm,
                            gateway,
                            lasting.metrics};
    add_public_names(edge, services, sites);
    loopback = loopback_handler(services);
    functions.report_to(lasting.metrics);
    lambda.report_to(lasting.metrics);
    ssm.report_to(lasting.metrics);
    gateway.report_to(lasting.metrics);
    edge.report_to(lasting.metrics);
}

io::Task<Result<void>> Snapshot::start() {
    CO_TRY_VOID(co_await functions.start());
    gateway.start();
    co_return Result<void>{};
}

io::Task<void> Snapshot::stop(const Snapshot* next) {
    co_await gateway.stop(next == nullptr ? nullptr : &next->gateway);
    co_await functions.stop(next == nullptr ? nullptr : &next->functions);
}

Snapshots::Snapshots(std::shared_ptr<const Facts> first, Current& current, const Lasting& lasting)
    : current_(current),
      lasting_(lasting),
      newest_(std::make_shared<Snapshot>(std::move(first), lasting_, nullptr)) {}

void Snapshots::begin(const std::vector<io::Executor*>& reactors) {
    for (io::Executor* reactor : reactors) {
        slots_.push_back({reactor, std::make_shared<Pin>(newest_)});
    }
}

// Not in the coroutine that awaits it: see run_blocking.
io::Task<Result<void>> Snapshots::set_pin(Slot& slot, std::shared_ptr<Snapshot> snapshot) {
    struct Set {
        static io::Task<Result<void>> run(Slot& slot, std::shared_ptr<Snapshot> snapshot) {
            slot.pin = std::make_shared<Pin>(std::move(snapshot));
            co_return Result<void>{};
        }
    };
    return io::run_on<Result<void>>(*slot.executor,
                                    [&slot, snapshot = std::move(snapshot)]() mutable {
                                        return Set::run(slot, std::move(snapshot));
                                    });
}

io::Task<Result<void>> Snapshots::replace(std::shared_ptr<const Facts> next) {
    auto fresh = std::make_shared<Snapshot>(std::move(next), lasting_, newest_.get());
    CO_TRY_VOID(co_await fresh->start());
    replaced_.push_back(std::exchange(newest_, fresh));
    current_.set(*fresh->facts);
    for (Slot& slot : slots_) CO_TRY_VOID(co_await set_pin(slot, fresh));
    if (!std::exchange(burying_, true)) io::spawn(bury());
    co_return Result<void>{};
}

// In order: see the note at the top of the header.
io::Task<void> Snapshots::bury() {
    while (!replaced_.empty()) {
        if (replaced_.front().use_count() > 1) {
            co_await io::sleep_for(kLook);
            continue;
        }
        std::atomic_thread_fence(std::memory_order_acquire);
        const Snapshot& next = replaced_.size() > 1 ? *replaced_[1] : *newest_;
        co_await replaced_.front()->stop(&next);
        replaced_.pop_front();
    }
    burying_ = false;
}

io::Task<void> Snapshots::stop() {
    for (auto& snapshot : replaced_) co_await snapshot->stop(newest_.get());
    co_await newest_->stop(nullptr);
}

bool Snapshots::all_functions_running() const { return pin()->snapshot->functions.all_running(); }

io::Task<Result<functions::Answer>> Snapshots::call_function(std::string function,
                                                             functions::Call call) {
    const std::shared_ptr<Snapshot> held = newest_;
    co_return co_await held->functions.call(std::move(function), std::move(call));
}

const Snapshots::PinPtr& Snapshots::pin() const {
    const io::Executor* here = &io::Executor::current();
    for (const Slot& slot : slots_)
        if (slot.executor == here) return slot.pin;
    DOMICILE_CHECK(!"a request on a reactor of its own");
    return slots_.front().pin;
}

// A request begins here with what its reactor holds. When it began earlier, as a crossing, it keeps
// the older snapshot, and with it all that came after.
Snapshot& Snapshots::kept_by(http::Exchange& exchange) {
    const PinPtr& now = pin();
    exchange.keep(now);
    return *now->snapshot;
}

io::Task<Result<void>> Snapshots::handle_public(http::Exchange& exchange) {
    return kept_by(exchange).edge.handle(exchange);
}

io::Task<Result<void>> Snapshots::handle_loopback(http::Exchange& exchange) {
    return kept_by(exchange).loopback(exchange);
}

io::Task<Result<void>> Snapshots::handle_forwarded(std::string from, http::Exchange& exchange) {
    return kept_by(exchange).gateway.handle_forwarded(std::move(from), exchange);
}

io::Task<Result<void>> Snapshots::handle_crossing(const http::Handler& handler,
                                                  http::Exchange& exchange) {
    (void)kept_by(exchange);
    return handler(exchange);
}

}  // namespace domicile::server
