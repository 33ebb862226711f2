// PROXY protocol v2 headers, which the front sends and a region reads before anything else, and the
// addresses in them. A header is read exactly, so that TLS can go on behind it, however it is cut;
// printed again, an address is the same one.
#include "inline_executor.h"

namespace domicile::fuzz {
namespace {

struct Reading {
    std::string outcome;
    std::size_t used = 0;

    bool operator==(const Reading&) const = default;
};

Reading read(std::string_view input, unsigned round) {
    InlineExecutor executor;
    ScriptedStream stream(input, round);
    const auto client = executor.run(io::read_proxy_header(stream, executor.in(Millis(1000))));
    const std::size_t used = input.size() - stream.rest().size();
    if (!client) return {"error " + std::string(to_string(client.error().code)), used};

    DOMICILE_CHECK(used >= 16 && used <= 536);
    const std::size_t said =
        static_cast<unsigned char>(input[14]) * 256u + static_cast<unsigned char>(input[15]);
    DOMICILE_CHECK(used == 16 + said);
    const auto endpoint = io::parse_endpoint(client->to_string());
    DOMICILE_CHECK(endpoint.has_value() && *endpoint == *client);

    // The same client in a header of ours.
    const std::string again = io::proxy_header(*client, *client);
    ScriptedStream second(again, round);
    const auto client_again =
        executor.run(io::read_proxy_header(second, executor.in(Millis(1000))));
    DOMICILE_CHECK(client_again.has_value() && *client_again == *client);
    DOMICILE_CHECK(second.rest().empty());
    return {client->to_string(), used};
}

void check_endpoint(std::string_view text) {
    const auto endpoint = io::parse_endpoint(text);
    if (!endpoint) return;
    DOMICILE_CHECK(!endpoint->host.empty());
    const auto again = io::parse_endpoint(endpoint->to_string());
    DOMICILE_CHECK(again.has_value() && *again == *endpoint);
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(proxy_header) {
    using namespace domicile::fuzz;
    check_endpoint(input);
    const Reading whole = read(input, 0);
    for (unsigned round = 1; round < Cuts::kRounds; ++round) {
        DOMICILE_CHECK(read(input, round) == whole);
    }
}
