// One node of one region: every part, in start order. Destruction is the stop order.
#pragma once

#include <memory>
#include <string>
#include <vector>

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
    // Lets requests under way end until the deadline. On the first reactor; also after a start that
    // failed.
    io::Task<void> stop(Instant deadline);

  private:
    struct Parts;
    explicit RegionNode(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace domicile::server
