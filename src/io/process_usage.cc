#include "io/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace domicile::io {
namespace {

std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t size = 0, resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t open_files() {
    std::error_code problem;
    std::filesystem::directory_iterator entries("/proc/self/fd", problem);
    std::uint64_t count = 0;
    for (; !problem && entries != std::filesystem::directory_iterator(); entries.increment(problem))
        ++count;
    return count > 0 ? count - 1 : 0;  // without the one that reads the folder
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// proc(5): field 22 of stat is the start in clock ticks since boot. The second field, the name, may
// hold spaces and ends with the last ')'.
double start_seconds() {
    std::ifstream stat_file("/proc/self/stat"), boot_file("/proc/stat");
    std::string line;
    std::getline(stat_file, line);
    std::size_t at = line.rfind(')');
    for (int field = 2; field < 21 && at != std::string::npos; ++field) at = line.find(' ', at + 1);
    if (at == std::string::npos) return 0;
    const double ticks = std::strtod(line.c_str() + line.find(' ', at + 1), nullptr);
    std::string word;
    double boot = 0;
    while (boot_file >> word)
        if (word == "btime") boot_file >> boot;
    return boot + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessUsage process_usage() {
    return {resident_bytes(), open_files(), cpu_seconds(), start_seconds()};
}

std::string node_name() {
    std::string host(256, '\0');
    if (gethostname(host.data(), host.size() - 1) != 0) host = "unknown";
    return std::string(host.c_str()) + ':' + std::to_string(getpid());
}

}  // namespace domicile::io
