// For tests of this module: a clock that stands still until it is told, and directories over a
// store.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "directory/directory.h"
#include "directory/homes.h"
#include "kv/store.h"
#include "sql/testing.h"

namespace domicile::directory::testing {

class StillClock final : public io::Clock {
  public:
    Timestamp now() const override { return time; }
    Instant monotonic() const override { return {time.ms}; }
    void pass(Millis duration) { time = time + duration; }

    Timestamp time{1'700'000'000'000};
};

inline const std::vector<std::string> kRegions = {"ap-southeast-2", "eu-central-1", "us-east-2"};
inline const Pepper kPepper{1, std::string(32, 'p')};

inline Options options_of(const std::string& region) {
    return {.region = region, .pepper = kPepper, .regions = kRegions};
}

// Waits for a task on a runtime of its own.
template <class T>
T run(std::function<io::Task<T>()> make) {
    return io::run_task<T>(std::move(make));
}

inline Result<void> claim(Directory& directory, const ClaimRequest& request) {
    return run<Result<void>>([&] { return directory.claim(request); });
}
inline std::optional<Record> record(Directory& directory, const SubjectKey& key) {
    return run<Result<std::optional<Record>>>([&] { return directory.record(key); }).value();
}
inline Located locate(Directory& directory, const SubjectKey& key) {
    return run<Result<Located>>([&] { return directory.locate(key); }).value();
}
// Everything into the copy, as following the store does it.
inline void read_all(kv::Store& store, Homes& homes) {
    const auto all = run<Result<std::vector<kv::Entry>>>(
        [&] { return store.range(std::string(), std::string(), 10'000); });
    homes.begin_reading();
    for (const kv::Entry& entry : all.value()) homes.entry(entry);
    homes.end_reading();
}
inline std::string claim_id(char letter) { return std::string(kClaimIdBytes, letter); }

}  // namespace domicile::directory::testing
