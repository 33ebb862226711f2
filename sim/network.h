// The network between hosts. A connection keeps the order of its bytes, as TCP does; connections
// overtake each other. A cut holds what is sent until it heals, as retransmission does, or the
// connection ends in a reset; a loss is a reset at once.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "io/network.h"
#include "sim/scheduler.h"

namespace domicile::sim {

class Host;
class Process;
class SimListener;
class SimStream;

struct Weather {
    std::int64_t delay_least_us = 200;
    std::int64_t delay_most_us = 40'000;
    double loss = 0;   // of a connection, each time that something is sent over it
    double stall = 0;  // of a packet, for some seconds
};

class Fabric {
  public:
    explicit Fabric(Scheduler& scheduler) : scheduler_(scheduler) {}
    Fabric(const Fabric&) = delete;
    Fabric& operator=(const Fabric&) = delete;

    void add(Host& host) { hosts_.push_back(&host); }
    std::uint64_t number_of(const Process& process) const;
    std::uint64_t number_of(const Host& host) const;
    std::unique_ptr<io::Network> network_of(Process& process);

    void set_weather(Weather weather) { weather_ = weather; }
    // Between two hosts, both ways.
    void cut(const Host& a, const Host& b);
    void heal(const Host& a, const Host& b);
    void heal_all();
    bool is_cut(const Host& a, const Host& b) const;

    // The process is dead: its connections are reset, or silent if its host does not answer.
    void ended(const Process& process);

  private:
    friend class SimListener;
    friend class SimStream;
    friend class ProcessNetwork;
    struct Packet {
        std::string bytes;
        enum Kind : std::uint8_t { data, end, reset } kind = data;
    };
    struct Side {
        Process* process = nullptr;
        Host* host = nullptr;
        SimStream* stream = nullptr;  // null once the program has dropped it
        std::string received;
        std::size_t under_way = 0;  // towards this side
        std::int64_t last_arrival_us = 0;
        std::vector<Packet> held;  // by a cut, towards this side
        bool ended = false;        // the other side has sent its last byte
        bool broken = false;
        bool peer_waits = false;  // for room
        bool closed = false;      // by this side's program
    };
    struct Connection {
        Side sides[2];
    };
    using ConnectionPtr = std::shared_ptr<Connection>;
    struct Dial {
        bool answered = false;
        bool abandoned = false;    // nobody waits any more
        ConnectionPtr connection;  // null: refused
        io::Event event;
    };

    std::int64_t delay_us(const Host& a, const Host& b);
    void dial(Process& from, io::Endpoint to, std::shared_ptr<Dial> dial, Instant deadline);
    void knock(Process& from, io::Endpoint to, std::shared_ptr<Dial> dial, Instant deadline);
    void answer(Process& from, const Host& by, std::shared_ptr<Dial> dial, ConnectionPtr made);
    void send(const ConnectionPtr& connection, int to, Packet packet);
    void fly(const ConnectionPtr& connection, int to, Packet packet, std::int64_t delay_us);
    void arrive(const ConnectionPtr& connection, int to, Packet packet);
    void wake(Side& side, bool readable);
    Host* host_at(const std::string& address) const;

    Scheduler& scheduler_;
    Weather weather_;
    std::vector<Host*> hosts_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> cuts_;
    std::map<io::Endpoint, SimListener*> listeners_;
    std::vector<std::weak_ptr<Connection>> connections_;
    std::uint16_t next_port_ = 40'000;
};

}  // namespace domicile::sim
