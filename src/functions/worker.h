// One function's process and its Runtime API endpoint. Internal to functions.
//
// The process polls /invocation/next; an invocation is handed to a poll of the current process only
// (each process has a listener of its own, closed when it exits), so that a dead one cannot swallow
// it. All of a worker lives on one executor.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>

#include "functions/functions.h"
#include "http/server.h"
#include "io/executor.h"
#include "io/process.h"
#include "telemetry/outcome.h"

namespace domicile::functions {

class Worker {
  public:
    Worker(config::Function function, Options options);
    ~Worker();

    const config::Function& function() const { return function_; }
    const Options& options() const { return options_; }
    io::Task<void> run();  // keeps a process alive until stop()
    void stop();
    bool running() const { return running_; }
    // A process has asked for work; from any executor, as is all that is reported.
    bool asks() const { return asks_; }
    void report_to(telemetry::Registry& registry) const;
    io::Task<Result<std::string>> invoke(std::string event, std::string request_id);

  private:
    struct Invocation {
        std::string id, event;
        std::string trace;  // as the Runtime API hands it on
        Instant deadline;
        bool taken = false;
        std::optional<Result<std::string>> result;
        io::Event done;
    };

    io::Task<Result<void>> run_once();
    io::Task<void> log_output(io::Stream& output);
    io::Task<void> enforce_deadline(std::shared_ptr<Invocation> invocation);
    void fail_waiting();
    std::string directory() const;  // where the function's files are
    std::vector<std::pair<std::string, std::string>> environment(const io::Endpoint& api) const;
    io::Task<Result<void>> answer(http::Exchange& exchange);
    io::Task<Result<void>> next(http::Exchange& exchange);
    io::Task<Result<void>> finish(http::Exchange& exchange, std::string_view rest);
    std::shared_ptr<Invocation> current(std::string_view id);
    void complete(Invocation& invocation, Result<std::string> result);

    struct Metrics {
        const telemetry::CounterBy<telemetry::Outcome> invocations;
        const telemetry::TimeHistogram time;
        const telemetry::Counter starts, exits;
        std::atomic<std::size_t> waiting = 0, running = 0;
    };
    io::Task<Result<std::string>> invoke_counted(std::string event, std::string request_id);
    void count_load();

    // Shared with the registry, which may outlive a function that a reload removed.
    const std::shared_ptr<Metrics> metrics_ = std::make_shared<Metrics>();
    std::atomic<bool> asks_ = false;
    const config::Function function_;
    const Options options_;
    bool stopping_ = false;
    bool running_ = false;
    bool polled_ = false;             // the current process asked for work
    int failed_starts_ = 0;           // in a row, of processes that ended without having asked
    io::Process* process_ = nullptr;  // of run_once
    std::deque<std::shared_ptr<Invocation>> waiting_;
    std::shared_ptr<Invocation> busy_;  // handed out, not answered
    io::Event changed_;
    io::TaskGroup deadlines_;
};

}  // namespace domicile::functions
