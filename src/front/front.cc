#include "front/front.h"

#include <algorithm>

#include "base/log.h"
#include "io/tls.h"

namespace domicile::front {
namespace {

constexpr std::size_t kHelloBytesMax = 64 * 1024;
constexpr std::size_t kBufferBytes = 16 * 1024;
constexpr Millis kConnectTimeout{2'000};

// Copies until the end of one direction. When it broke, both sides are cancelled; a clean end is
// passed on as a half close, so that the other direction can finish.
io::Task<void> pump(io::Stream& from, io::Stream& to, Millis idle) {
    std::string buffer(kBufferBytes, '\0');
    for (;;) {
        const Result<std::size_t> count = co_await from.read_some(buffer, io::deadline_in(idle));
        if (count && *count == 0) {
            to.shutdown_write();
            co_return;
        }
        Result<void> sent;
        if (count) {
            const std::string_view piece(buffer.data(), *count);
            sent = co_await to.write(piece, io::deadline_in(idle));
        }
        if (!count || !sent) {
            from.cancel();
            to.cancel();
            co_return;
        }
    }
}

}  // namespace

Front::Front(Options options, Whereabouts& whereabouts)
    : options_(std::move(options)), whereabouts_(whereabouts) {}
Front::~Front() = default;

io::Task<void> Front::run(io::Listener& listener) {
    for (;;) {
        auto client = co_await listener.accept();
        if (!client) co_return;
        // At the bound the connection is closed at once; the client sees a reset and may try again.
        if (connections_.running() < options_.connections_max)
            connections_.spawn(keep(std::move(*client)));
    }
}

void Front::disconnect_global() {
    // Cancelling may resume a carrier that changes the set.
    const std::set<io::Stream*> clients = std::exchange(global_, {});
    for (io::Stream* client : clients) client->cancel();
}

void Front::disconnect_all() {
    // A carrier that is resumed ends its own connection and no other.
    const std::set<io::Stream*> clients = std::exchange(clients_, {});
    for (io::Stream* client : clients) client->cancel();
}

Result<std::optional<std::string>> Front::region_of(const std::string& host) const {
    for (const Backend& backend : options_.regions) {
        const std::string name = backend.region + '.' + options_.domain;
        if (host == name || host.ends_with('.' + name)) return backend.region;
        // AWS-style: <service>.<region>.amazonaws.com
        if (host.ends_with('.' + backend.region + ".amazonaws.com")) return backend.region;
    }
    if (host == options_.domain || host.ends_with('.' + options_.domain)) return std::nullopt;
    return fail(Code::not_found, "No region has this name.");
}

void Front::add_nodes(const std::string& region, std::vector<io::Endpoint>& out) {
    std::vector<const Backend*> nodes;
    for (const Backend& backend : options_.regions)
        if (backend.region == region) nodes.push_back(&backend);
    if (nodes.empty()) return;
    std::ranges::rotate(nodes, nodes.begin() + static_cast<std::ptrdiff_t>(turn_++ % nodes.size()));
    std::ranges::stable_partition(
        nodes, [](const Backend* node) { return !node->takes || node->takes(); });
    for (const Backend* node : nodes) out.push_back(node->endpoint);
}

Result<std::vector<io::Endpoint>> Front::ways(const std::string& host) {
    std::vector<io::Endpoint> out;
    if (host == "front." + options_.domain) {
        out.push_back(options_.control);
        return out;
    }
    TRY(const std::optional<std::string> fixed, region_of(host));
    if (fixed) {
        add_nodes(*fixed, out);
    } else {
        for (const std::string& region : whereabouts_.candidates()) add_nodes(region, out);
    }
    return out;
}

io::Task<Result<Front::Begun>> Front::begin(std::string host, std::string_view head,
                                            std::string_view hello) {
    io::Network& network = io::Executor::current().network();
    const io::ConnectOptions plain;
    CO_TRY(const std::vector<io::Endpoint> all, ways(host));
    for (const io::Endpoint& way : all) {
        auto stream = co_await network.connect(way, plain, io::deadline_in(kConnectTimeout));
        if (!stream) continue;
        Begun out{std::move(*stream), std::string(kBufferBytes, '\0')};
        const Instant sent_by = io::deadline_in(kConnectTimeout);
        const Result<void> sent = co_await out.stream->write(head, hello, sent_by);
        if (!sent) continue;
        const Instant answered_by = io::deadline_in(options_.idle_timeout);
        const Result<std::size_t> count = co_await out.stream->read_some(out.first, answered_by);
        if (!count || *count == 0) continue;
        out.first.resize(*count);
        co_return out;
    }
    co_return fail(Code::unavailable, "The region is down.");
}

io::Task<void> Front::keep(std::unique_ptr<io::Stream> client) {
    clients_.insert(client.get());
    co_await carry(*client);
    clients_.erase(client.get());
}

io::Task<void> Front::carry(io::Stream& client) {
    std::string hello;
    std::array<char, 4096> buffer;
    const Instant deadline = io::deadline_in(options_.hello_timeout);
    Result<std::string> host = fail(Code::unavailable, "More bytes are needed.");
    while (!host && host.error().code == Code::unavailable && hello.size() < kHelloBytesMax) {
        const Result<std::size_t> count = co_await client.read_some(buffer, deadline);
        if (!count || *count == 0) co_return;
        hello.append(buffer.data(), *count);
        host = io::client_hello_server_name(hello);
    }
    if (!host) co_return;
    const std::string proxy = io::proxy_header(client.peer().remote, client.peer().local);
    auto begun = co_await begin(*host, proxy, hello);
    if (!begun) co_return;
    io::Stream& region = *begun->stream;
    const Result<void> sent = co_await client.write(begun->first, io::deadline_in(kConnectTimeout));
    if (!sent) co_return;
    const Result<std::optional<std::string>> fixed = region_of(*host);
    const bool global = fixed && !*fixed && *host != "front." + options_.domain;
    if (global) global_.insert(&client);
    io::TaskGroup upwards;
    upwards.spawn(pump(client, region, options_.idle_timeout));
    co_await pump(region, client, options_.idle_timeout);
    co_await upwards.drain(io::deadline_in(options_.idle_timeout));
    global_.erase(&client);
    client.cancel();
    region.cancel();
    co_await upwards.drain(io::deadline_in(options_.idle_timeout));
}

}  // namespace domicile::front
