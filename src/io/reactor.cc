#include "io/reactor.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <thread>

namespace domicile::io {
namespace {
constexpr int kEventsMax = 256;
}  // namespace

Reactor::Reactor(BlockingPool& pool)
    : pool_(pool),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wakeup_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      wheel_(system_clock().coarse()),
      network_(make_socket_network(*this)) {
    DOMICILE_CHECK(epoll_ >= 0 && wakeup_ >= 0);
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
    DOMICILE_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, wakeup_, &event) == 0);
}

Reactor::~Reactor() {
    // What was posted may have run and ended this before its thread has come to wake it.
    while (waking_ != 0) std::this_thread::yield();
    close(wakeup_);
    close(epoll_);
}

bool Reactor::watch(int fd, Handler& handler) {
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                      .data = {.ptr = &handler}};
    return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool Reactor::watch_once(int fd, Handler& handler, std::uint32_t events, bool known) {
    epoll_event event{.events = events | EPOLLONESHOT, .data = {.ptr = &handler}};
    return epoll_ctl(epoll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0;
}

void Reactor::forget(int fd, Handler& handler) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
    for (Handler*& entry : batch_) {
        if (entry == &handler) entry = nullptr;
    }
}

void Reactor::post(std::move_only_function<void()> work) {
    const bool here = current_or_null() == this;
    {
        std::lock_guard lock(mutex_);
        const bool first = posted_.empty();
        posted_.push_back(std::move(work));
        if (!first) return;  // whoever posted before wakes it
        if (here) {
            posted_here_ = true;  // it is awake: it looks before it sleeps
            return;
        }
        ++waking_;
    }
    // Outside of the lock: the reactor would wake up only to wait for it.
    const std::uint64_t one = 1;
    [[maybe_unused]] auto n = ::write(wakeup_, &one, sizeof one);
    --waking_;
}

void Reactor::stop() {
    post([this] { stopping_ = true; });
}

void Reactor::run_posted() {
    posted_here_ = false;
    {
        std::lock_guard lock(mutex_);
        running_.swap(posted_);
    }
    for (auto& item : running_) item();
    running_.clear();
}

void Reactor::wait_and_dispatch() {
    const auto next = wheel_.next(system_clock().coarse());
    const bool at_once = std::exchange(posted_here_, false);
    const int timeout = at_once ? 0 : next ? static_cast<int>(next->count()) : -1;
    std::array<epoll_event, kEventsMax> events;
    const int count = epoll_wait(epoll_, events.data(), kEventsMax, timeout);
    batch_.clear();
    for (int i = 0; i < count; ++i) batch_.push_back(static_cast<Handler*>(events[i].data.ptr));
    for (int i = 0; i < count; ++i) {
        if (batch_[i] != nullptr) {
            batch_[i]->on_events(events[i].events);
        } else if (events[i].data.ptr == nullptr) {
            std::uint64_t drained = 0;
            [[maybe_unused]] auto n = ::read(wakeup_, &drained, sizeof drained);
        }
    }
    batch_.clear();
}

void Reactor::run() {
    Executor* before = Executor::current_or_null();
    set_current(this);
    stopping_ = false;
    run_posted();
    while (!stopping_) {
        wait_and_dispatch();
        wheel_.advance(system_clock().coarse());
        run_posted();
    }
    set_current(before);
}

}  // namespace domicile::io
