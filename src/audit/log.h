// The region's tamper-evident log: one JSON object a line, each with the SHA-256 of the line before
// (docs/formats/audit.md). No personal data: subjects appear as a keyed hash or not at all (I6).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/files.h"
#include "io/task.h"
#include "telemetry/registry.h"

namespace domicile::audit {

struct Event {
    std::string kind;  // stable: "sign_up", "refusal", "crossing_sent", "crossing_received", ...
    json::object details;  // ids, codes, route templates, region names
};

class Log {
  public:
    // Opens or makes `path`; verifies the tail and cuts off a torn last line (which was never
    // acknowledged). failed_precondition (reason "broken_chain") when the chain is broken there.
    static Result<std::unique_ptr<Log>> open(io::Files& files, const std::string& path,
                                             const std::string& region, io::Clock& clock);
    // Writes what still waits; no call may be under way. Goes before the executors that used it.
    ~Log();

    // Durable when it returns: for what must be recorded before it takes effect. Group commit: many
    // waiting events share one fsync. resource_exhausted when its queue is full.
    io::Task<Result<void>> record(Event event);
    // Queued; durable within a second (the stated loss window, for API crossings). Never blocks;
    // dropped events at the bound are counted and the count itself is recorded.
    void record_soon(Event event);
    // Adds its metrics. Once, at start; it outlives the registry's use.
    void report_to(telemetry::Registry& registry);

  private:
    struct Impl;
    explicit Log(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;  // shared with the writer on the blocking pool
};

struct Verification {
    std::uint64_t entries = 0;
    std::string head;  // hex hash of the last line; to be compared with one noted elsewhere
    std::uint64_t broken_line = 0;  // 1-based; 0 when the chain holds
    std::string problem;
};
// Offline: needs nothing but the file. not_found.
Result<Verification> verify(io::Files& files, const std::string& path);

}  // namespace domicile::audit
