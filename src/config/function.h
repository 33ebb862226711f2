// Functions: commands that speak the Lambda Runtime API.
#pragma once

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
    int idle_seconds = 300;  // without work for so long, those beyond `reserved` end
    int queue_max = 256;     // calls that wait; further ones are refused

    bool operator==(const Concurrency&) const = default;
};

struct Function {
    std::string name;
    std::vector<std::string> command;  // program and arguments; not a shell line
    std::string directory = ".";       // working directory, relative to the file's folder
    int timeout_seconds = 29;
    Concurrency concurrency;
    std::optional<int> memory_megabytes;  // nullopt: no bound
    std::map<std::string, std::string> environment;
    // What it may use, and nothing else: tables and functions by name, parameters by name or as
    // "/app/*".
    std::vector<std::string> tables, invokes, parameters;

    bool operator==(const Function&) const = default;
};

}  // namespace domicile::config
