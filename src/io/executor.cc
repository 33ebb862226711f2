#include "io/executor.h"

#include <algorithm>

namespace domicile::io {
namespace {
thread_local Executor* current_executor = nullptr;
}  // namespace

Executor& Executor::current() {
    DOMICILE_CHECK(current_executor != nullptr);
    return *current_executor;
}
Executor* Executor::current_or_null() { return current_executor; }
void Executor::set_current(Executor* executor) { current_executor = executor; }

Event::~Event() { DOMICILE_CHECK(waiters_.empty()); }

void Event::Wait::await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = Waiter(waiter);
    event_.waiters_.push_back(this);
    Executor::current().arm(*this, deadline_);
}

void Event::Wait::expired() {
    std::erase(event_.waiters_, this);
    waiter_.resume();
}

void Event::notify_all() {
    // Resumed waiters may wait again or destroy this event: take the list away first.
    std::vector<Wait*> taken = std::exchange(waiters_, {});
    for (Wait* wait : taken) {
        wait->unlink();
        wait->notified_ = true;
    }
    for (Wait* wait : taken) wait->waiter_.resume();
}

void TaskGroup::spawn(Task<void> task) {
    ++running_;
    io::spawn(count(std::move(task)));
}

Task<void> TaskGroup::count(Task<void> task) {
    co_await task;
    if (--running_ == 0) idle_.notify_all();
}

Task<bool> TaskGroup::drain(Instant deadline) {
    while (running_ > 0) {
        const bool notified = co_await idle_.wait_until(deadline);
        if (!notified) co_return running_ == 0;
    }
    co_return true;
}

}  // namespace domicile::io
