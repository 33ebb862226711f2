// The Cognito user pool dialect over HTTP: POST / with X-Amz-Target, the CORS that browsers ask
// for, and the documents that verify its tokens. For the hosts idp.<region>.<domain> and
// cognito-idp.<region>.amazonaws.com and for the region's loopback port.
#pragma once

#include <string>

#include "access/access.h"
#include "api/cognito/error.h"
#include "base/json.h"
#include "base/result.h"
#include "http/server.h"
#include "identity/identity.h"
#include "io/clock.h"
#include "io/task.h"
#include "limits/limiter.h"
#include "telemetry/operations.h"

namespace domicile::api::cognito {

inline constexpr std::size_t kBodyBytesMax = 128 * 1024;
inline constexpr std::string_view kTargetPrefix = "AWSCognitoIdentityProviderService.";

class Cognito {
  public:
    // All outlive it. `region` is what credentials of administrators must be scoped to. Without
    // `limiter` nothing is counted by where it comes from.
    Cognito(identity::Identity& identity, access::Access& access, std::string region,
            io::Clock& clock = io::system_clock(), limits::Limiter* limiter = nullptr)
        : identity_(identity),
          access_(access),
          region_(std::move(region)),
          clock_(clock),
          limiter_(limiter) {}

    // Answers every request; an error means that the connection is of no more use.
    io::Task<Result<void>> handle(http::Exchange& exchange);
    // Once, at start: each operation is counted under its name.
    void report_to(telemetry::Registry& registry);

  private:
    io::Task<Result<void>> call(http::Exchange& exchange);
    io::Task<Result<void>> document(http::Exchange& exchange);

    io::Task<Outcome<json::object>> run(http::Exchange& exchange, std::string name,
                                        std::string body);
    // An operation of people, if its address and client may.
    io::Task<Outcome<json::object>> run_limited(http::Exchange& exchange, std::string name,
                                                json::object request);

    identity::Identity& identity_;
    access::Access& access_;
    const std::string region_;
    io::Clock& clock_;
    limits::Limiter* const limiter_;
    telemetry::Operations operations_;
};

}  // namespace domicile::api::cognito
