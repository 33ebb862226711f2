// Where a call ends that is served here: a function or an HTTP upstream. Internal.
#pragma once

#include <atomic>
#include <map>

#include "functions/event.h"
#include "gateway/call.h"
#include "gateway/downstream.h"
#include "gateway/metrics.h"

namespace domicile::gateway {

class Target {
  public:
    Target(const config::Config& config, const residency::Policy& policy,
           functions::Functions& functions, std::string region, http::Client* upstreams);
    io::Task<Result<void>> serve(Call& call);
    void report_to(telemetry::Registry& registry);

  private:
    io::Task<Result<void>> call_function(Call& call);
    io::Task<Result<void>> call_upstream(Call& call);
    functions::HttpCall describe(Call& call, const config::Function& function, std::string body);

    const config::Config& config_;
    const residency::Policy& policy_;
    functions::Functions& functions_;
    std::string region_;
    std::map<std::string, UpstreamMetrics, std::less<>> metrics_;  // one for each upstream
    std::unique_ptr<http::Client> own_client_;                     // where nobody gave one
    http::Client& client_;
    std::atomic<std::size_t> turn_ = 0;  // round robin over an upstream's addresses
};

// The client's body as a client to elsewhere wants it.
class ExchangeBody final : public http::BodySource {
  public:
    // too_large beyond bytes_max, so that a client that never ends is not waited for.
    ExchangeBody(http::Exchange& exchange, std::int64_t bytes_max)
        : exchange_(exchange), left_(bytes_max) {}
    io::Task<Result<std::string_view>> read() override;
    bool too_large() const { return left_ < 0; }

  private:
    http::Exchange& exchange_;
    std::int64_t left_;
    bool first_ = true;
};

// Streams a response from elsewhere to the client.
io::Task<Result<void>> pass_on(http::Exchange& exchange, http::ResponseHead head,
                               http::ClientResponse& response);

}  // namespace domicile::gateway
