// Opens many connections, asks once on each and keeps them open until standard input ends: for
// measuring what an idle connection costs.
//
//   bench_idle --port N [--connections 10000] [--tls NAME] [--proxy-protocol 1] [--path P]
//
// Prints {"open": n} when they are open.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "generator.h"

int main(int argc, char** argv) {
    using namespace domicile::bench;
    const Options options(argc, argv, " --path --host ");
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    SameRequest workload("GET " + options.text("--path", "/") + " HTTP/1.1\r\nHost: " +
                         options.text("--host", "app.bench.localhost") + "\r\n\r\n");
    const std::size_t open = open_idle(options.loop(), workload);
    std::printf("{\"open\": %zu}\n", open);
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) continue;
    return 0;
}
