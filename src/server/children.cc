#include "server/children.h"

#include <signal.h>

#include <cstdio>
#include <cstdlib>

namespace domicile::server {
namespace {
constexpr Millis kStartTimeout{20'000};
const Instant kFar{INT64_MAX / 2};
}  // namespace

io::Task<Result<void>> Children::start(std::string region) {
    const auto found = children_.find(region);
    if (found == children_.end()) co_return fail(Code::not_found, "There is no such region.");
    Child& child = found->second;
    if (child.process) co_return Result<void>{};
    io::ProcessOptions options;
    options.command = {program_, "serve", "--data", data_, "--region", region};
    for (const char* name : {"PATH", "HOME", "LANG"}) {
        if (const char* value = getenv(name)) options.environment.emplace_back(name, value);
    }
    options.capture_output = true;
    CO_TRY(child.process, io::start_process(options));
    child.ready = false;
    child.stopping = false;
    io::spawn(supervise(region));
    const Instant deadline = io::deadline_in(kStartTimeout);
    while (child.process && !child.ready) {
        const bool notified = co_await child.changed.wait_until(deadline);
        if (!notified) break;
    }
    if (!child.ready)
        co_return fail(Code::unavailable,
                       "Region " + region + " did not start; see above and its log.");
    co_return Result<void>{};
}

io::Task<void> Children::supervise(std::string region) {
    Child& child = children_.at(region);
    io::TaskGroup output;
    output.spawn(read_output(child, *child.process->output()));
    const Result<int> status = co_await child.process->wait(kFar);
    child.process->output()->cancel();
    co_await output.drain(io::deadline_in(Millis(1000)));
    if (!child.stopping) {
        std::fprintf(stderr,
                     "Region %s stopped (status %d). Its people get 503 until it is back; the demo "
                     "page can start it.\n",
                     region.c_str(), status.value_or(-1));
    }
    child.process.reset();
    child.ready = false;
    child.changed.notify_all();
}

// A line "ready" tells that the region answers; anything else is a problem that it had, to be seen.
io::Task<void> Children::read_output(Child& child, io::Stream& output) {
    std::string line;
    std::array<char, 1024> buffer;
    for (;;) {
        const Result<std::size_t> count = co_await output.read_some(buffer, kFar);
        if (!count || *count == 0) co_return;
        for (char c : std::string_view(buffer.data(), *count)) {
            if (c != '\n') {
                line += c;
                continue;
            }
            if (line == "ready") {
                child.ready = true;
                child.changed.notify_all();
            } else {
                std::fprintf(stderr, "%s\n", line.c_str());
            }
            line.clear();
        }
    }
}

io::Task<Result<void>> Children::stop(std::string region, bool graceful) {
    const auto found = children_.find(region);
    if (found == children_.end()) co_return fail(Code::not_found, "There is no such region.");
    Child& child = found->second;
    child.stopping = true;
    if (child.process) child.process->signal(graceful ? SIGTERM : SIGKILL);
    const Instant deadline = io::deadline_in(patience_);
    while (child.process) {
        const bool notified = co_await child.changed.wait_until(deadline);
        if (!notified && child.process) child.process->signal(SIGKILL);
        if (!notified) break;
    }
    co_return Result<void>{};
}

std::map<std::string, bool> Children::states() const {
    std::map<std::string, bool> out;
    for (const auto& [region, child] : children_) out[region] = child.process && child.ready;
    return out;
}

void Children::signal_all(int number) const {
    for (const auto& [region, child] : children_) {
        if (child.process) child.process->signal(number);
    }
}

int Children::pid(const std::string& region) const {
    const auto found = children_.find(region);
    return found == children_.end() || !found->second.process ? 0 : found->second.process->pid();
}

}  // namespace domicile::server
