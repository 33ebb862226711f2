#include "functions/relay.h"

#include <algorithm>

namespace domicile::functions {
namespace {

constexpr std::size_t kRoomBytes = 16 * 1024;
constexpr std::size_t kConnectionsMax = 1024;
constexpr Millis kConnect{10'000}, kWrite{30'000};
const Instant kFar{INT64_MAX / 2};

// One direction; its end is passed on.
io::Task<void> pump(io::Stream& from, io::Stream& to) {
    const auto room = std::make_unique_for_overwrite<char[]>(kRoomBytes);
    for (;;) {
        const std::span<char> space(room.get(), kRoomBytes);
        const auto bytes = co_await from.read_some(space, kFar);
        if (!bytes) break;
        if (*bytes == 0) {
            to.shutdown_write();
            co_return;
        }
        const Instant deadline = io::deadline_in(kWrite);
        const std::string_view piece(room.get(), *bytes);
        const Result<void> written = co_await to.write(piece, deadline);
        if (!written) break;
    }
    from.cancel();
    to.cancel();
}

}  // namespace

io::Task<void> Relay::accept_on() {
    for (;;) {
        auto inner = co_await listener_->accept();
        if (!inner) co_return;
        if (stopping_ || open_.size() >= kConnectionsMax) continue;  // closed
        running_.spawn(serve(std::move(*inner)));
    }
}

io::Task<void> Relay::serve(std::unique_ptr<io::Stream> inner) {
    io::Endpoint target = target_;
    const io::ConnectOptions plain;
    const Instant deadline = io::deadline_in(kConnect);
    auto outer =
        co_await io::Executor::current().network().connect(std::move(target), plain, deadline);
    if (!outer || stopping_) co_return;
    Pair pair{std::move(inner), std::move(*outer)};
    open_.push_back(&pair);
    io::TaskGroup upwards;
    upwards.spawn(pump(*pair.inner, *pair.outer));
    co_await pump(*pair.outer, *pair.inner);
    while (upwards.running() > 0) co_await upwards.drain(kFar);
    std::erase(open_, &pair);
}

io::Task<void> Relay::stop(Instant deadline) {
    stopping_ = true;
    listener_->close();
    for (Pair* pair : open_) {
        pair->inner->cancel();
        pair->outer->cancel();
    }
    co_await running_.drain(deadline);
}

}  // namespace domicile::functions
