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

struct Functions::Impl {
    Options options;
    access::Access& access;
    std::map<std::string, std::unique_ptr<Worker>, std::less<>> workers;
    io::TaskGroup running;
    io::Executor* executor = nullptr;  // the workers live there
};

Functions::Functions(const std::vector<config::Function>& functions, Options options,
                     access::Access& access)
    : impl_(new Impl{std::move(options), access, {}, {}, nullptr}) {
    for (const config::Function& function : functions) {
        impl_->workers.emplace(function.name, std::make_unique<Worker>(function, impl_->options));
    }
}

Functions::~Functions() = default;

io::Task<Result<void>> Functions::start() {
    impl_->executor = &io::Executor::current();
    for (auto& [name, worker] : impl_->workers) impl_->running.spawn(worker->run());
    co_return Result<void>{};
}

io::Task<void> Functions::stop() {
    for (auto& [name, worker] : impl_->workers) worker->stop();
    co_await impl_->running.drain(io::deadline_in(Millis(3000)));
}

io::Task<Result<std::string>> Functions::invoke(std::string function, std::string event,
                                                std::string request_id) {
    const auto found = impl_->workers.find(function);
    if (found == impl_->workers.end())
        co_return fail(Code::not_found, "There is no such function.");
    const bool here = impl_->executor == nullptr || impl_->executor == &io::Executor::current();
    if (here) co_return co_await found->second->invoke(std::move(event), std::move(request_id));
    co_return co_await invoke_there(*impl_->executor, *found->second, std::move(event),
                                    std::move(request_id));
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
