#include "gateway/balancer.h"

#include <algorithm>
#include <numeric>

namespace domicile::gateway {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr int kEjectionsMax = 10;             // an ejection lasts at most as many times as long
constexpr std::int64_t kRetry = 1000;         // what one costs
constexpr std::int64_t kRetriesMax = 10'000;  // ten may be made at once after a quiet time

// Smooth weighted round robin: nobody has all of its turns in a row.
std::vector<std::uint16_t> turns_of(const config::Upstream& upstream) {
    std::vector<std::int64_t> weights = upstream.weights;
    weights.resize(upstream.url.size(), weights.empty() ? 1 : 0);
    const std::int64_t divisor =
        std::max<std::int64_t>(1, std::accumulate(weights.begin(), weights.end(), std::int64_t{0},
                                                  [](auto a, auto b) { return std::gcd(a, b); }));
    for (std::int64_t& weight : weights) weight /= divisor;
    const std::int64_t total = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
    std::vector<std::int64_t> current(weights.size(), 0);
    std::vector<std::uint16_t> out;
    for (std::int64_t i = 0; i < total; ++i) {
        for (std::size_t k = 0; k < weights.size(); ++k) current[k] += weights[k];
        const auto most = std::max_element(current.begin(), current.end());
        *most -= total;
        out.push_back(static_cast<std::uint16_t>(most - current.begin()));
    }
    if (out.empty()) out.push_back(0);
    return out;
}

bool was_tried(std::uint64_t tried, std::size_t server) {
    return server < 64 && (tried >> server & 1) != 0;
}

}  // namespace

Balancer::Balancer(const config::Upstream& upstream)
    : options_(upstream), turns_(turns_of(upstream)), retries_(kRetriesMax) {
    for (std::size_t i = 0; i < upstream.url.size(); ++i)
        servers_.push_back(std::make_unique<Server>());
}

bool Balancer::is_usable(const Server& server, std::int64_t now) const {
    return server.healthy.load(std::memory_order_relaxed) &&
           server.ejected_until.load(std::memory_order_relaxed) <= now;
}

// From a tenth of its calls up to all of them.
bool Balancer::is_warm(const Server& server, std::int64_t now, std::size_t turn) const {
    const std::int64_t since = server.back_since.load(std::memory_order_relaxed);
    const std::int64_t whole = options_.slow_start_seconds * kSecond;
    if (since == 0 || now - since >= whole) return true;
    const std::int64_t share = std::max<std::int64_t>(100, (now - since) * 1000 / whole);
    return static_cast<std::int64_t>(turn * 2'654'435'761U % 4'294'967'296U % 1000) < share;
}

template <class Fits>
std::size_t Balancer::round(std::size_t turn, Fits fits) const {
    for (std::size_t i = 0; i < turns_.size(); ++i) {
        const std::size_t server = turns_[(turn + i) % turns_.size()];
        if (fits(server)) return server;
    }
    return servers_.size();
}

std::size_t Balancer::pick(std::int64_t now, std::uint64_t tried) {
    if (servers_.size() == 1) return 0;
    const std::size_t turn = turn_.fetch_add(1, std::memory_order_relaxed);
    const auto untried = [&](std::size_t server) { return !was_tried(tried, server); };
    const auto usable = [&](std::size_t server) {
        return untried(server) && is_usable(*servers_[server], now);
    };
    std::size_t out = round(turn, [&](std::size_t server) {
        return usable(server) && is_warm(*servers_[server], now, turn);
    });
    if (out == servers_.size()) out = round(turn, usable);
    if (out == servers_.size()) out = round(turn, untried);
    return out == servers_.size() ? turns_[turn % turns_.size()] : out;
}

void Balancer::succeeded(std::size_t server) {
    std::atomic<int>& failures = servers_[server]->failures;
    if (failures.load(std::memory_order_relaxed) != 0) failures.store(0, std::memory_order_relaxed);
}

void Balancer::failed(std::size_t index, std::int64_t now) {
    Server& server = *servers_[index];
    const int most = static_cast<int>(options_.ejection.failures);
    if (server.failures.fetch_add(1) + 1 < most || most == 0) return;
    server.failures = 0;
    // Never more than half: when most of them fail, it is not they who are to blame.
    const bool is_in = is_usable(server, now);
    if (!is_in || (usable(now) - 1) * 2 < servers_.size()) return;
    const std::int64_t base = options_.ejection.seconds * kSecond;
    const std::int64_t last = server.ejected_until;
    if (last == 0 || now - last > kEjectionsMax * base) server.times_ejected = 0;
    const int times = std::min(++server.times_ejected, kEjectionsMax);
    server.ejected_until = now + base * times;
    server.back_since = now + base * times;
    ejections_.add();
}

void Balancer::set_healthy(std::size_t index, bool healthy, std::int64_t now) {
    Server& server = *servers_[index];
    if (server.healthy.exchange(healthy) == healthy || !healthy) return;
    server.failures = 0;
    server.back_since = now;
}

void Balancer::note_call() {
    if (options_.retries.attempts <= 1) return;
    const std::int64_t share = options_.retries.budget_percent * kRetry / 100;
    if (retries_.load(std::memory_order_relaxed) < kRetriesMax) retries_.fetch_add(share);
}

bool Balancer::take_retry() {
    std::int64_t left = retries_.load();
    while (left >= kRetry)
        if (retries_.compare_exchange_weak(left, left - kRetry)) return true;
    return false;
}

std::size_t Balancer::usable(std::int64_t now) const {
    return std::ranges::count_if(servers_,
                                 [&](const auto& server) { return is_usable(*server, now); });
}

}  // namespace domicile::gateway
