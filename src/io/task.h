// Task<T>: a lazy coroutine. It starts when it is awaited, on the awaiting thread, and resumes its
// awaiter by symmetric transfer when it is done. Move-only; destroying an unfinished Task destroys
// its frame, which is only safe while it is not suspended on something that will resume it.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/context.h"
#include "io/frame_pool.h"

namespace domicile::io {

// A suspended coroutine and the request that it works for. Whatever wakes coroutines up keeps them
// as this, so that the one it interrupts finds its own request again.
class Waiter {
  public:
    Waiter() = default;
    explicit Waiter(std::coroutine_handle<> handle) noexcept
        : handle_(handle), context_(RequestContext::current()) {}

    explicit operator bool() const noexcept { return handle_ != nullptr; }
    // `this` may be gone when it returns.
    void resume() const {
        const ScopedContext scoped(context_);
        handle_.resume();
    }

  private:
    std::coroutine_handle<> handle_;
    RequestContext context_;
};

template <class T = void>
class Task;

namespace detail {

// What a promise derives from so that its frame comes from the frame pool.
struct PooledFrame {
    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept {
        free_frame(frame, bytes);
    }
};

struct PromiseBase : PooledFrame {
    std::coroutine_handle<> awaiter = std::noop_coroutine();
    std::exception_ptr exception;

    struct Final {
        bool await_ready() noexcept { return false; }
        template <class P>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) noexcept {
            return self.promise().awaiter;
        }
        void await_resume() noexcept {}
    };

    std::suspend_always initial_suspend() noexcept { return {}; }
    Final final_suspend() noexcept { return {}; }
    void unhandled_exception() { exception = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
    std::optional<T> value;

    Task<T> get_return_object();
    template <class U>
    void return_value(U&& v) {
        value.emplace(std::forward<U>(v));
    }
    T take() {
        if (exception) std::rethrow_exception(exception);
        DOMICILE_CHECK(value.has_value());
        return std::move(*value);
    }
};

template <>
struct Promise<void> : PromiseBase {
    Task<void> get_return_object();
    void return_void() {}
    void take() {
        if (exception) std::rethrow_exception(exception);
    }
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
  public:
    using promise_type = detail::Promise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    Task() = default;
    explicit Task(Handle handle) : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Task& operator=(Task&& other) noexcept {
        if (this != &other) {
            if (handle_) handle_.destroy();
            handle_ = std::exchange(other.handle_, {});
        }
        return *this;
    }
    ~Task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
        handle_.promise().awaiter = awaiter;
        return handle_;
    }
    T await_resume() { return handle_.promise().take(); }

  private:
    Handle handle_;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() {
    return Task<T>(Task<T>::Handle::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
    return Task<void>(Task<void>::Handle::from_promise(*this));
}

}  // namespace detail

// Starts a task at once on this thread and lets it run to its end by itself. An exception that
// leaves it ends the process: tasks handle their errors. It works for the request of whoever starts
// it.
inline void spawn(Task<void> task) {
    struct Detached {
        struct promise_type : detail::PooledFrame {
            Detached get_return_object() { return {}; }
            std::suspend_never initial_suspend() noexcept { return {}; }
            std::suspend_never final_suspend() noexcept { return {}; }
            void return_void() {}
            void unhandled_exception() { std::terminate(); }
        };
    };
    // Where it first waits, this thread goes on with what it did before.
    const ScopedContext scoped(RequestContext::current());
    [](Task<void> owned) -> Detached { co_await owned; }(std::move(task));
}

}  // namespace domicile::io
