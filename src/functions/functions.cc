#include "functions/functions.h"

#include <map>
#include <mutex>

#include "functions/json_text.h"
#include "functions/pool.h"

namespace domicile::functions {
namespace {
constexpr Millis kCredentialsLifetime{15 * 60'000};
constexpr Millis kCredentialsKept{60'000};  // those that are nobody's

std::string error_document(std::string_view type, std::string message) {
    return json::serialize(json::object{{"errorType", type}, {"errorMessage", std::move(message)}});
}

// Not in the coroutine that awaits it: see run_blocking.
io::Task<Result<Answer>> invoke_there(io::Executor& executor, Pool& pool, Call call) {
    return io::run_on<Result<Answer>>(executor, [&pool, call = std::move(call)]() mutable {
        return pool.invoke(std::move(call));
    });
}
}  // namespace

// What runs, whichever configuration it belongs to.
struct Crew {
    io::TaskGroup running;
    io::Executor* executor = nullptr;  // the pools live there
};

struct Functions::Impl {
    Impl(Options o, access::Access& a) : options(std::move(o)), access(a) {}
    using Pools = std::map<std::string, std::shared_ptr<Pool>, std::less<>>;

    bool has(const Pool& pool) const {
        const auto found = pools.find(pool.function().name);
        return found != pools.end() && found->second.get() == &pool;
    }

    std::string issue(const config::Function& function, std::optional<std::string> subject) const;

    Options options;
    access::Access& access;
    std::shared_ptr<Crew> crew;
    Pools pools;

    struct Issued {
        std::string text;
        std::int64_t until_ns = 0;
    };
    const io::Clock& clock = io::system_clock();
    std::mutex mutex;
    std::map<std::string, Issued, std::less<>> issued;  // under mutex
};

std::string Functions::Impl::issue(const config::Function& function,
                                   std::optional<std::string> subject) const {
    const access::Policy policy = policy_of(function, function.tables);
    const access::Credentials made =
        access.issue_session(policy, std::move(subject), kCredentialsLifetime);
    JsonText out;
    out.object().member("accessKeyId", made.access_key_id);
    out.member("secretAccessKey", made.secret_access_key.expose());
    out.member("sessionToken", made.session_token);
    return out.member("expiration", to_rfc3339(made.expires)).end_object().take();
}

namespace {

io::Task<void> run(std::shared_ptr<Pool> pool) { co_await pool->run(); }

}  // namespace

Functions::Functions(const std::vector<config::Function>& functions, Options options,
                     access::Access& access, const Functions* before, audit::Log* audit)
    : impl_(new Impl(std::move(options), access)) {
    impl_->crew = before != nullptr ? before->impl_->crew : std::make_shared<Crew>();
    for (const config::Function& function : functions) {
        std::shared_ptr<Pool>& pool = impl_->pools[function.name];
        if (before != nullptr) {
            const auto found = before->impl_->pools.find(function.name);
            const bool same = found != before->impl_->pools.end() &&
                              found->second->function() == function &&
                              found->second->options() == impl_->options;
            if (same) pool = found->second;
        }
        if (!pool) pool = std::make_shared<Pool>(function, impl_->options, impl_->access, audit);
    }
}

Functions::~Functions() = default;

io::Task<Result<void>> Functions::start() {
    for (const auto& [name, pool] : impl_->pools) {
        if (pool->function().egress != config::Egress::enforced) continue;
        const auto possible = io::NetworkNamespace::create();
        if (!possible)
            co_return fail(Code::failed_precondition,
                           "The egress of the function " + name +
                               " is to be enforced, which cannot be done here. " +
                               possible.error().message);
    }
    impl_->crew->executor = &io::Executor::current();
    for (auto& [name, pool] : impl_->pools) {
        if (!pool->running()) impl_->crew->running.spawn(run(pool));
    }
    co_return Result<void>{};
}

io::Task<void> Functions::stop(const Functions* next) {
    for (auto& [name, pool] : impl_->pools) {
        if (next == nullptr || !next->impl_->has(*pool)) pool->stop();
    }
    if (next == nullptr) co_await impl_->crew->running.drain(io::deadline_in(Millis(3000)));
}

io::Task<Result<Answer>> Functions::call(std::string function, Call call) {
    const auto found = impl_->pools.find(function);
    if (found == impl_->pools.end()) co_return fail(Code::not_found, "There is no such function.");
    io::Executor* home = impl_->crew->executor;
    const bool here = home == nullptr || home == &io::Executor::current();
    if (here) co_return co_await found->second->invoke(std::move(call));
    co_return co_await invoke_there(*home, *found->second, std::move(call));
}

io::Task<Result<std::string>> Functions::invoke(std::string function, std::string event,
                                                std::string request_id) {
    Call wanted;
    wanted.event = std::move(event);
    wanted.request_id = std::move(request_id);
    Result<Answer> answer = co_await call(std::move(function), std::move(wanted));
    co_return payload_of(std::move(answer));
}

Result<std::string> payload_of(Result<Answer> answer) {
    if (!answer) return std::unexpected(std::move(answer).error());
    if (answer->raised)
        return fail(Code::internal, "The function raised an error.", reason::kRaised);
    return std::move(answer->payload);
}

void Functions::report_to(telemetry::Registry& registry) {
    for (const auto& [name, pool] : impl_->pools) pool->report_to(registry);
}

bool Functions::all_running() const {
    return std::ranges::all_of(impl_->pools,
                               [](const auto& entry) { return entry.second->ready(); });
}

std::string arn_of(std::string_view region, std::string_view function) {
    return "arn:aws:lambda:" + std::string(region) +
           ":000000000000:function:" + std::string(function);
}

std::optional<std::string> document_of(const Error& error, std::string_view request_id,
                                       int timeout_seconds) {
    const std::string about = "RequestId: " + std::string(request_id) + " Error: ";
    if (error.reason == reason::kTimedOut)
        return error_document(
            "Sandbox.Timedout",
            about + "Task timed out after " + std::to_string(timeout_seconds) + ".00 seconds");
    if (error.reason == reason::kCrashed)
        return error_document("Runtime.ExitError",
                              about + "Runtime exited without providing a reason");
    return std::nullopt;
}

access::Policy policy_of(const config::Function& function, const std::vector<std::string>& tables) {
    access::Statement items{{"dynamodb:*"}, {}};
    for (const std::string& table : tables) items.resources.push_back("table/" + table);
    access::Statement calls{{"lambda:InvokeFunction"}, {}};
    for (const std::string& name : function.invokes) calls.resources.push_back("function/" + name);
    access::Statement reads{{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"},
                            {}};
    for (const std::string& name : function.parameters)
        reads.resources.push_back("parameter" + name);
    access::Policy out;
    for (access::Statement* statement : {&items, &calls, &reads})
        if (!statement->resources.empty()) out.statements.push_back(std::move(*statement));
    return out;
}

std::string Functions::credentials(const config::Function& function,
                                   std::optional<std::string> subject) {
    if (subject) return impl_->issue(function, std::move(subject));
    // Nobody's are the same for everybody: they are made once in a while.
    const std::int64_t now = impl_->clock.monotonic_ns();
    const std::lock_guard lock(impl_->mutex);
    Impl::Issued& kept = impl_->issued[function.name];
    if (kept.text.empty() || now >= kept.until_ns)
        kept = {impl_->issue(function, std::nullopt), now + kCredentialsKept.count() * 1'000'000};
    return kept.text;
}

}  // namespace domicile::functions
