#include "sim/network.h"

#include "sim/host.h"
#include "sim/stream.h"

namespace domicile::sim {
namespace {

constexpr std::int64_t kKnockAgainUs = 1'000'000;  // as a kernel repeats its SYN

std::pair<std::uint64_t, std::uint64_t> ordered(std::uint64_t a, std::uint64_t b) {
    return {std::min(a, b), std::max(a, b)};
}

}  // namespace

// What a program sees of the network.
class ProcessNetwork final : public io::Network {
  public:
    ProcessNetwork(Fabric& fabric, Process& process) : fabric_(fabric), process_(process) {}

    Result<std::unique_ptr<io::Listener>> listen(const io::Endpoint& at,
                                                 io::ListenOptions) override {
        io::Endpoint local{process_.host().address(), at.port};
        if (local.port == 0) local.port = fabric_.next_port_++;
        if (fabric_.listeners_.contains(local))
            return fail(Code::unavailable, "The port is in use.");
        auto listener = std::make_unique<SimListener>(fabric_, process_, local);
        fabric_.listeners_[local] = listener.get();
        return listener;
    }

    io::Task<Result<std::unique_ptr<io::Stream>>> connect(io::Endpoint to, io::ConnectOptions,
                                                          Instant deadline) override {
        if (to.host == "127.0.0.1") to.host = process_.host().address();
        auto dial = std::make_shared<Fabric::Dial>();
        fabric_.dial(process_, to, dial, deadline);
        while (!dial->answered) {
            const bool notified = co_await dial->event.wait_until(deadline);
            if (notified || dial->answered) continue;
            dial->abandoned = true;
            co_return fail(Code::deadline_exceeded, "The server did not answer in time.");
        }
        if (dial->connection == nullptr)
            co_return fail(Code::unavailable, "The connection was refused.");
        io::PeerInfo peer;
        peer.remote = to;
        peer.local = {process_.host().address(), fabric_.next_port_++};
        co_return std::make_unique<SimStream>(fabric_, dial->connection, 0, std::move(peer));
    }

    // The identity of a host stands for its certificate: see Fabric::knock.
    io::Task<Result<std::unique_ptr<io::Stream>>> accept_tls(std::unique_ptr<io::Stream> plain,
                                                             const io::TlsServer&,
                                                             Instant) override {
        co_return plain;
    }

