#include "gateway/health_checker.h"

#include "base/log.h"

namespace domicile::gateway {

HealthChecker::HealthChecker(const config::Upstream& upstream, Balancer& balancer,
                             http::Client& client)
    : upstream_(upstream), balancer_(balancer), client_(client), streaks_(upstream.url.size(), 0) {}

void HealthChecker::start() {
    if (upstream_.health) tasks_.spawn(run());
}

io::Task<void> HealthChecker::stop() {
    stopping_ = true;
    stop_.notify_all();
    call_.cancel();
    bool ended = false;
    while (!ended) {
        const Instant next = io::deadline_in(Seconds(1));
        ended = co_await tasks_.drain(next);
    }
}

// The first look comes at once. Until then every server is taken to be well.
io::Task<void> HealthChecker::run() {
    const config::HealthCheck& check = *upstream_.health;
    while (!stopping_) {
        for (std::size_t i = 0; i < streaks_.size() && !stopping_; ++i) {
            const bool good = co_await ask(i);
            if (stopping_) break;
            std::int64_t& streak = streaks_[i];
            streak = good ? std::max<std::int64_t>(streak, 0) + 1
                          : std::min<std::int64_t>(streak, 0) - 1;
            const std::int64_t now = io::Executor::current().clock().monotonic_ns();
            const bool up = streak == check.up_after;
            if (!up && streak != -check.down_after) continue;
            balancer_.set_healthy(i, up, now);
            log::info("upstream_health",
                      {{"upstream", upstream_.name}, {"server", i}, {"healthy", up}});
        }
        if (stopping_) break;
        const Instant next = io::deadline_in(Millis(check.interval_ms));
        co_await stop_.wait_until(next);
    }
}

io::Task<bool> HealthChecker::ask(std::size_t server) {
    const config::UpstreamUrl& url = upstream_.url[server];
    http::Target target;
    target.endpoint = {url.host, url.port};
    http::RequestHead head;
    head.method = "GET";
    head.target = upstream_.health->path;
    head.headers.add("User-Agent", "domicile-health");
    const http::SendOptions options{
        .deadline = io::deadline_in(Millis(upstream_.health->timeout_ms)), .cancellation = &call_};
    auto response = co_await client_.send(target, std::move(head), std::string_view(), options);
    if (!response) co_return false;
    const int status = (*response)->status();
    // Read, so that the connection can be used again; a large answer is not waited for.
    const auto body = co_await (*response)->read_all(64 * 1024);
    co_return body.has_value() && status >= 200 && status < 400;
}

}  // namespace domicile::gateway
