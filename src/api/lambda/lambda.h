// Lambda's REST API (2015-03-31) over HTTP. docs/compat/lambda.md says what is there.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "access/access.h"
#include "api/lambda/target.h"
#include "base/json.h"
#include "base/result.h"
#include "config/config.h"
#include "events/queue.h"
#include "functions/functions.h"
#include "http/server.h"
#include "io/clock.h"
#include "io/task.h"
#include "telemetry/operations.h"

namespace domicile::api::lambda {

class Lambda {
  public:
    struct Parts {
        functions::Functions& functions;
        events::Queue& events;
        const config::NamedList<config::Function>& configured;
        access::Access& access;
        std::string region;  // what credentials must be scoped to
        io::Clock& clock = io::system_clock();
    };
    explicit Lambda(Parts parts) : parts_(std::move(parts)) {}

    // Answers one request, whatever it is; on any reactor. An error means that the connection
    // broke.
    io::Task<Result<void>> handle(http::Exchange& exchange);
    // Once for each, at start: operations are counted under their names.
    void report_to(telemetry::Registry& registry);

    static constexpr std::size_t kPayloadBytesMax = 6 << 20;

  private:
    struct Reply {
        int status = 200;
        std::string body;
        std::vector<std::pair<std::string, std::string>> headers = {};
        std::optional<Result<void>> sent = {};  // it was streamed, and this is how it went
    };

    io::Task<Result<Reply>> answer(http::Exchange& exchange);
    // `subject`: whom the caller's credentials are bound to.
    io::Task<Result<Reply>> invoke(http::Exchange& exchange, Target target, std::string payload,
                                   std::optional<std::string> subject);
    io::Task<Result<Reply>> stream(http::Exchange& exchange, const config::Function& function,
                                   functions::Call call);
    Result<json::object> describe(const Target& target) const;
    Result<json::object> list(const Target& target) const;

    const Parts parts_;
    telemetry::Operations operations_;
};

}  // namespace domicile::api::lambda
