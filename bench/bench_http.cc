// Asks for one thing for ever: for proxies, with the upstream in the same thread.
//
//   bench_http --port N [--upstream N] [--path P] [--header "Name: value"] [--host NAME] ...
#include "generator.h"

int main(int argc, char** argv) {
    using namespace domicile::bench;
    const Options options(argc, argv, " --path --header --host ");
    std::string request = "GET " + options.text("--path", "/") +
                          " HTTP/1.1\r\nHost: " + options.text("--host", "app.bench.localhost") +
                          "\r\nUser-Agent: bench/1\r\nAccept: application/json\r\n";
    if (options.has("--header")) request += options.text("--header") + "\r\n";
    SameRequest workload(request + "\r\n");
    return print(run_loop(options.loop(), workload));
}
