// The processes of one function and the calls that wait for them. Internal to functions; all of it
// lives on one executor.
//
// A call goes to a process that asks for one: to that with the least to do, and of several that are
// idle to the one that worked last, so that the others can end.
// Without one it waits, and a process is started: at once when there is none, else when the call
// has waited longer than a quick handler takes, since a start costs more than that wait.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "audit/log.h"
#include "functions/instance.h"
#include "functions/invocation.h"
#include "telemetry/outcome.h"

namespace domicile::functions {

class Pool {
  public:
    struct Metrics {
        const telemetry::CounterBy<telemetry::Outcome> invocations;
        const telemetry::TimeHistogram time;
        const telemetry::Counter starts, exits, dropped_lines;
        std::atomic<std::size_t> waiting = 0, running = 0, processes = 0;
    };

    // `access` and `audit` outlive this; without the latter nothing is recorded.
    Pool(config::Function function, Options options, access::Access& access, audit::Log* audit);
    ~Pool();

    const config::Function& function() const { return function_; }
    const Options& options() const { return options_; }
    audit::Log* audit() const { return audit_; }
    io::Task<void> run();  // keeps processes alive until stop()
    void stop();
    bool running() const { return running_; }
    // A process has asked for work, or none has to be there; from any executor, as is all that is
    // reported.
    bool ready() const { return ready_; }
    void report_to(telemetry::Registry& registry) const;
    io::Task<Result<Answer>> invoke(Call call);

    // For instances.
    void offer(Instance& instance);  // it is idle
    void give_back(std::shared_ptr<Invocation> invocation);
    const Metrics& metrics() const { return *metrics_; }
    // The process's own, for what is about nobody: no tables whose items belong to people.
    access::Credentials credentials() const;

  private:
    using Instances = std::vector<std::shared_ptr<Instance>>;

    io::Task<void> run_instance(std::shared_ptr<Instance> instance);
    void ended(const Instance& instance);
    void grow();
    void shrink();
    std::size_t wanted() const;
    Instant next_look() const;
    void start_one();
    void queue(std::shared_ptr<Invocation> invocation);
    io::Task<Result<Answer>> invoke_counted(Call call);
    io::Task<void> enforce_deadline(std::shared_ptr<Invocation> invocation);
    void fail_waiting(const Error& error);
    bool in_use() const;
    Instance* freest() const;  // null: none takes anything
    std::size_t count(bool (Instance::*is)() const) const;
    void count_load();

    // Shared with the registry, which may outlive a function that a reload removed.
    const std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
    std::atomic<bool> ready_ = false;
    const config::Function function_;
    const Options options_;
    access::Access& access_;
    audit::Log* const audit_;
    bool stopping_ = false;
    bool running_ = false;
    int failed_starts_ = 0;  // in a row, of processes that ended without having asked
    Millis pause_;           // before the next start
    Instant no_start_before_;
    Instant last_used_;
    bool used_ = false;
    Instances instances_;
    std::deque<std::shared_ptr<Invocation>> waiting_;
    io::Event changed_;
    io::TaskGroup deadlines_, running_instances_;
};

}  // namespace domicile::functions
