// What the operating system says of this process.
#pragma once

#include <cstdint>
#include <string>

namespace domicile::io {

struct ProcessUsage {
    std::uint64_t resident_bytes = 0;
    std::uint64_t open_files = 0;
    double cpu_seconds = 0;    // user and system, of all threads
    double start_seconds = 0;  // since 1970
};

// Zero where it is not known.
ProcessUsage process_usage();
// "<host name>:<process id>", which tells the nodes of a region apart.
std::string node_name();

}  // namespace domicile::io
