// Takes mails to the region's mail server. What is to be sent stands in a table beside the outbox
// since the commit that it is about, so that no crash loses a code; the mail itself is sealed there
// under its person's key, and goes from the outbox once the server has it, unless the region keeps
// an outbox for people to look at.
//
// Text messages go the same way to the function that sends them, by a courier of their own: they
// wait, and are counted, apart, so that one way that is closed keeps nothing from the other.
//
// One node does this, the one that sweeps. A mail is sent at least once: twice when a node dies
// between the server's word and the commit. While the server cannot be used nothing counts as an
// attempt; the courier looks again after a pause.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "identity/outbox.h"
#include "identity/types.h"
#include "io/clock.h"
#include "io/executor.h"
#include "nodes/nodes.h"
#include "sql/database.h"
#include "telemetry/registry.h"

namespace domicile::identity {

// What became of a mail, or of an attempt.
enum class MailStep : std::uint8_t {
    sent,
    refused,   // for good: it is given up
    deferred,  // the server wants it later
    failed,    // the server could not be used; no attempt of this mail
    expired,   // its code is of no use any more
    erased,    // its person's key is gone
};
constexpr std::array<std::string_view, 6> label_values(MailStep) {
    return {"sent", "refused", "deferred", "failed", "expired", "erased"};
}

class Courier {
  public:
    // The errors of the one that sends: invalid_argument (never again), unavailable with a reason
    // (this mail later), any other (the server cannot be used).
    using Send = std::function<io::Task<Result<void>>(Mail)>;
    struct Options {
        Send send = {};  // none: mails stay in the outbox
        Medium medium = Medium::email;
        // Whether anything is to be looked for; absent: always.
        std::function<bool()> in_use = {};
        std::size_t at_once = 2;
        std::int64_t queue_max = 10'000;
        Millis retry_first{30'000};
        Millis look{500};  // between two looks for new ones
    };

    // `keeps`: whether sent mails stay in the outbox.
    Courier(sql::Database& database, Outbox& outbox, io::Clock& clock, const nodes::Nodes* nodes,
            std::function<bool()> keeps, Options options);

    static sql::Component schema();
    io::Task<Result<void>> open();
    void start();
    io::Task<void> stop();
    void report_to(telemetry::Registry& registry);

    // Before anything that sends one to some people and not to others (I8): resource_exhausted
    // (reason kDelivery) while too many wait.
    Result<void> check_room() const;
    // For the batch that puts it into the outbox; nothing where nobody sends them.
    std::vector<sql::Statement> queueing(const std::string& mail_id, Timestamp expires);

  private:
    struct Waiting {
        std::string id;
        std::int64_t attempts = 0;
        Timestamp expires;
    };
    io::Task<void> run();
    io::Task<Result<void>> look();
    io::Task<void> deliver(Waiting waiting);
    io::Task<MailStep> attempt(Waiting waiting);
    io::Task<Result<void>> settle(Waiting waiting, MailStep step);
    void pause();

    sql::Database& database_;
    Outbox& outbox_;
    io::Clock& clock_;
    const nodes::Nodes* nodes_;
    const std::function<bool()> keeps_;
    const Options options_;
    const std::string table_;
    telemetry::CounterBy<MailStep> steps_;
    std::atomic<std::int64_t> waiting_ = 0;  // by the last look, and since

    // On the executor of start().
    bool stopping_ = false;
    bool looked_ = false;   // at what a run before has left
    Millis pause_{0};       // since the server could not be used
    std::size_t busy_ = 0;  // mails under way
    io::Event wake_, done_;
    io::TaskGroup loop_, running_;
};

}  // namespace domicile::identity
