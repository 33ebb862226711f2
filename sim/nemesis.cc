#include "sim/nemesis.h"

namespace domicile::sim {
namespace {

constexpr Weather kCalm{};

std::int64_t seconds_us(SeededRandom& random, std::int64_t least_ms, std::int64_t most_ms) {
    return random.between(least_ms, most_ms) * 1000;
}

}  // namespace

void Nemesis::note(const std::string& what) {
    report_.count("nemesis " + what.substr(0, what.find(' ')));
    if (report_.verbose)
        std::fprintf(stderr, "%9.3f nemesis: %s\n",
                     static_cast<double>(world_.scheduler().now_us()) / 1e6, what.c_str());
}

std::uint64_t Nemesis::troubles(const Host& host) const {
    const auto found = troubles_.find(host.name());
    return (found == troubles_.end() ? 0 : found->second) + host.starts();
}

void Nemesis::begin() {
    active_ = true;
    schedule();
}

void Nemesis::schedule() {
    world_.scheduler().in_world(seconds_us(world_.random(), 300, 6'000), [this] {
        if (!active_) return;
        act();
        schedule();
    });
}

void Nemesis::act() {
    SeededRandom& random = world_.random();
    switch (random.below(10)) {
        case 0:
        case 1:
        case 2:
            stop_server(*random.pick(world_.servers()));
            break;
        case 3:
        case 4:
            isolate(random.below(kRegionCount));
            break;
        case 5:
        case 6:
            cut_pair();
            break;
        case 7:
            jump_clock();
            break;
        default:
            change_weather();
    }
}

void Nemesis::stop_server(Host& host) {
    if (!host.up()) return;
    SeededRandom& random = world_.random();
    trouble(host);
    switch (random.below(3)) {
        case 0:
            note("kill " + host.name());
            host.kill();
            break;
        case 1:
            note("power " + host.name());
            host.lose_power();
            break;
        default:
            note("power-in-write " + host.name());
            host.disk().lose_power_after(1 + random.below(60));
    }
    restart_later(host);
}

// Looks again when the power has not gone yet.
void Nemesis::restart_later(Host& host) {
    world_.scheduler().in_world(seconds_us(world_.random(), 300, 12'000), [this, &host] {
        if (!active_) return;
        if (host.up()) {
            if (host.disk().power_will_go()) restart_later(host);
            return;
        }
        note("start " + host.name());
        trouble(host);
        world_.start(host);
    });
}

void Nemesis::isolate(std::size_t region) {
    if (isolated_[region]) return;
    Host& host = world_.region(region);
    note("isolate " + host.name());
    isolated_[region] = true;
    trouble(host);
    for (Host* other : world_.servers())
        if (other != &host) world_.fabric().cut(host, *other);
    world_.scheduler().in_world(seconds_us(world_.random(), 3'000, 25'000), [this, region] {
        if (!active_ || !isolated_[region]) return;
        Host& back = world_.region(region);
        note("rejoin " + back.name());
        isolated_[region] = false;
        trouble(back);
        for (Host* other : world_.servers()) world_.fabric().heal(back, *other);
    });
}

void Nemesis::cut_pair() {
    const auto servers = world_.servers();
    Host& a = *world_.random().pick(servers);
    Host& b = *world_.random().pick(servers);
    if (&a == &b) return;
    note("cut " + a.name() + " and " + b.name());
    trouble(a);
    trouble(b);
    world_.fabric().cut(a, b);
    world_.scheduler().in_world(seconds_us(world_.random(), 500, 15'000), [this, &a, &b] {
        if (!active_) return;
        for (std::size_t i = 0; i < kRegionCount; ++i) {
            const Host& host = world_.region(i);
            if (isolated_[i] && (&host == &a || &host == &b)) return;
        }
        note("heal " + a.name() + " and " + b.name());
        trouble(a);
        trouble(b);
        world_.fabric().heal(a, b);
    });
}

void Nemesis::change_weather() {
    SeededRandom& random = world_.random();
    Weather weather;
    if (random.chance(0.7)) {
        weather.delay_most_us = random.between(1'000, 400'000);
        weather.loss = random.chance(0.5) ? 0.03 : 0;
        weather.stall = random.chance(0.5) ? 0.02 : 0;
    }
    Host& host = *random.pick(world_.servers());
    const bool slow = random.chance(0.5);
    note(slow ? "slow-disk " + host.name() : "weather");
    trouble(host);
    host.set_slow_disk(slow);
    world_.fabric().set_weather(weather);
}

void Nemesis::jump_clock() {
    SeededRandom& random = world_.random();
    Host& host = *random.pick(world_.servers());
    const bool far = random.chance(0.1);
    const std::int64_t most = far ? 3 * 3600 : 300;
    jumped_far_ = jumped_far_ || far;
    note(far ? "far-jump " + host.name() : "jump " + host.name());
    trouble(host);
    host.jump_clock(Seconds(random.between(-most, most)));
}

void Nemesis::end() {
    active_ = false;
    note("end");
    isolated_ = {};
    world_.fabric().set_weather(kCalm);
    world_.fabric().heal_all();
    for (Host* host : world_.servers()) {
        host->disk().lose_power_after(0);
        host->set_slow_disk(false);
        trouble(*host);
        world_.start(*host);
    }
}

}  // namespace domicile::sim
