// front.<domain>: where the person says they are, and the regions' switches. Internal to server.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/json.h"
#include "front/front.h"
#include "http/server.h"
#include "server/children.h"
#include "server/deployment.h"

namespace domicile::server {

class FrontControl {
  public:
    struct Regions {
        std::function<std::map<std::string, bool>()> states;  // region -> up
        std::function<std::map<NodeName, bool>()> nodes;
        std::function<io::Task<Result<void>>(std::string)> start, stop;
        std::function<void()> moved;  // the person is somewhere else now
    };
    FrontControl(const Deployment& deployment, front::Whereabouts& whereabouts, Regions regions)
        : deployment_(deployment), whereabouts_(whereabouts), regions_(std::move(regions)) {}

    // GET, POST /where {"country"}; GET /regions; POST /regions/<id>/start and /stop.
    io::Task<Result<void>> handle(http::Exchange& exchange);

  private:
    io::Task<Result<void>> reply(http::Exchange& exchange, int status, json::object body);
    io::Task<Result<void>> where(http::Exchange& exchange);
    io::Task<Result<void>> list(http::Exchange& exchange);
    io::Task<Result<void>> switch_region(http::Exchange& exchange, std::string rest);
    const Deployment& deployment_;
    front::Whereabouts& whereabouts_;
    Regions regions_;
};

}  // namespace domicile::server
