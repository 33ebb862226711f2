#include "gateway/tunnel.h"

#include <memory>

#include "base/encoding.h"
#include "io/executor.h"

namespace domicile::gateway {
namespace {

constexpr std::size_t kRoomBytes = 16 * 1024;
constexpr Millis kWriteTimeout{30'000};  // for one piece; a side that does not read is given up

struct Tunnel {
    io::Stream& client;
    io::Stream& upstream;
    Millis idle;
    Instant moved = io::deadline_in(Millis(0));  // when something came, from either side

    void give_up() {
        client.cancel();
        upstream.cancel();
    }
};

io::Task<bool> pass(io::Stream& to, std::string_view piece) {
    const Instant deadline = io::deadline_in(kWriteTimeout);
    const Result<void> written = co_await to.write(piece, deadline);
    co_return written.has_value();
}

// One direction. A side may be silent for as long as the other is not.
io::Task<void> pump(Tunnel& tunnel, io::Stream& from, io::Stream& to, std::string_view first) {
    const auto room = std::make_unique_for_overwrite<char[]>(kRoomBytes);
    std::string_view piece = first;
    while (true) {
        if (!piece.empty()) {
            tunnel.moved = io::deadline_in(Millis(0));
            const bool passed = co_await pass(to, piece);
            if (!passed) break;
        }
        const std::span<char> space(room.get(), kRoomBytes);
        const Instant deadline = tunnel.moved + tunnel.idle;
        const auto bytes = co_await from.read_some(space, deadline);
        if (bytes && *bytes == 0) {
            to.shutdown_write();
            co_return;
        }
        const bool silent = !bytes && bytes.error().code == Code::deadline_exceeded;
        const bool other_moved = tunnel.moved + tunnel.idle > deadline;
        if (!bytes && !(silent && other_moved)) break;
        piece = bytes ? std::string_view(room.get(), *bytes) : std::string_view();
    }
    tunnel.give_up();
}

bool has_option(std::string_view list, std::string_view wanted) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        if (equals_ignore_case(trim(list.substr(0, comma)), wanted)) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

}  // namespace

io::Task<void> run_tunnel(http::Exchange::Tunnel client, io::Stream& upstream,
                          std::string_view upstream_read_ahead, Millis idle) {
    Tunnel tunnel{*client.stream, upstream, idle};
    io::TaskGroup upwards;
    upwards.spawn(pump(tunnel, *client.stream, upstream, client.read_ahead));
    co_await pump(tunnel, upstream, *client.stream, upstream_read_ahead);
    bool ended = upwards.running() == 0;
    while (!ended) {
        const Instant next = io::deadline_in(Seconds(60));
        ended = co_await upwards.drain(next);
    }
}

bool asks_for_websocket(const http::RequestHead& request) {
    if (request.method != "GET" || request.http10) return false;
    const auto upgrade = request.headers.find("Upgrade");
    const auto connection = request.headers.find("Connection");
    return upgrade && connection && equals_ignore_case(*upgrade, "websocket") &&
           has_option(*connection, "upgrade");
}

}  // namespace domicile::gateway
