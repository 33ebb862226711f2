#include "functions/functions.h"

#include <map>

#include "functions/worker.h"

namespace domicile::functions {
namespace {
constexpr Millis kCredentialsLifetime{15 * 60'000};
}  // namespace

struct Functions::Impl {
    Options options;
    access::Access& access;
    std::map<std::string, std::unique_ptr<Worker>, std::less<>> workers;
    io::TaskGroup running;
};

Functions::Functions(const std::vector<config::Function>& functions, Options options,
                     access::Access& access)
    : impl_(new Impl{std::move(options), access, {}, {}}) {
    for (const config::Function& function : functions) {
        impl_->workers.emplace(function.name, std::make_unique<Worker>(function, impl_->options));
    }
}

Functions::~Functions() = default;

io::Task<Result<void>> Functions::start() {
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
    co_return co_await found->second->invoke(std::move(event), std::move(request_id));
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
