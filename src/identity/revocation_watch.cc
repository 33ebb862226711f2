#include "identity/revocation_watch.h"

#include "base/log.h"

namespace domicile::identity {
namespace {

constexpr Millis kInterval{1'000};

}  // namespace

void RevocationWatch::start() {
    if (needed_) tasks_.spawn(run());
}

io::Task<void> RevocationWatch::stop() {
    stopping_ = true;
    wake_.notify_all();
    const Instant deadline = io::deadline_in(Millis(15'000));
    co_await tasks_.drain(deadline);
}

io::Task<void> RevocationWatch::run() {
    while (!stopping_) {
        const Instant deadline = io::deadline_in(kInterval);
        co_await wake_.wait_until(deadline);
        if (stopping_) break;
        Millis difference{0};
        if (nodes_ != nullptr) difference = nodes_->clock_difference();
        const auto done = co_await sessions_.load_new(difference);
        if (!done) log::warning("revocations_not_read", {{"code", to_string(done.error().code)}});
    }
}

}  // namespace domicile::identity
