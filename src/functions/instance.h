// One process of a function and its Runtime API endpoint, from its start to its end. Internal to
// functions.
//
// Each has a listener of its own, closed when the process ends: what comes there comes from it, and
// an invocation is handed to a poll of a process that lives. It works on one at a time.
#pragma once

#include <memory>
#include <string>

#include "functions/egress.h"
#include "functions/invocation.h"
#include "functions/output.h"
#include "http/server.h"
#include "io/control_group.h"
#include "io/executor.h"
#include "io/process.h"

namespace domicile::functions {

class Pool;

class Instance {
  public:
    explicit Instance(Pool& pool);
    ~Instance();

    // Until the process has ended; the error when there was none.
    io::Task<Result<void>> run();
    // To a process that is idle.
    void hand_over(std::shared_ptr<Invocation> invocation);
    // The process and all of its group, at once.
    void kill();
    // SIGTERM, and soon after SIGKILL to what is left; for one that is idle, which it is no more.
    void end();

    bool polled() const { return polled_; }  // asked for work at least once
    bool idle() const { return idle_; }
    bool busy() const { return work_ != nullptr; }
    bool ending() const { return ending_; }
    Instant idle_since() const { return idle_since_; }

  private:
    Result<std::unique_ptr<Egress>> make_egress() const;  // null: its network is the machine's
    io::Task<void> report_egress(Egress& egress);
    void audit_egress(Egress& egress);
    io::Task<void> run_process(io::Process& process);
    io::Task<void> watch_end();
    io::Task<void> log_output(io::Stream& output);
    void log_line(std::string_view line, bool cut);
    void log_dropped(Output& output);
    std::unique_ptr<io::ControlGroup> bound_memory(io::ProcessOptions& options) const;
    std::string directory() const;  // where the function's files are
    std::vector<std::pair<std::string, std::string>> environment(const io::Endpoint& api) const;
    io::Task<Result<void>> answer(http::Exchange& exchange);
    io::Task<Result<void>> next(http::Exchange& exchange);
    io::Task<Result<bool>> wait_for_work(const class Departure& client);
    http::ResponseHead head_of(const Invocation& invocation) const;
    io::Task<Result<void>> finish(http::Exchange& exchange, std::string_view rest);
    bool has(std::string_view id) const;  // under way here, and not being answered
    io::Task<Result<void>> stream(http::Exchange& exchange, std::shared_ptr<Invocation> invocation);
    io::Task<void> report(Invocation& invocation);
    void release();
    io::Task<Result<void>> give_credentials(http::Exchange& exchange);

    Pool& pool_;
    const std::string token_;         // for its credentials
    io::Process* process_ = nullptr;  // of run()
    bool polled_ = false, idle_ = false, ending_ = false;
    Instant idle_since_;
    std::uint64_t polls_ = 0;           // a later poll takes the place of an earlier one
    std::shared_ptr<Invocation> work_;  // given to the process, not answered
    io::Event changed_;
    io::TaskGroup tasks_;
};

}  // namespace domicile::functions
