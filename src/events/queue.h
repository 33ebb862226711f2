// Calls of functions that nobody waits for. An event is durable when it is taken, and stays in the
// table until its function has answered, its tries are over or it is too old: it is run at least
// once, and, when a node dies in between, perhaps twice.
//
// The node that takes an event runs it itself when the function has room for it: then it holds the
// row from the start. What is free, for want of room, after a failure or after the death of its
// holder, any node takes that has room. A payload is sealed while it waits, under the key of the
// person it is about: without the key the event is gone.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/live.h"
#include "config/config.h"
#include "events/store.h"
#include "functions/functions.h"
#include "keyring/keyring.h"
#include "nodes/nodes.h"
#include "telemetry/registry.h"

namespace domicile::events {

struct Event {
    std::string id;                      // the request's: a UUID
    std::string payload;                 // JSON
    std::optional<std::string> subject;  // whom it is about, where that is known
};

// How an event ended, or went on.
enum class Step : std::uint8_t {
    accepted,
    refused,  // the queue was full
    succeeded,
    retried,    // an attempt failed, and another follows
    postponed,  // it could not be tried
    exhausted,  // the last attempt failed
    expired,
    erased,  // its subject's key is gone
};
constexpr std::array<std::string_view, 8> label_values(Step) {
    return {"accepted",  "refused",   "succeeded", "retried",
            "postponed", "exhausted", "expired",   "erased"};
}

class Queue {
  public:
    struct Parts {
        Ref<config::Config> config;
        sql::Database& database;
        keyring::Keyring& keyring;
        nodes::Nodes& nodes;
        // Functions::call of the moment; on the executor of start().
        std::function<io::Task<Result<functions::Answer>>(std::string, functions::Call)> call;
        std::string region;
        io::Clock& clock;
        io::Random& random;
        Millis look{1000};  // between two looks for what others left
    };
    explicit Queue(Parts parts);
    ~Queue();

    // Makes the table.
    io::Task<Result<void>> open();
    // Runs events from now on, on this executor.
    void start();
    // Begins no more, and waits for those under way; they may still call the region.
    io::Task<void> stop(Instant deadline);
    // After the functions have ended: leaves what is not done to other nodes, or to the next start.
    io::Task<void> release();
    void report_to(telemetry::Registry& registry) { registry_ = &registry; }

    // Durable when it returns. From any executor; `function` outlives the call. resource_exhausted
    // when the function's queue is full, permission_denied when the subject has no key here.
    io::Task<Result<void>> accept(const config::Function& function, Event event);

    static constexpr std::size_t kPayloadBytesMax = 1 << 20;

  private:
    struct Metrics {
        const telemetry::CounterBy<Step> steps;
        std::atomic<std::int64_t> events = 0, bytes = 0;
    };
    struct Amount {
        std::int64_t events = 0, bytes = 0;
        Amount& operator+=(const Amount& other);
        Amount& operator-=(const Amount& other);
    };
    struct Lane {  // of a function
        std::shared_ptr<Metrics> metrics = std::make_shared<Metrics>();
        Amount held;              // by the last count, and since
        Amount promised;          // the part of it that is being written
        Amount written;           // what was, since the last count began: it may have missed it
        std::size_t running = 0;  // here
        bool waiting = false;     // there may be free ones
    };
    struct Job {
        Stored event;
        std::optional<std::string> payload;  // in clear, when it has not waited
    };
    // A row of which nobody knows whether it is there, or whether this run holds it.
    struct Stray {
        std::string id;
        bool remove = false;
    };

    Lane& lane(const std::string& function);  // under the mutex
    Result<bool> reserve(const config::Function& function, std::size_t bytes);
    void promise(Lane& lane, Amount amount);  // under the mutex
    void end_promise(const std::string& function, Amount amount);
    void leave(const std::string& function);
    void note(const std::string& function, Step step);
    void begin(Job job);
    io::Task<Result<keyring::DataKey>> key_of(std::optional<std::string> subject);

    io::Task<void> run();
    io::Task<Result<void>> look();
    io::Task<Result<void>> settle_strays();
    io::Task<Result<void>> free_what_the_dead_hold();
    io::Task<Result<void>> count();
    io::Task<Result<void>> bury_expired();
    io::Task<Result<void>> take_due();
    std::vector<Store::Wish> wishes();
    io::Task<Result<std::vector<Stored>>> take(std::vector<std::string> ids);

    io::Task<void> work(Job job);
    io::Task<void> attempt(Job job);
    io::Task<Result<std::string>> open_payload(const Stored& event);
    io::Task<void> settle(Job job, Result<functions::Answer> result);
    io::Task<void> conclude(Job job, Step how, std::optional<std::string> answer);
    io::Task<void> replace(Job job, Step how, std::optional<std::string> answer,
                           std::string heard_by);
    const config::Function* hears_of(const std::string& function, Step how) const;
    io::Task<bool> room_for_record(std::string function);
    io::Task<void> postpone(Stored event);
    io::Task<void> write_at_last(std::vector<sql::Statement> batch);
    void wake();

    const Parts parts_;
    Store store_;
    const keyring::DataKey region_key_;
    telemetry::Registry* registry_ = nullptr;
    std::atomic<io::Executor*> executor_ = nullptr;  // null: nothing is run yet, or any more

    std::mutex mutex_;  // for these three
    std::map<std::string, Lane, std::less<>> lanes_;
    std::vector<Stray> strays_;
    bool changed_ = true;  // since the last count

    // On the executor.
    bool stopping_ = false, woken_ = false;
    std::set<std::string> silent_;  // holders that seemed dead at the last look
    io::Event wake_;
    io::Event stop_;  // told once
    io::TaskGroup loop_, running_;
};

}  // namespace domicile::events
