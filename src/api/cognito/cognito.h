// The Cognito user pool dialect over HTTP: POST / with X-Amz-Target, the CORS that browsers ask
// for, and the documents that verify its tokens. For the hosts idp.<region>.<domain> and
// cognito-idp.<region>.amazonaws.com and for the region's loopback port.
#pragma once

#include "base/result.h"
#include "http/server.h"
#include "identity/identity.h"
#include "io/task.h"
#include "telemetry/operations.h"

namespace domicile::api::cognito {

inline constexpr std::size_t kBodyBytesMax = 128 * 1024;
inline constexpr std::string_view kTargetPrefix = "AWSCognitoIdentityProviderService.";

class Cognito {
  public:
    // `identity` outlives it.
    explicit Cognito(identity::Identity& identity) : identity_(identity) {}

    // Answers every request; an error means that the connection is of no more use.
    io::Task<Result<void>> handle(http::Exchange& exchange);
    // Once, at start: each operation is counted under its name.
    void report_to(telemetry::Registry& registry);

  private:
    io::Task<Result<void>> call(http::Exchange& exchange);
    io::Task<Result<void>> document(http::Exchange& exchange);

    identity::Identity& identity_;
    telemetry::Operations operations_;
};

}  // namespace domicile::api::cognito
