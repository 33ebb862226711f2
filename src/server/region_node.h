// One node of one region: every part, in start order. Destruction is the stop order.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/task.h"
#include "server/deployment.h"

namespace domicile::server {

class RegionNode {
  public:
    // Opens stores, migrates, replays what a crash left, starts functions and listeners. When it
    // returns, the region answers.
    static io::Task<Result<std::unique_ptr<RegionNode>>> start(const Deployment& deployment,
                                                               std::string region);
    ~RegionNode();
    // Lets requests under way end until the deadline.
    io::Task<void> stop(Instant deadline);

  private:
    struct Parts;
    explicit RegionNode(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace domicile::server
