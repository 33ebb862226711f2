// SSM's parameter store, reading only: JSON 1.1 protocol, API version 2014-11-06.
// docs/compat/ssm.md says what is there.
#pragma once

#include <string>

#include "access/access.h"
#include "api/ssm/request.h"
#include "base/json.h"
#include "base/result.h"
#include "http/server.h"
#include "io/clock.h"
#include "io/task.h"
#include "parameters/parameters.h"
#include "telemetry/operations.h"

namespace domicile::api::ssm {

inline constexpr std::string_view kTargetPrefix = "AmazonSSM";

class Ssm {
  public:
    // All outlive this. `region` is what credentials must be scoped to.
    Ssm(const parameters::Parameters& parameters, access::Access& access, std::string region,
        io::Clock& clock = io::system_clock())
        : parameters_(parameters), access_(access), clock_(clock), region_(std::move(region)) {}

    // Answers one request, whatever it is; on any reactor. An error means that the connection
    // broke.
    io::Task<Result<void>> handle(http::Exchange& exchange);
    // Once for each, at start: operations are counted under their names.
    void report_to(telemetry::Registry& registry);

    static constexpr std::size_t kBodyBytesMax = 64 << 10;

  private:
    io::Task<Result<json::object>> answer(http::Exchange& exchange);
    io::Task<Result<json::object>> get_parameter(access::Principal who, json::object request);
    io::Task<Result<json::object>> get_parameters(access::Principal who, json::object request);
    io::Task<Result<json::object>> get_parameters_by_path(access::Principal who,
                                                          json::object request);
    io::Task<Result<json::object>> describe(const parameters::Entry& entry, bool decrypted) const;

    const parameters::Parameters& parameters_;
    access::Access& access_;
    io::Clock& clock_;
    const std::string region_;
    telemetry::Operations operations_;
};

}  // namespace domicile::api::ssm
