// Executor: one thread of execution, the thing a coroutine lives on. The reactor is the real one;
// the simulator has its own. Everything that waits goes through it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "io/clock.h"
#include "io/task.h"

namespace domicile::io {

class Network;

// An entry of the deadline wheel. Its owner keeps it alive while it is armed; the destructor
// disarms.
class Timer {
  public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual ~Timer() { unlink(); }
    virtual void expired() = 0;  // called on the executor's thread, after the entry left the wheel

    bool armed() const { return next_ != nullptr; }
    void unlink() {
        if (next_ == nullptr) return;
        next_->prev_ = prev_;
        prev_->next_ = next_;
        next_ = prev_ = nullptr;
    }

  private:
    friend class Wheel;
    Timer* next_ = nullptr;
    Timer* prev_ = nullptr;
    Instant at_;
};

// Threads for work that blocks: disk, SQLite, key derivation. Bounded; thread-safe.
class BlockingPool {
  public:
    virtual ~BlockingPool() = default;
    // False when the queue is at its bound; the work was not taken.
    virtual bool submit(std::move_only_function<void()> work) = 0;

    struct Load {
        std::size_t queued = 0, running = 0;
        std::uint64_t refused = 0;  // since the start, at the bound
    };
    virtual Load load() const { return {}; }
};

class Executor {
  public:
    virtual ~Executor() = default;

    // The executor of this thread; aborts outside of one.
    static Executor& current();
    static Executor* current_or_null();

    virtual void post(std::move_only_function<void()> work) = 0;  // from any thread
    virtual void arm(Timer& timer, Instant at) = 0;               // from the own thread only
    virtual Clock& clock() = 0;
    virtual Random& random() = 0;
    virtual Network& network() = 0;
    virtual BlockingPool& blocking() = 0;

    Instant in(Millis delay) { return clock().coarse() + delay; }

  protected:
    static void set_current(Executor* executor);
};

// A deadline this far from now.
inline Instant deadline_in(Millis delay) { return Executor::current().in(delay); }

// A one-shot value from any thread to the coroutine that awaits it on the thread that made it.
// Copies share one state. set() may be called once; a Completion that is dropped unset never
// resumes its awaiter, so every path must set it.
template <class T>
class Completion {
  public:
    Completion() : state_(std::make_shared<State>()) { state_->executor = &Executor::current(); }

    void set(T value) const {
        State& state = *state_;
        state.value.emplace(std::move(value));
        state.executor->post([keep = state_]() mutable {
            keep->ready = true;
            if (auto waiter = std::exchange(keep->waiter, {})) waiter.resume();
        });
    }

    bool await_ready() const { return state_->ready; }
    void await_suspend(std::coroutine_handle<> waiter) { state_->waiter = Waiter(waiter); }
    T await_resume() { return std::move(*state_->value); }

  private:
    struct State {
        Executor* executor = nullptr;
        bool ready = false;  // read and written on the executor's thread only
        Waiter waiter;
        std::optional<T> value;
    };
    std::shared_ptr<State> state_;
};

namespace detail {

// Not a coroutine: g++ 12 destroys init-captures of a lambda twice when it is written in one.
template <class R, class F>
bool submit_blocking(BlockingPool& pool, F work, Completion<R> done) {
    const RequestContext& context = RequestContext::current();
    return pool.submit([work = std::move(work), done, context]() mutable {
        const ScopedContext scoped(context);
        try {
            done.set(work());
        } catch (const std::exception&) {
            done.set(R(fail(Code::internal, "Blocking work threw an exception.")));
        }
    });
}

template <class F>
Task<std::invoke_result_t<F&>> await_blocking(bool taken,
                                              Completion<std::invoke_result_t<F&>> done) {
    if (!taken) co_return fail(Code::resource_exhausted, "The queue for blocking work is full.");
    co_return co_await done;
}

}  // namespace detail

// Runs `work` (returning Result<X>) on the pool and comes back with what it returned, or with
// Code::resource_exhausted when the pool's queue is full. An exception becomes Code::internal. Make
// a lambda with init-captures in a plain function, not in the coroutine that awaits this.
template <class F>
Task<std::invoke_result_t<F&>> run_blocking_on(BlockingPool& pool, F work) {
    using R = std::invoke_result_t<F&>;
    Completion<R> done;
    const bool taken = detail::submit_blocking<R>(pool, std::move(work), done);
    return detail::await_blocking<F>(taken, std::move(done));
}
// On that of this executor.
template <class F>
Task<std::invoke_result_t<F&>> run_blocking(F work) {
    return run_blocking_on(Executor::current().blocking(), std::move(work));
}

namespace detail {

template <class T>
Task<void> complete(Task<T> task, Completion<T> done) {
    try {
        done.set(co_await task);
    } catch (const std::exception&) {
        done.set(T(fail(Code::internal, "A task on another executor threw an exception.")));
    }
}

template <class T>
void post_task(Executor& executor, std::move_only_function<Task<T>()> make, Completion<T> done) {
    const RequestContext& context = RequestContext::current();
    executor.post([make = std::move(make), done, context]() mutable {
        const ScopedContext scoped(context);
        spawn(complete(make(), done));
    });
}

}  // namespace detail

// Runs the task that `make` makes (of T, some Result<X>) on another executor and comes back with
// what it returned; Code::internal for an exception. That executor must run until then.
template <class T>
Task<T> run_on(Executor& executor, std::move_only_function<Task<T>()> make) {
    Completion<T> done;
    detail::post_task(executor, std::move(make), done);
    co_return co_await done;
}

// Resumes at `at`, to the resolution of the wheel (8 ms).
class Sleep final : private Timer {
  public:
    explicit Sleep(Instant at) : at_(at) {}
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) {
        waiter_ = Waiter(waiter);
        Executor::current().arm(*this, at_);
    }
    void await_resume() {}

  private:
    void expired() override { waiter_.resume(); }
    Instant at_;
    Waiter waiter_;
};
inline Sleep sleep_until(Instant at) { return Sleep(at); }
inline Sleep sleep_for(Millis delay) { return Sleep(deadline_in(delay)); }

// A condition that tasks of one executor wait for. notify_all resumes every waiter; they look
// again.
class Event {
  public:
    ~Event();
    // True when notified, false at the deadline.
    class Wait final : private Timer {
      public:
        Wait(Event& event, Instant deadline) : event_(event), deadline_(deadline) {}
        bool await_ready() const { return false; }
        void await_suspend(std::coroutine_handle<> waiter);
        bool await_resume() const { return notified_; }

      private:
        friend class Event;
        void expired() override;
        Event& event_;
        Instant deadline_;
        Waiter waiter_;
        bool notified_ = false;
    };
    Wait wait_until(Instant deadline) { return Wait(*this, deadline); }
    void notify_all();

  private:
    std::vector<Wait*> waiters_;
};

// Counts the tasks it spawned, so that an owner can wait for them before it goes.
class TaskGroup {
  public:
    void spawn(Task<void> task);
    std::size_t running() const { return running_; }
    // True when none is left, false at the deadline.
    Task<bool> drain(Instant deadline);

  private:
    Task<void> count(Task<void> task);
    std::size_t running_ = 0;
    Event idle_;
};

}  // namespace domicile::io
