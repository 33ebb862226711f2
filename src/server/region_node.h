// One node of one region: every part, in start order. Destruction is the stop order.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "io/executor.h"
#include "server/deployment.h"
#include "telemetry/access_log.h"

namespace domicile::server {

class RegionNode {
  public:
    struct Output {
        telemetry::AccessLog::Sink lines;  // of the log; must not block
        std::function<std::uint64_t()> dropped_lines;
        std::string node;
    };
    // Opens stores and puts the parts together; nothing runs yet. The deployment outlives the node.
    static Result<std::unique_ptr<RegionNode>> open(const Deployment& deployment,
                                                    std::string region, Output output);
    // When no thread runs the reactors any more, and before these go: pooled connections belong to
    // them.
    ~RegionNode();

    // Migrates, replays what a crash left, starts functions, and listeners on each of the reactors.
    // When it returns, the region answers. On the first of the reactors.
    io::Task<Result<void>> start(std::vector<io::Executor*> reactors);
    // The first step of a stop: not ready any more, and every answer is the last on its connection;
    // requests are still taken. On the first reactor, as stop().
    io::Task<void> retire();
    // Accepts nothing more and lets requests under way end, then stops what they needed. Also after
    // a start that failed. False when some did not end by the deadline: then the process has to go,
    // as after a crash, since they still use the parts.
    io::Task<bool> stop(Instant deadline);

    // Takes over the changed file and certificates without dropping a request, or keeps everything
    // as it is: invalid_argument with every problem of the file, failed_precondition (reason
    // "restart") with what only a restart can change. Logged and counted. On the first reactor.
    io::Task<Result<json::object>> reload();
    const config::Config& config() const;  // in force now; on the first reactor

    // Called from any reactor when the admin port is asked to drain the region.
    void on_drain(std::function<void()> ask);

  private:
    struct Parts;
    explicit RegionNode(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace domicile::server
