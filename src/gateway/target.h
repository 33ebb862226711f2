// Where a call ends that is served here: a function or an HTTP upstream. Internal.
#pragma once

#include <atomic>
#include <map>

#include "functions/event.h"
#include "functions/streamed_call.h"
#include "gateway/call.h"
#include "gateway/downstream.h"
#include "gateway/upstream.h"

namespace domicile::gateway {

http::ClientOptions client_options();

class Target {
  public:
    Target(const config::Config& config, const residency::Policy& policy,
           functions::Functions& functions, std::string region, http::Client* upstreams);
    io::Task<Result<void>> serve(Call& call);
    // The call as a function is told of it.
    functions::HttpCall describe(Call& call, const config::Function& function, std::string body);
    void report_to(telemetry::Registry& registry);
    // Health checks, on one executor.
    void start();
    io::Task<void> stop();

  private:
    io::Task<Result<void>> serve_checked(Call& call);
    io::Task<Result<void>> serve_any(Call& call);
    struct UpstreamCall;
    // invalid_argument when the rewritten path is not allowed.
    Result<void> prepare(UpstreamCall& made);
    io::Task<Result<std::unique_ptr<http::ClientResponse>>> send(UpstreamCall& made,
                                                                 class ExchangeBody& body);
    io::Task<Result<void>> run_upstream(Call& call, Upstream& upstream, Gauge::Permit permit);
    io::Task<Result<void>> reply_bad_path(Call& call, const Error& error);
    io::Task<Result<void>> not_answered(
        Call& call, bool too_large, const Result<std::unique_ptr<http::ClientResponse>>& response);
    io::Task<Result<void>> call_websocket(UpstreamCall& made);
    // What of an upstream's head goes to the client, and what we say in it.
    http::ResponseHead passed_on(const Call& call, const http::ClientResponse& response) const;
    io::Task<Result<void>> reply_failure(Call& call, Error error);
    io::Task<Result<void>> call_function(Call& call);
    io::Task<Result<void>> call_upstream(Call& call);
    io::Task<Result<void>> pass_streamed(Call& call, functions::StreamedCall& calling, bool v2);

    const config::Config& config_;
    const residency::Policy& policy_;
    functions::Functions& functions_;
    std::string region_;
    std::unique_ptr<http::Client> own_client_;  // where nobody gave one
    http::Client& client_;
    std::map<std::string, std::unique_ptr<Upstream>, std::less<>> upstreams_;
    const telemetry::Counter invalid_;
};

// The client's body as a client to elsewhere wants it.
class ExchangeBody final : public http::BodySource {
  public:
    // too_large beyond bytes_max, so that a client that never ends is not waited for. `held` is the
    // body where it was read before.
    ExchangeBody(http::Exchange& exchange, std::int64_t bytes_max,
                 const std::string* held = nullptr)
        : exchange_(exchange), left_(bytes_max), held_(held) {}
    io::Task<Result<std::string_view>> read() override;
    bool too_large() const { return left_ < 0; }
    bool started() const { return !first_; }
    // The client did not send it whole, or too much.
    bool failed() const { return failed_; }

  private:
    http::Exchange& exchange_;
    std::int64_t left_;
    const std::string* held_;
    bool first_ = true;
    bool failed_ = false;
};

// Streams a response from elsewhere to the client.
io::Task<Result<void>> pass_on(http::Exchange& exchange, http::ResponseHead head,
                               http::ClientResponse& response);

}  // namespace domicile::gateway
