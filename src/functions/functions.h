// Runs functions: one process each, one invocation at a time, over the Lambda Runtime API.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/json.h"
#include "base/result.h"
#include "config/config.h"
#include "io/clock.h"
#include "io/task.h"
#include "telemetry/registry.h"

namespace domicile::functions {

namespace reason {
inline constexpr const char* kCrashed = "function_crashed";
inline constexpr const char* kTimedOut = "function_timed_out";
inline constexpr const char* kBusy = "function_busy";     // the queue is full
inline constexpr const char* kRaised = "function_error";  // the handler reported an error
}  // namespace reason

struct Options {
    std::string region;
    std::string config_directory;  // function folders are relative to it
    std::string aws_endpoint;      // "http://127.0.0.1:<loopback port>"
    std::size_t queue_max = 256;   // waiting invocations per function

    bool operator==(const Options&) const = default;
};

class Functions {
  public:
    // With `before`, of an earlier configuration: what did not change goes on in the same process,
    // and belongs to both.
    Functions(const std::vector<config::Function>& functions, Options options,
              access::Access& access, const Functions* before = nullptr);
    ~Functions();

    // Starts every process that does not run yet, on this executor (`before` ran on the same). They
    // come up on their own; invocations wait for them, also those made before, on the same
    // executor.
    io::Task<Result<void>> start();
    // Kills them, but for those that belong to `next` as well; on the same executor.
    io::Task<void> stop(const Functions* next = nullptr);

    // The result of the handler as JSON text. `event` may hold personal data and is not logged.
    // From any executor. not_found, resource_exhausted, deadline_exceeded, unavailable, internal;
    // reasons above.
    io::Task<Result<std::string>> invoke(std::string function, std::string event,
                                         std::string request_id);

    // Adds its metrics. Once, at start.
    void report_to(telemetry::Registry& registry);
    // Whether every function has a process that asks for work. From any executor.
    bool all_running() const;

    // Credentials for one request, limited to the function's tables and bound to the subject:
    // {"accessKeyId","secretAccessKey","sessionToken"}.
    json::object credentials(const config::Function& function, std::optional<std::string> subject);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace domicile::functions
