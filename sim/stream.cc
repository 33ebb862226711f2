#include "sim/stream.h"

#include "sim/host.h"

namespace domicile::sim {
namespace {

constexpr std::size_t kWindowBytes = 128 * 1024;
constexpr Millis kLongWait{600'000};

}  // namespace

SimStream::SimStream(Fabric& fabric, Fabric::ConnectionPtr connection, int side, io::PeerInfo peer)
    : fabric_(fabric), connection_(std::move(connection)), side_(side) {
    peer_ = std::move(peer);
    own().stream = this;
}

SimStream::~SimStream() { SimStream::do_close(); }

bool SimStream::orphaned() { return !own().process->alive(); }

bool SimStream::is_idle() {
    return !closed_ && own().received.empty() && !own().ended && !own().broken;
}

io::Stream::Attempt SimStream::try_read(std::span<char> into) {
    Fabric::Side& side = own();
    if (!side.received.empty()) {
        const std::size_t count = std::min(into.size(), side.received.size());
        std::copy_n(side.received.data(), count, into.data());
        side.received.erase(0, count);
        if (side.peer_waits && !orphaned()) {
            side.peer_waits = false;
            fabric_.scheduler_.in_world(
                1'000, [this_fabric = &fabric_, connection = connection_, to = 1 - side_] {
                    this_fabric->wake(connection->sides[to], false);
                });
        }
        return {Attempt::done, count};
    }
    if (side.broken || closed_) return {Attempt::failed};
    if (side.ended) return {Attempt::done, 0};
    return {Attempt::would_block};
}

io::Stream::Attempt SimStream::try_write(std::span<const std::string_view> pieces) {
    if (own().broken || closed_ || shut_) return {Attempt::failed};
    if (orphaned()) return {Attempt::would_block};
    Fabric::Side& peer = other();
    const std::size_t used = peer.under_way + peer.received.size();
    std::size_t room = used >= kWindowBytes ? 0 : kWindowBytes - used;
    if (room == 0) {
        peer.peer_waits = true;
        return {Attempt::would_block};
    }
    std::string bytes;
    for (const std::string_view piece : pieces) {
        bytes.append(piece.substr(0, room));
        room -= std::min(room, piece.size());
    }
    const std::size_t count = bytes.size();
    fabric_.send(connection_, 1 - side_, {std::move(bytes), Fabric::Packet::data});
    return {Attempt::done, count};
}

void SimStream::shutdown_write() {
    if (closed_ || shut_) return;
    shut_ = true;
    if (!orphaned()) fabric_.send(connection_, 1 - side_, {{}, Fabric::Packet::end});
}

void SimStream::do_close() {
    if (closed_) return;
    closed_ = true;
    own().stream = nullptr;
    own().closed = true;
    if (orphaned()) return;
    // Closing with unread bytes is a reset, as in TCP.
    const bool rude = !own().received.empty();
    if (!shut_ || rude)
        fabric_.send(connection_, 1 - side_,
                     {{}, rude ? Fabric::Packet::reset : Fabric::Packet::end});
}

io::Task<Result<std::unique_ptr<io::Stream>>> SimListener::accept() {
    while (backlog_.empty()) {
        if (closed_) co_return fail(Code::cancelled, "The listener was closed.");
        const Instant deadline = io::deadline_in(kLongWait);
        co_await changed_.wait_until(deadline);
    }
    std::unique_ptr<io::Stream> stream = std::move(backlog_.front());
    backlog_.pop_front();
    co_return stream;
}

void SimListener::close() {
    if (closed_) return;
    closed_ = true;
    fabric_.listeners_.erase(local_);
    changed_.notify_all();
}

void SimListener::arrived(std::unique_ptr<SimStream> stream) {
    backlog_.push_back(std::move(stream));
    changed_.notify_all();
}

}  // namespace domicile::sim
