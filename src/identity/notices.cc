#include "identity/notices.h"

#include <utility>

#include "base/log.h"

namespace domicile::identity {
namespace {

constexpr Millis kLook{500};
constexpr Millis kStopMax{10'000};

}  // namespace

void Notices::add(AddressNotice notice) {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kWaitingMax) waiting_.push_back(std::move(notice));
}

std::deque<AddressNotice> Notices::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(waiting_, {});
}

void Notices::start() { tasks_.spawn(run()); }

io::Task<void> Notices::stop() {
    stopping_ = true;
    wake_.notify_all();
    const Instant deadline = io::deadline_in(kStopMax);
    co_await tasks_.drain(deadline);
}

io::Task<void> Notices::run() {
    while (!stopping_) {
        // add() does not wake it: the time of a notice must not follow from that of the answer.
        const Instant deadline = io::deadline_in(kLook);
        co_await wake_.wait_until(deadline);
        std::deque<AddressNotice> notices = take();
        while (!stopping_ && !notices.empty()) {
            AddressNotice notice = std::move(notices.front());
            notices.pop_front();
            const Result<void> told = co_await tell_(std::move(notice));
            if (told) continue;
            log::warning("owner_of_address_not_told", {{"code", to_string(told.error().code)}});
        }
    }
}

}  // namespace domicile::identity
