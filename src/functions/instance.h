// One process of a function and its Runtime API endpoint, from its start to its end. Internal to
// functions.
//
// Each has a listener of its own, closed when the process ends: what comes there comes from it, and
// an invocation is handed to a process that lives and asks for it. It works on one at a time, or on
// as many as `concurrency.per_process` says.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "functions/egress.h"
#include "functions/feed.h"
#include "functions/invocation.h"
#include "functions/output.h"
#include "http/server.h"
#include "io/control_group.h"
#include "io/executor.h"
#include "io/process.h"

namespace domicile::functions {

class Pool;

inline constexpr std::string_view kCredentialsPath = "/credentials";
// To the end of an invocation's log.
void add_to_tail(std::string& tail, std::string_view line);

class Instance {
  public:
    explicit Instance(Pool& pool);
    ~Instance();

    // Until the process has ended; the error when there was none.
    io::Task<Result<void>> run();
    // To a process that takes it.
    void hand_over(std::shared_ptr<Invocation> invocation);
    // The process and all of its group, at once.
    void kill();
    // SIGTERM, and soon after SIGKILL to what is left; for one that is idle, which it is no more.
    void end();

    // It did not answer this in time. Kills the process, when it works on nothing else.
    void give_up(const std::shared_ptr<Invocation>& invocation);

    bool polled() const { return polled_; }  // asked for work at least once
    bool takes() const;                      // asks for work and may get it
    bool idle() const { return works_.empty() && takes(); }
    bool busy() const { return !works_.empty(); }
    std::size_t works() const { return works_.size(); }
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
    struct Poll;
    io::Task<void> wait_for_work(Poll& poll, const class Departure& client);
    std::size_t room() const;  // for so much work
    void seek_work();
    std::uint32_t mark_handed(Invocation& invocation);
    void release(const std::shared_ptr<Invocation>& invocation);
    http::ResponseHead head_of(const Invocation& invocation) const;
    io::Task<Result<void>> finish(http::Exchange& exchange, std::string_view rest);
    std::shared_ptr<Invocation> find(std::string_view id) const;
    io::Task<Result<void>> stream(http::Exchange& exchange, std::shared_ptr<Invocation> invocation);
    io::Task<void> report(Invocation& invocation);
    io::Task<Result<void>> feed(http::Exchange& exchange);
    FeedEvent described(const Invocation& invocation) const;
    void take(FeedReply reply);
    void settle(const std::shared_ptr<Invocation>& invocation, Answer answer);
    io::Task<void> settle_later(std::shared_ptr<Invocation> invocation, Answer answer);
    io::Task<Result<void>> give_credentials(http::Exchange& exchange);

    Pool& pool_;
    const std::string token_;         // for its credentials
    io::Process* process_ = nullptr;  // of run()
    bool polled_ = false, ending_ = false;
    bool retiring_ = false;  // something of it was given up
    Instant idle_since_;     // when it last had nothing to do
    std::deque<Poll*> polls_;
    Feed* feed_ = nullptr;
    std::uint32_t last_number_ = 0;
    std::vector<std::shared_ptr<Invocation>> works_;  // given to the process, not answered
    io::Event changed_;
    io::TaskGroup tasks_;
};

}  // namespace domicile::functions
