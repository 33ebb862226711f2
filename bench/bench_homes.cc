// A region's copy of all homes (directory/homes.h), filled as the watch fills it: look-ups of keys
// that were computed before, one by one and many at once; memory for each key; what computing a key
// costs. One thread.
//
//   bench_homes [--keys N] [--seconds S]
//
// Prints one JSON object; rates are look-ups a second.
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"
#include "directory/homes.h"
#include "directory/record.h"
#include "generator.h"

namespace domicile::bench {
namespace {

// The time of this thread's processor: what one core does.
struct Clock {
    using duration = std::chrono::nanoseconds;
    using time_point = std::chrono::time_point<Clock, duration>;
    static time_point now() {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return time_point(std::chrono::seconds(time.tv_sec) +
                          std::chrono::nanoseconds(time.tv_nsec));
    }
};
using directory::Home;
using directory::KeyBits;

constexpr std::size_t kAsked = 4'000'000;
constexpr std::size_t kTogether = 1'000;
const std::vector<std::string> kRegions = {"ap-southeast-2", "eu-central-1", "us-east-2"};

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::size_t resident_bytes() {
    std::size_t all = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// SplitMix64: as even as an HMAC, and any of them can be had again by its number.
std::uint64_t mixed(std::uint64_t number) {
    number += 0x9e3779b97f4a7c15;
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
    number = (number ^ number >> 27) * 0x94d049bb133111eb;
    return number ^ number >> 31;
}
KeyBits key_of(std::uint64_t person) { return {mixed(2 * person), mixed(2 * person + 1)}; }

std::string store_key(KeyBits key) {
    std::string out = "k/";
    directory::append_u64(out, key.high);
    directory::append_u64(out, key.low);
    return out;
}

void fill(directory::Homes& homes, std::size_t people) {
    std::vector<KeyBits> keys;
    keys.reserve(people);
    for (std::size_t i = 0; i < people; ++i) keys.push_back(key_of(i));
    std::ranges::sort(keys);
    std::vector<std::string> records;
    for (const std::string& region : kRegions)
        records.push_back(
            directory::encode({region, directory::State::active, 0, std::string(16, 'c'), {}}));
    homes.begin_reading();
    for (const KeyBits key : keys)
        homes.entry({store_key(key), records[key.low % records.size()], 1, 1});
    homes.end_reading();
}

std::vector<KeyBits> asked(std::size_t first, std::size_t people) {
    std::mt19937_64 random(1);
    std::vector<KeyBits> out;
    for (std::size_t i = 0; i < kAsked; ++i) out.push_back(key_of(first + random() % people));
    return out;
}

// Calls `ask` with one part of the keys after the other; it says how many homes it found.
template <class Ask>
double rate(const std::vector<KeyBits>& keys, double seconds, bool there, Ask ask) {
    std::size_t looked = 0, found = 0;
    const auto start = Clock::now();
    for (std::size_t from = 0; seconds_since(start) < seconds;
         from = (from + kTogether) % keys.size()) {
        found += ask(std::span(keys).subspan(from, kTogether));
        looked += kTogether;
    }
    const double out = static_cast<double>(looked) / seconds_since(start);
    DOMICILE_CHECK(found == (there ? looked : 0));
    return out;
}

double one_by_one(const directory::Homes& homes, const std::vector<KeyBits>& keys, double seconds,
                  bool there) {
    return rate(keys, seconds, there, [&](std::span<const KeyBits> some) {
        std::size_t found = 0;
        for (const KeyBits key : some) found += homes.find(key).has_value() ? 1 : 0;
        return found;
    });
}

double batched(const directory::Homes& homes, const std::vector<KeyBits>& keys, double seconds,
               bool there) {
    std::vector<std::optional<Home>> out(kTogether);
    return rate(keys, seconds, there, [&](std::span<const KeyBits> some) {
        homes.find_all(some, out);
        return static_cast<std::size_t>(
            std::ranges::count_if(out, [](const auto& home) { return home.has_value(); }));
    });
}

double hmacs(double seconds) {
    const directory::Pepper pepper{1, std::string(32, 'p')};
    std::size_t count = 0, bytes = 0;
    const auto start = Clock::now();
    while (seconds_since(start) < seconds) {
        for (int i = 0; i < 100; ++i, ++count)
            bytes += subject_key(pepper, "Health1", directory::IdentifierKind::email,
                                 "anna.muster@example.org")
                         .bytes.size();
    }
    DOMICILE_CHECK(bytes == 16 * count);
    return static_cast<double>(count) / seconds_since(start);
}

double changes(directory::Homes& homes, std::size_t first, double seconds) {
    const std::string record =
        directory::encode({kRegions[0], directory::State::active, 0, std::string(16, 'c'), {}});
    std::size_t count = 0;
    const auto start = Clock::now();
    for (; seconds_since(start) < seconds; ++count)
        homes.change({{store_key(key_of(first + count)), record, 1, 1}, false});
    return static_cast<double>(count) / seconds_since(start);
}

}  // namespace
}  // namespace domicile::bench

int main(int argc, char** argv) {
    using namespace domicile::bench;
    const Options options(argc, argv, " --keys ");
    const auto people = static_cast<std::size_t>(options.number("--keys", 50'000'000));
    const double seconds = options.number("--seconds", 2);
    domicile::directory::Homes homes;
    const std::size_t before = resident_bytes();
    const auto start = Clock::now();
    fill(homes, people);
    const double filling = seconds_since(start);
    const double resident = static_cast<double>(resident_bytes() - before);
    const double count = static_cast<double>(people);
    std::printf(
        "{\"keys\": %zu, \"fill_seconds\": %.1f, \"bytes_a_key\": %.2f, "
        "\"resident_bytes_a_key\": %.2f, ",
        people, filling, static_cast<double>(homes.bytes()) / count, resident / count);
    DOMICILE_CHECK(homes.rare() == 0);
    const auto there = asked(0, people), absent = asked(people, people);
    std::printf("\"one_by_one\": %.0f, ", one_by_one(homes, there, seconds, true));
    std::printf("\"batched\": %.0f, ", batched(homes, there, seconds, true));
    std::printf("\"one_by_one_absent\": %.0f, ", one_by_one(homes, absent, seconds, false));
    std::printf("\"batched_absent\": %.0f, ", batched(homes, absent, seconds, false));
    std::printf("\"hmac\": %.0f, ", hmacs(seconds / 2));
    std::printf("\"changes\": %.0f, \"errors\": 0}\n", changes(homes, 2 * people, seconds));
    return 0;
}
