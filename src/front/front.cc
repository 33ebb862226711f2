#include "front/front.h"

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

io::Task<Result<std::unique_ptr<io::Stream>>> Front::connect(std::string host) {
    io::Network& network = io::Executor::current().network();
    const io::ConnectOptions plain;
    const Instant deadline = io::deadline_in(kConnectTimeout);
    if (host == "front." + options_.domain) {
        co_return co_await network.connect(options_.control, plain, deadline);
    }
    CO_TRY(const std::optional<std::string> fixed, region_of(host));
    std::vector<std::string> candidates;
    if (fixed) {
        candidates.push_back(*fixed);
    } else {
        candidates = whereabouts_.candidates();
    }
    for (const std::string& region : candidates) {
        for (const Backend& backend : options_.regions) {
            if (backend.region != region) continue;
            auto stream = co_await network.connect(backend.endpoint, plain, deadline);
            if (stream) co_return stream;
        }
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
    auto region = co_await connect(*host);
    if (!region) co_return;
    const std::string proxy = io::proxy_header(client.peer().remote, client.peer().local);
    const Result<void> sent =
        co_await (*region)->write(proxy, hello, io::deadline_in(kConnectTimeout));
    if (!sent) co_return;
    const Result<std::optional<std::string>> fixed = region_of(*host);
    const bool global = fixed && !*fixed && *host != "front." + options_.domain;
    if (global) global_.insert(&client);
    io::TaskGroup upwards;
    upwards.spawn(pump(client, **region, options_.idle_timeout));
    co_await pump(**region, client, options_.idle_timeout);
    co_await upwards.drain(io::deadline_in(options_.idle_timeout));
    global_.erase(&client);
    client.cancel();
    (*region)->cancel();
    co_await upwards.drain(io::deadline_in(options_.idle_timeout));
}

}  // namespace domicile::front
