// Calls of an S3 service: signed, with deadlines, sent again where that does no harm. Every request
// of the store is one that may be carried out twice: bodies are written once, and a put is told
// from another by its mark. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "blob/s3_protocol.h"
#include "http/client.h"
#include "io/task.h"
#include "io/tls.h"
#include "telemetry/registry.h"

namespace domicile::blob::s3 {

// Of one attempt.
enum class Outcome : std::uint8_t { ok, refused, failed };
constexpr std::array<std::string_view, 3> label_values(Outcome) {
    return {"ok", "refused", "failed"};
}

// The answer to a call, body and all.
struct Answer {
    std::string body;
    std::string etag, mark;
    std::optional<std::uint64_t> length;
    std::optional<Timestamp> modified;
};

// What became of the attempts before the last.
struct History {
    bool maybe_done = false;  // one of them may have been carried out
    // Set by the caller: the call is no longer wanted, so that no attempt follows the present one.
    bool give_up = false;
};

class Client {
  public:
    static Result<std::unique_ptr<Client>> make(S3Options options);

    // The errors of the store, and unavailable when attempts_max or call_timeout is reached.
    io::Task<Result<Answer>> call(const Request& request, History& history);
    // A response of success whose body is to be read.
    io::Task<Result<std::unique_ptr<http::ClientResponse>>> open(const Request& request);
    // The wait after so many failed attempts.
    Millis backoff(std::size_t attempts) const;

    const S3Options& options() const { return options_; }
    void report_to(telemetry::Registry& registry, const std::string& name);
    // An upload that could not be aborted: the service keeps its parts.
    void note_leftover() { leftovers_.add(); }

  private:
    struct Attempt;
    Client(S3Options options, std::unique_ptr<io::TlsClient> tls);

    io::Task<Result<std::unique_ptr<http::ClientResponse>>> send(const Request& request);
    io::Task<Attempt> attempt(const Request& request, bool whole);
    io::Task<Result<Attempt>> repeat(const Request& request, History& history, bool whole);
    crypto::HeaderList sign(const Request& request) const;

    const S3Options options_;
    const std::string host_field_;
    const std::unique_ptr<io::TlsClient> tls_;
    http::Client http_;
    telemetry::CounterBy<Operation, Outcome> attempts_;
    telemetry::Counter leftovers_;
};

}  // namespace domicile::blob::s3
