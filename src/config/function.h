// Functions: commands that speak the Lambda Runtime API.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace domicile::config {

// How many processes a function has: each works on one invocation at a time.
struct Concurrency {
    int maximum = 10;        // processes at most; further calls wait
    int reserved = 1;        // processes that always run; 0: the first call starts one
    int warm = 0;            // spare ones beside those at work, while the function is in use
    int per_process = 1;     // calls that a process works on at once, if its runtime asks for them
    int idle_seconds = 300;  // without work for so long, those beyond `reserved` end
    int queue_max = 256;     // calls that wait; further ones are refused

    bool operator==(const Concurrency&) const = default;
};

// Calls that nobody waits for (Event invocations): kept until they are done, tried again.
struct Events {
    int retries = 2;              // after an attempt that failed
    int retry_seconds = 60;       // before the first retry; twice as long before each further one
    int max_age_seconds = 21600;  // then an event is not tried (again)
    int queue_max = 10'000;       // events that wait or are worked on; further ones are refused
    int queue_megabytes = 256;    // the same for their size
    // Invoked with a record of each event that came to nothing; else that is only logged.
    std::optional<std::string> on_failure;
    // Invoked with a record of each event that was answered, the answer in it.
    std::optional<std::string> on_success;

    bool operator==(const Events&) const = default;
};

// Which network its processes have: the machine's, or one with its region and what it is allowed.
enum class Egress : std::uint8_t { open, enforced };

struct Function {
    std::string name;
    std::vector<std::string> command;  // program and arguments; not a shell line
    std::string directory = ".";       // working directory, relative to the file's folder
    int timeout_seconds = 29;
    Concurrency concurrency;
    Events events;
    std::optional<int> memory_megabytes;  // nullopt: no bound
    std::map<std::string, std::string> environment;
    // What it may use, and nothing else: tables and functions by name, parameters by name or as
    // "/app/*".
    std::vector<std::string> tables, invokes, parameters;

    Egress egress = Egress::open;
    std::vector<std::string> egress_allow;  // "api.example.com:443", beside its region

    bool operator==(const Function&) const = default;
};

}  // namespace domicile::config
