#include "functions/functions.h"

#include <map>

#include "functions/worker.h"

namespace domicile::functions {
namespace {
constexpr Millis kCredentialsLifetime{15 * 60'000};

// Not in the coroutine that awaits it: see run_blocking.
io::Task<Result<std::string>> invoke_there(io::Executor& executor, Worker& worker,
                                           std::string event, std::string request_id) {
    return io::run_on<Result<std::string>>(
        executor,
        [&worker, event = std::move(event), request_id = std::move(request_id)]() mutable {
            return worker.invoke(std::move(event), std::move(request_id));
        });
}
}  // namespace

// What runs, whichever configuration it belongs to.
struct Crew {
    io::TaskGroup running;
    io::Executor* executor = nullptr;  // the workers live there
};

struct Functions::Impl {
    using Workers = std::map<std::string, std::shared_ptr<Worker>, std::less<>>;

    bool has(const Worker& worker) const {
        const auto found = workers.find(worker.function().name);
        return found != workers.end() && found->second.get() == &worker;
    }

    Options options;
    access::Access& access;
    std::shared_ptr<Crew> crew;
    Workers workers;
};

namespace {

io::Task<void> run(std::shared_ptr<Worker> worker) { co_await worker->run(); }

}  // namespace

Functions::Functions(const std::vector<config::Function>& functions, Options options,
                     access::Access& access, const Functions* before)
    : impl_(new Impl{std::move(options), access, {}, {}}) {
    impl_->crew = before != nullptr ? before->impl_->crew : std::make_shared<Crew>();
    for (const config::Function& function : functions) {
        std::shared_ptr<Worker>& worker = impl_->workers[function.name];
        if (before != nullptr) {
            const auto found = before->impl_->workers.find(function.name);
            const bool same = found != before->impl_->workers.end() &&
                              found->second->function() == function &&
                              found->second->options() == impl_->options;
            if (same) worker = found->second;
        }
        if (!worker) worker = std::make_shared<Worker>(function, impl_->options);
    }
}

Functions::~Functions() = default;

io::Task<Result<void>> Functions::start() {
    impl_->crew->executor = &io::Executor::current();
    for (auto& [name, worker] : impl_->workers) {
        if (!worker->running()) impl_->crew->running.spawn(run(worker));
    }
    co_return Result<void>{};
}

io::Task<void> Functions::stop(const Functions* next) {
    for (auto& [name, worker] : impl_->workers) {
        if (next == nullptr || !next->impl_->has(*worker)) worker->stop();
    }
    if (next == nullptr) co_await impl_->crew->running.drain(io::deadline_in(Millis(3000)));
}

io::Task<Result<std::string>> Functions::invoke(std::string function, std::string event,
                                                std::string request_id) {
    const auto found = impl_->workers.find(function);
    if (found == impl_->workers.end())
        co_return fail(Code::not_found, "There is no such function.");
    io::Executor* home = impl_->crew->executor;
    const bool here = home == nullptr || home == &io::Executor::current();
    if (here) co_return co_await found->second->invoke(std::move(event), std::move(request_id));
    co_return co_await invoke_there(*home, *found->second, std::move(event), std::move(request_id));
}

void Functions::report_to(telemetry::Registry& registry) {
    for (const auto& [name, worker] : impl_->workers) worker->report_to(registry);
}

bool Functions::all_running() const {
    return std::ranges::all_of(impl_->workers,
                               [](const auto& entry) { return entry.second->asks(); });
}

json::object Functions::credentials(const config::Function& function,
                                    std::optional<std::string> subject) {
    access::Statement statement;
    statement.operations = {"dynamodb:*"};
    for (const std::string& table : function.tables)
        statement.resources.push_back("table/" + table);
    access::Policy policy;
    if (!statement.resources.empty()) policy.statements.push_back(std::move(statement));
    const access::Credentials issued =
        impl_->access.issue_session(policy, std::move(subject), kCredentialsLifetime);
    return {{"accessKeyId", issued.access_key_id},
            {"secretAccessKey", issued.secret_access_key.expose()},
            {"sessionToken", issued.session_token},
            {"expiration", to_rfc3339(issued.expires)}};
}

}  // namespace domicile::functions
