#include "server/children.h"

#include <signal.h>

#include <cstdio>
#include <cstdlib>

namespace domicile::server {
namespace {
constexpr Millis kStartTimeout{20'000};
const Instant kFar{INT64_MAX / 2};

std::string described(const NodeName& node, bool alone) {
    if (alone) return "Region " + node.region;
    return "Node " + std::to_string(node.number) + " of region " + node.region;
}
}  // namespace

std::vector<NodeName> Children::of_region(const std::string& region) const {
    std::vector<NodeName> out;
    for (const auto& [node, child] : children_)
        if (node.region == region) out.push_back(node);
    return out;
}

io::Task<Result<void>> Children::start(std::string region) {
    const std::vector<NodeName> nodes = of_region(region);
    if (nodes.empty()) co_return fail(Code::not_found, "There is no such region.");
    io::TaskGroup starting;
    Result<void> outcome;
    for (const NodeName& node : nodes) starting.spawn(start_one(node, outcome));
    while (starting.running() > 0) co_await starting.drain(kFar);
    co_return outcome;
}

io::Task<void> Children::start_one(NodeName node, Result<void>& outcome) {
    const Result<void> done = co_await start_node(std::move(node));
    if (!done) outcome = done;
}

io::Task<Result<void>> Children::start_node(NodeName node) {
    Child& child = children_.at(node);
    if (child.process) co_return Result<void>{};
    io::ProcessOptions options;
    options.command = {program_, "serve", "--data", data_, "--region", node.region};
    if (!is_alone(node.region)) {
        options.command.emplace_back("--node");
        options.command.push_back(std::to_string(node.number));
    }
    for (const char* name : {"PATH", "HOME", "LANG"}) {
        if (const char* value = getenv(name)) options.environment.emplace_back(name, value);
    }
    options.capture_output = true;
    CO_TRY(child.process, io::start_process(options));
    child.ready = child.draining = child.stopping = false;
    io::spawn(supervise(node));
    const Instant deadline = io::deadline_in(kStartTimeout);
    while (child.process && !child.ready) {
        const bool notified = co_await child.changed.wait_until(deadline);
        if (!notified) break;
    }
    if (!child.ready)
        co_return fail(Code::unavailable, described(node, is_alone(node.region)) +
                                              " did not start; see above and its log.");
    co_return Result<void>{};
}

io::Task<void> Children::supervise(NodeName node) {
    Child& child = children_.at(node);
    io::TaskGroup output;
    output.spawn(read_output(child, *child.process->output()));
    const Result<int> status = co_await child.process->wait(kFar);
    child.process->output()->cancel();
    co_await output.drain(io::deadline_in(Millis(1000)));
    child.ready = false;
    if (!child.stopping) tell_end(node, status.value_or(-1));
    child.process.reset();
    child.changed.notify_all();
}

void Children::tell_end(const NodeName& node, int status) const {
    const bool alone = is_alone(node.region);
    const bool others = states().at(node.region);
    std::fprintf(stderr, "%s stopped (status %d). %s; the demo page can start it.\n",
                 described(node, alone).c_str(), status,
                 others ? "The others go on" : "Its people get 503 until it is back");
}

// A line "ready" tells that the node answers, "draining" that it is about to stop; anything else is
// a problem that it had, to be seen.
void Children::take_line(Child& child, const std::string& line) {
    if (line == "draining") {
        child.draining = true;
    } else if (line == "ready") {
        child.ready = true;
        child.changed.notify_all();
    } else {
        std::fprintf(stderr, "%s\n", line.c_str());
    }
}

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
            take_line(child, line);
            line.clear();
        }
    }
}

io::Task<Result<void>> Children::stop(std::string region, bool graceful) {
    const std::vector<NodeName> nodes = of_region(region);
    if (nodes.empty()) co_return fail(Code::not_found, "There is no such region.");
    io::TaskGroup stopping;
    for (const NodeName& node : nodes) stopping.spawn(stop_node(node, graceful));
    while (stopping.running() > 0) co_await stopping.drain(kFar);
    co_return Result<void>{};
}

io::Task<void> Children::stop_node(NodeName node, bool graceful) {
    Child& child = children_.at(node);
    child.stopping = true;
    if (child.process) child.process->signal(graceful ? SIGTERM : SIGKILL);
    const Instant deadline = io::deadline_in(patience_);
    while (child.process) {
        const bool notified = co_await child.changed.wait_until(deadline);
        if (!notified && child.process) child.process->signal(SIGKILL);
        if (!notified) break;
    }
}

std::map<NodeName, bool> Children::nodes() const {
    std::map<NodeName, bool> out;
    for (const auto& [node, child] : children_) out[node] = child.process && child.ready;
    return out;
}

std::map<std::string, bool> Children::states() const {
    std::map<std::string, bool> out;
    for (const auto& [node, up] : nodes()) out[node.region] = out[node.region] || up;
    return out;
}

bool Children::takes(const NodeName& node) const {
    const auto found = children_.find(node);
    if (found == children_.end()) return false;
    const Child& child = found->second;
    return child.process && child.ready && !child.draining;
}

void Children::signal_all(int number) const {
    for (const auto& [node, child] : children_) {
        if (child.process) child.process->signal(number);
    }
}

int Children::pid(const NodeName& node) const {
    const auto found = children_.find(node);
    return found == children_.end() || !found->second.process ? 0 : found->second.process->pid();
}

}  // namespace domicile::server
