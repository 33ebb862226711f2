// Calls of etcd's JSON gateway at whichever member answers: deadlines, failover, tokens. It knows
// what may be sent again; what the messages mean is the codec's. Thread-safe: each executor has its
// own connections.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "base/json.h"
#include "http/client.h"
#include "io/task.h"
#include "kv/etcd.h"
#include "telemetry/registry.h"

namespace domicile::kv::etcd {

// Of one attempt at one member.
enum class Outcome : std::uint8_t { ok, refused, not_done, unknown };
constexpr std::array<std::string_view, 4> label_values(Outcome) {
    return {"ok", "refused", "not_done", "unknown"};
}

class Client {
  public:
    static Result<std::unique_ptr<Client>> make(EtcdOptions options);

    // Tries members until one answers, the answer is a refusal or call_timeout is over. What is
    // repeatable is sent again also when it may have been carried out; anything else ends with
    // unavailable, reason "outcome_unknown", then. When no member has answered for a while, each
    // is tried once and there is no waiting, so that callers hear of an outage at once.
    io::Task<Result<json::object>> call(std::string path, json::object body, bool repeatable);
    // Opens a stream at one member; its pieces may be kIdleTimeout apart.
    io::Task<Result<std::unique_ptr<http::ClientResponse>>> open(std::string path,
                                                                 json::object body);

    const EtcdOptions& options() const { return options_; }
    void report_to(telemetry::Registry& registry, const std::string& name);

  private:
    explicit Client(EtcdOptions options, std::unique_ptr<io::TlsClient> tls);
    struct Attempt;

    io::Task<Attempt> attempt(std::size_t member, std::string path, std::string body,
                              Instant deadline);
    io::Task<Attempt> send(std::size_t member, std::string path, std::string body,
                           std::string token, Instant deadline);
    io::Task<Attempt> authenticate(std::size_t member, Instant deadline);
    io::Task<Attempt> ask_for_token(std::size_t member, Instant deadline);
    io::Task<Result<std::unique_ptr<http::ClientResponse>>> post(http::Client& client,
                                                                 std::size_t member,
                                                                 std::string path, std::string body,
                                                                 std::string token,
                                                                 Instant deadline);
    std::string token() const;
    void drop_token(const std::string& stale);
    bool seems_down() const;
    void note(std::size_t member, Outcome outcome);

    const EtcdOptions options_;
    const std::unique_ptr<io::TlsClient> tls_;
    http::Client calls_;
    http::Client streams_;
    std::atomic<std::size_t> preferred_ = 0;      // the member that answered last
    std::atomic<std::int64_t> silent_since_ = 0;  // monotonic ms; 0: the last attempt was answered

    mutable std::mutex mutex_;
    std::string token_;      // under mutex_; empty: none
    bool renewing_ = false;  // under mutex_: somebody asks for one

    telemetry::CounterBy<Outcome> attempts_;
    telemetry::Counter failovers_;
};

}  // namespace domicile::kv::etcd
