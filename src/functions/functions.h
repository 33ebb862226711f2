// Runs functions: a pool of processes each, which speak the Lambda Runtime API.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"
#include "audit/log.h"
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
    // Whose items belong to people: only credentials of a request, bound to its subject, open them.
    std::vector<std::string> resident_tables = {};

    bool operator==(const Options&) const = default;
};

class Pipe;

struct Call {
    std::string event;           // may hold personal data and is not logged
    std::string request_id;      // a segment of a path
    std::string client_context;  // base64, for the process; may be empty
    // The end of the log of this call, 4 KiB, if wanted: to be read when the call has ended.
    std::shared_ptr<std::string> tail = {};
    // Where the answer goes in pieces, if the process answers so (StreamedCall); null: it is put
    // together.
    std::shared_ptr<Pipe> pipe = {};
};

struct Answer {
    std::string payload;  // what the handler returned, or the document of its error
    bool raised = false;  // an error
    // What the handler returned went into the pipe; `payload` is the document of an error that came
    // in the middle of it.
    bool streamed = false;
};

// internal (kRaised) when the handler raised an error.
Result<std::string> payload_of(Result<Answer> answer);

// arn:aws:lambda:REGION:000000000000:function:NAME
std::string arn_of(std::string_view region, std::string_view function);

// What a function that failed leaves its caller: a document, as Lambda writes it, or nothing where
// the failure is not the function's.
std::optional<std::string> document_of(const Error& error, std::string_view request_id,
                                       int timeout_seconds);

// What a function may do, as its configuration says: on these tables, and with its functions and
// parameters.
access::Policy policy_of(const config::Function& function, const std::vector<std::string>& tables);

class Functions {
  public:
    // With `before`, of an earlier configuration: what did not change goes on in the same process,
    // and belongs to both.
    Functions(const std::vector<config::Function>& functions, Options options,
              access::Access& access, const Functions* before = nullptr,
              audit::Log* audit = nullptr);
    ~Functions();

    // Starts the processes that are to be there, on this executor (`before` ran on the same). They
    // come up on their own; invocations wait for them, also those made before, on the same
    // executor. failed_precondition when a function's egress cannot be enforced here.
    io::Task<Result<void>> start();
    // Kills them, but for those that belong to `next` as well; on the same executor.
    io::Task<void> stop(const Functions* next = nullptr);

    // What the handler made of it. From any executor. not_found, resource_exhausted,
    // deadline_exceeded, unavailable; reasons above.
    io::Task<Result<Answer>> call(std::string function, Call call);
    // The result of the handler as JSON text; internal (kRaised) when it raised an error.
    io::Task<Result<std::string>> invoke(std::string function, std::string event,
                                         std::string request_id);

    // Adds its metrics. Once, at start.
    void report_to(telemetry::Registry& registry);
    // Whether every function that is to have a process has one that asks for work. From any
    // executor.
    bool all_running() const;

    // Credentials for a request, limited to what the function may use and bound to its subject, as
    // JSON: {"accessKeyId","secretAccessKey","sessionToken","expiration"}. Those without a subject
    // are the same for a minute. From any executor.
    std::string credentials(const config::Function& function, std::optional<std::string> subject);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace domicile::functions
