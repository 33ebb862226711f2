// Runs seeds, each in a process of its own, since a simulated crash leaves its program's memory
// behind (process.h).
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>

#include "base/mutant.h"
#include "sim/run.h"

namespace domicile::sim {
namespace {

struct Arguments {
    std::uint64_t first = 1, last = 100;
    std::size_t jobs = 1;
    bool verbose = false;
    bool counts = false;
    bool traces = false;       // nothing but the hash of each seed
    bool until_found = false;  // success is a seed that fails
    std::string replay;        // the command that runs this program as it runs now
};

constexpr const char* kUsage =
    "usage: domicile_sim [--seed N | --seeds N | --seeds FIRST-LAST] [--jobs N]\n"
    "                    [--verbose] [--counts] [--traces]\n"
#ifdef DOMICILE_MUTANT
    "                    --mutant NAME [--until-found]\n"
#endif
    ;

struct Child {
    std::uint64_t seed = 0;
    int output = -1;
};

struct Totals {
    std::uint64_t seeds = 0, failed = 0, events = 0;
    std::int64_t simulated_ms = 0;
    std::map<std::string, std::uint64_t> counts;
};

bool read_number(std::string_view text, std::uint64_t& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc() && end == text.data() + text.size();
}

bool read_range(std::string_view text, Arguments& into) {
    const auto dash = text.find('-');
    if (dash == text.npos) return read_number(text, into.last);
    return read_number(text.substr(0, dash), into.first) &&
           read_number(text.substr(dash + 1), into.last);
}

bool read_arguments(int count, char** words, Arguments& into) {
    into.replay = words[0];
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        const std::string_view value = i + 1 < count ? words[i + 1] : "";
        if (word == "--verbose") {
            into.verbose = true;
        } else if (word == "--counts") {
            into.counts = true;
        } else if (word == "--traces") {
            into.traces = true;
#ifdef DOMICILE_MUTANT
        } else if (word == "--until-found") {
            into.until_found = true;
        } else if (word == "--mutant") {
            mutant = value;
            into.replay += " --mutant " + std::string(value);
            ++i;
#endif
        } else if (word == "--seed" && read_number(value, into.first)) {
            into.last = into.first;
            ++i;
        } else if (word == "--seeds" && read_range(value, into)) {
            ++i;
        } else if (std::uint64_t jobs = 0; word == "--jobs" && read_number(value, jobs)) {
            into.jobs = std::max<std::uint64_t>(1, jobs);
            ++i;
        } else {
            return false;
        }
    }
    return true;
}

// What a child tells its parent: a line a violation or a count, and a last line with the totals.
void tell(int to, const Outcome& outcome) {
    std::string text;
    for (const std::string& violation : outcome.report.violations) text += "! " + violation + "\n";
    for (const auto& [what, count] : outcome.report.counts)
        text += "# " + std::to_string(count) + " " + what + "\n";
    char line[128];
    std::snprintf(line, sizeof line, "= %llu %lld %016llx\n",
                  static_cast<unsigned long long>(outcome.events),
                  static_cast<long long>(outcome.simulated.count()),
                  static_cast<unsigned long long>(outcome.trace));
    text += line;
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t written = ::write(to, text.data() + at, text.size() - at);
        if (written <= 0) return;
        at += static_cast<std::size_t>(written);
    }
}

Child start(std::uint64_t seed, const Disks& disks, bool verbose) {
    int ends[2];
    if (pipe(ends) != 0) std::abort();
    std::fflush(stdout);
    const pid_t child = fork();
    if (child < 0) std::abort();
    if (child == 0) {
        close(ends[0]);
        tell(ends[1], run_seed(seed, disks, verbose));
        _exit(0);
    }
    close(ends[1]);
    return {seed, ends[0]};
}

std::string read_all(int from) {
    std::string out;
    char chunk[4096];
    for (ssize_t got = 0; (got = ::read(from, chunk, sizeof chunk)) > 0;)
        out.append(chunk, static_cast<std::size_t>(got));
    close(from);
    return out;
}

void add_up(const Arguments& arguments, std::uint64_t seed, const std::string& text,
            Totals& totals) {
    ++totals.seeds;
    bool good = true, whole = false;
    std::string trace;
    for (std::size_t at = 0; at < text.size();) {
        const std::string line = text.substr(at, text.find('\n', at) - at);
        at += line.size() + 1;
        if (line[0] == '!') {
            good = false;
            std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), line.c_str() + 2);
        } else if (line[0] == '#') {
            std::uint64_t count = 0;
            const auto space = line.find(' ', 2);
            (void)read_number(std::string_view(line).substr(2, space - 2), count);
            totals.counts[line.substr(space + 1)] += count;
        } else if (line[0] == '=') {
            unsigned long long events = 0, hash = 0;
            long long simulated = 0;
            whole = std::sscanf(line.c_str(), "= %llu %lld %llx", &events, &simulated, &hash) == 3;
            totals.events += events;
            totals.simulated_ms += simulated;
            if (arguments.traces || arguments.first == arguments.last)
                std::printf("seed %llu: trace %016llx, %llu events, %.1f simulated seconds\n",
                            static_cast<unsigned long long>(seed), hash, events,
                            static_cast<double>(simulated) / 1000);
        }
    }
    if (!whole) std::printf("seed %llu: it died\n", static_cast<unsigned long long>(seed));
    if (good && whole) return;
    ++totals.failed;
    std::printf("replay: %s --seed %llu --verbose\n", arguments.replay.c_str(),
                static_cast<unsigned long long>(seed));
}

Totals run_all(const Arguments& arguments, const Disks& disks) {
    Totals totals;
    std::vector<Child> running;
    std::uint64_t next = arguments.first;
    while (true) {
        if (arguments.until_found && totals.failed > 0) next = arguments.last + 1;
        if (next > arguments.last && running.empty()) break;
        while (running.size() < arguments.jobs && next <= arguments.last)
            running.push_back(start(next++, disks, arguments.verbose));
        // In order of their seeds, so that the output is always the same.
        const std::string text = read_all(running.front().output);
        add_up(arguments, running.front().seed, text, totals);
        running.erase(running.begin());
        while (waitpid(-1, nullptr, WNOHANG) > 0) continue;
    }
    return totals;
}

int run(int count, char** words) {
    Arguments arguments;
    if (!read_arguments(count, words, arguments)) {
        std::fputs(kUsage, stderr);
        return 2;
    }
    const Disks disks = set_up();
    const auto began = std::chrono::steady_clock::now();
    const Totals totals = run_all(arguments, disks);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (arguments.traces) return totals.failed == 0 ? 0 : 1;
    if (arguments.counts)
        for (const auto& [what, n] : totals.counts)
            std::printf("%8llu %s\n", static_cast<unsigned long long>(n), what.c_str());
    std::printf(
        "%llu seeds, %llu failed; %.1f seeds per second, %.0f simulated seconds and %.0f "
        "events in each\n",
        static_cast<unsigned long long>(totals.seeds),
        static_cast<unsigned long long>(totals.failed),
        static_cast<double>(totals.seeds) / took.count(),
        static_cast<double>(totals.simulated_ms) / 1000 /
            static_cast<double>(std::max<std::uint64_t>(1, totals.seeds)),
        static_cast<double>(totals.events) /
            static_cast<double>(std::max<std::uint64_t>(1, totals.seeds)));
    if (arguments.until_found) return totals.failed > 0 ? 0 : 1;
    return totals.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace domicile::sim

int main(int count, char** words) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const int status = domicile::sim::run(count, words);
    std::fflush(stdout);
    _exit(status);  // the worlds that were left are not taken apart
}
