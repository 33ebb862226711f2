// After a few failures for one identifier each further attempt must wait, twice as long every time.
// In memory: a restart forgets it. Bounded: the entry that was idle longest goes first. attempts.h
// puts this, or the same in a shared database, before its users.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "base/time.h"

namespace domicile::identity {

class AttemptLimiter {
  public:
    struct Options {
        int free_failures = 5;
        Millis first_delay{1'000};
        Millis delay_max{15 * 60'000};
        Millis forget_after{60 * 60'000};  // without a failure
        std::size_t entries_max = 100'000;
    };
    AttemptLimiter() : AttemptLimiter(Options{}) {}
    explicit AttemptLimiter(Options options) : options_(options) {}

    // resource_exhausted with reason too_many_attempts while the delay runs.
    Result<void> check(const std::string& key, Instant now);
    void failed(const std::string& key, Instant now);
    void succeeded(const std::string& key);

  private:
    struct Entry {
        int failures = 0;
        Instant last, not_before;
        std::list<std::string>::iterator age;
    };
    Options options_;
    std::mutex mutex_;
    std::unordered_map<std::string, Entry> entries_;
    std::list<std::string> by_age_;  // least recently failed first
};

// How long the next attempt has to wait after so many failures, counted from the last of them.
Millis delay_after(const AttemptLimiter::Options& options, int failures);
std::unexpected<Error> too_many_attempts();

}  // namespace domicile::identity
