// The admin port of a region.
//
//   POST   /keys              {"description": "...", "policy": {...}}   admin:CreateKey on "keys"
//   GET    /keys                                                        admin:ListKeys  on "keys"
//   POST   /keys/{id}/rotate                                            admin:RotateKey on
//   "keys/{id}" DELETE /keys/{id}                                                   admin:RevokeKey
//   on "keys/{id}"
//   GET    /healthz   the process answers; no signature
//   GET    /readyz    it may be sent requests, else 503, with its checks by name; no signature
//   GET    /metrics   Prometheus text format 0.0.4; no signature
//   POST   /reload    take over the changed configuration, as on SIGHUP; admin:Reload on "region"
//   POST   /drain     stop gracefully, as on SIGTERM; admin:Drain on "region"
//
// Errors are RFC 9457 problem documents with the code as `code`. Credentials are answered once, as
// {"access_key_id","secret_access_key"}, and never again. Whoever may create keys may give them any
// policy: admin:CreateKey is the right to do everything.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "access/access.h"
#include "audit/log.h"
#include "base/json.h"
#include "base/result.h"
#include "http/server.h"
#include "io/clock.h"
#include "io/task.h"
#include "telemetry/operations.h"

namespace domicile::api::admin {

inline constexpr const char* kService = "domicile-admin";

// One of the things that /readyz tells.
struct Check {
    std::string name;
    bool good = false;
    // Whether the region may be sent requests without it. What only some requests need is not: a
    // region that is cut off goes on serving its own people (I7).
    bool required = true;
};

class Admin {
  public:
    struct Parts {
        access::Access& access;
        audit::Log& audit;  // key changes are recorded before they take effect
        io::Clock& clock;
        std::string region;
        // From any reactor.
        std::function<io::Task<std::vector<Check>>()> checks;
        telemetry::Registry& metrics;
        std::function<void()> drain = {};  // from any reactor: the region is to stop gracefully
        // From any reactor: takes over the changed configuration, or says why not.
        std::function<io::Task<Result<json::object>>()> reload = {};
    };
    explicit Admin(Parts parts);

    // Answers one request, whatever it is; on any reactor. An error means that the connection
    // broke.
    io::Task<Result<void>> handle(http::Exchange& exchange);

    static constexpr std::size_t kBodyBytesMax = 64 * 1024;

  private:
    io::Task<Result<void>> answer_unsigned(http::Exchange& exchange);
    io::Task<Result<void>> answer_ready(http::Exchange& exchange);
    io::Task<Result<json::object>> answer(http::Exchange& exchange);
    io::Task<Result<json::object>> create(access::Principal who, std::string body);
    io::Task<Result<json::object>> list(access::Principal who);
    io::Task<Result<json::object>> rotate(access::Principal who, std::string id);
    io::Task<Result<json::object>> revoke(access::Principal who, std::string id);
    io::Task<Result<json::object>> drain(access::Principal who);
    io::Task<Result<json::object>> reload(access::Principal who);
    io::Task<Result<void>> record(std::string operation, std::string by, std::string id);

    Parts parts_;
    telemetry::Operations operations_;
};

}  // namespace domicile::api::admin