  private:
    Fabric& fabric_;
    Process& process_;
};

std::unique_ptr<io::Network> Fabric::network_of(Process& process) {
    return std::make_unique<ProcessNetwork>(*this, process);
}

std::uint64_t Fabric::number_of(const Host& host) const {
    for (std::size_t i = 0; i < hosts_.size(); ++i)
        if (hosts_[i] == &host) return i;
    return hosts_.size();
}

Host* Fabric::host_at(const std::string& address) const {
    for (Host* host : hosts_)
        if (host->address() == address) return host;
    return nullptr;
}

bool Fabric::is_cut(const Host& a, const Host& b) const {
    return &a != &b && cuts_.contains(ordered(number_of(a), number_of(b)));
}

void Fabric::cut(const Host& a, const Host& b) {
    cuts_.insert(ordered(number_of(a), number_of(b)));
}

void Fabric::heal(const Host& a, const Host& b) {
    if (cuts_.erase(ordered(number_of(a), number_of(b))) == 0) return;
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    for (const auto& weak : connections_) {
        const ConnectionPtr connection = weak.lock();
        for (int to = 0; to < 2; ++to) {
            Side& side = connection->sides[to];
            if (side.held.empty() || is_cut(*side.host, *connection->sides[1 - to].host)) continue;
            std::vector<Packet> held = std::exchange(side.held, {});
            const bool given_up = scheduler_.random().chance(0.3);
            std::int64_t delay = scheduler_.random().between(1'000, 2'000'000);
            if (given_up) {
                fly(connection, to, {{}, Packet::reset}, delay);
                fly(connection, 1 - to, {{}, Packet::reset}, delay);
                continue;
            }
            for (Packet& packet : held) fly(connection, to, std::move(packet), delay);
        }
    }
}

void Fabric::heal_all() {
    const auto all = cuts_;
    for (const auto& [a, b] : all) heal(*hosts_[a], *hosts_[b]);
}

std::int64_t Fabric::delay_us(const Host& a, const Host& b) {
    SeededRandom& random = scheduler_.random();
    if (&a == &b) return random.between(20, 200);
    if (random.chance(weather_.stall)) return random.between(500'000, 5'000'000);
    return random.between(weather_.delay_least_us, weather_.delay_most_us);
}

void Fabric::dial(Process& from, io::Endpoint to, std::shared_ptr<Dial> dial, Instant deadline) {
    Host* const host = host_at(to.host);
    if (host == nullptr) {
        dial->answered = true;
        return;
    }
    scheduler_.in_world(delay_us(from.host(), *host),
                        [this, &from, to, dial, deadline] { knock(from, to, dial, deadline); });
}

// The first packet of a connection has arrived. A connection carries the name of the host that
// made it as the name of its certificate would be, so that no simulated world needs TLS.
void Fabric::knock(Process& from, io::Endpoint to, std::shared_ptr<Dial> dial, Instant deadline) {
    if (!from.alive()) return;
    Host& host = *host_at(to.host);
    if (is_cut(from.host(), host) || !host.answers()) {
        if (from.clock().monotonic() >= deadline) return;
        scheduler_.in_world(kKnockAgainUs,
                            [this, &from, to, dial, deadline] { knock(from, to, dial, deadline); });
        return;
    }
    const auto found = listeners_.find(to);
    if (found == listeners_.end() || !found->second->process().alive()) {
        answer(from, host, dial, nullptr);
        return;
    }
    auto made = std::make_shared<Connection>();
    made->sides[0].process = &from;
    made->sides[0].host = &from.host();
    made->sides[1].process = &found->second->process();
    made->sides[1].host = &host;
    connections_.push_back(made);
    io::PeerInfo peer;
    peer.remote = {from.host().address(), next_port_++};
    peer.local = to;
    peer.tls = true;
    peer.certificate_name = from.host().name() + ".border";
    auto stream = std::make_unique<SimStream>(*this, made, 1, std::move(peer));
    scheduler_.enter(*made->sides[1].process,
                     [listener = found->second, &stream] { listener->arrived(std::move(stream)); });
    answer(from, host, dial, made);
}

void Fabric::answer(Process& from, const Host& by, std::shared_ptr<Dial> dial, ConnectionPtr made) {
    const std::int64_t delay = delay_us(by, from.host());
    if (made != nullptr) made->sides[0].last_arrival_us = scheduler_.now_us() + delay;
    scheduler_.at(scheduler_.now_us() + delay, Scheduler::Place::loop, &from, [this, dial, made] {
        dial->answered = true;
        dial->connection = made;
        if (dial->abandoned && made != nullptr) {
            made->sides[0].closed = true;
            send(made, 1, {{}, Packet::end});
        }
        dial->event.notify_all();
    });
}

void Fabric::send(const ConnectionPtr& connection, int to, Packet packet) {
    Side& side = connection->sides[to];
    const Host& from = *connection->sides[1 - to].host;
    const bool between_hosts = side.host != &from;
    if (between_hosts && packet.kind == Packet::data && scheduler_.random().chance(weather_.loss)) {
        fly(connection, to, {{}, Packet::reset}, delay_us(from, *side.host));
        fly(connection, 1 - to, {{}, Packet::reset}, delay_us(from, *side.host));
        return;
    }
    scheduler_.note(packet.bytes);
    side.under_way += packet.bytes.size();
    fly(connection, to, std::move(packet), delay_us(from, *side.host));
}

void Fabric::fly(const ConnectionPtr& connection, int to, Packet packet, std::int64_t delay_us) {
    Side& side = connection->sides[to];
    side.last_arrival_us = std::max(side.last_arrival_us, scheduler_.now_us() + delay_us);
    scheduler_.at(side.last_arrival_us, Scheduler::Place::world, nullptr,
                  [this, connection, to, packet = std::move(packet)]() mutable {
                      arrive(connection, to, std::move(packet));
                  });
}

void Fabric::arrive(const ConnectionPtr& connection, int to, Packet packet) {
    Side& side = connection->sides[to];
    Side& from = connection->sides[1 - to];
    if (!side.held.empty() || is_cut(*side.host, *from.host)) {
        side.held.push_back(std::move(packet));
        return;
    }
    side.under_way -= std::min(side.under_way, packet.bytes.size());
    const bool nobody = !side.process->alive() || side.closed;
    if (nobody) {
        // The kernel answers for a program that is gone; a host without power does not.
        if (packet.kind == Packet::data && (side.process->alive() || side.host->answers()) &&
            !from.broken)
            fly(connection, 1 - to, {{}, Packet::reset}, delay_us(*side.host, *from.host));
        return;
    }
    if (side.broken) return;
    side.received += packet.bytes;
    side.ended = side.ended || packet.kind == Packet::end;
    if (packet.kind == Packet::reset) {
        side.broken = true;
        side.received.clear();
        wake(side, false);
    }
    wake(side, true);
}

void Fabric::wake(Side& side, bool readable) {
    if (side.stream == nullptr || !side.process->alive()) return;
    scheduler_.enter(*side.process, [&side, readable] {
        if (readable)
            side.stream->wake_readable();
        else
            side.stream->wake_writable();
    });
}

void Fabric::ended(const Process& process) {
    std::erase_if(listeners_, [&](const auto& l) { return &l.second->process() == &process; });
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    const bool kernel_answers = !process.host().disk().dead();
    if (!kernel_answers) return;
    for (const auto& weak : connections_) {
        const ConnectionPtr connection = weak.lock();
        for (int side = 0; side < 2; ++side) {
            if (connection->sides[side].process != &process || connection->sides[side].closed)
                continue;
            fly(connection, 1 - side, {{}, Packet::reset},
                delay_us(*connection->sides[side].host, *connection->sides[1 - side].host));
        }
    }
}

}  // namespace domicile::sim
