#include "io/runtime.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <condition_variable>
#include <deque>
#include <thread>

#include "io/reactor.h"

namespace domicile::io {
namespace {

class ThreadPool final : public BlockingPool {
  public:
    ThreadPool(const char* name, std::size_t threads, std::size_t queue_max)
        : queue_max_(queue_max) {
        for (std::size_t i = 0; i < threads; ++i) {
            threads_.emplace_back([this] { work(); });
            pthread_setname_np(threads_.back().native_handle(), name);
        }
    }
    ~ThreadPool() override {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }

    bool submit(std::move_only_function<void()> item) override {
        {
            std::lock_guard lock(mutex_);
            if (stopping_ || queue_.size() >= queue_max_) {
                ++refused_;
                return false;
            }
            queue_.push_back(std::move(item));
        }
        changed_.notify_one();
        return true;
    }

    Load load() const override {
        const std::lock_guard lock(mutex_);
        return {queue_.size(), running_, refused_};
    }

  private:
    void work() {
        for (;;) {
            std::move_only_function<void()> item;
            {
                std::unique_lock lock(mutex_);
                changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
                if (queue_.empty()) return;  // stopping, and all that was taken is done
                item = std::move(queue_.front());
                queue_.pop_front();
                ++running_;
            }
            item();
            item = {};
            const std::lock_guard lock(mutex_);
            --running_;
        }
    }

    std::size_t queue_max_;
    mutable std::mutex mutex_;  // for what follows
    std::condition_variable changed_;
    std::deque<std::move_only_function<void()>> queue_;
    bool stopping_ = false;
    std::size_t running_ = 0;
    std::uint64_t refused_ = 0;
    std::vector<std::thread> threads_;
};

}  // namespace

// std::thread::hardware_concurrency() counts all of them.
std::size_t usable_cores() {
    cpu_set_t set;
    const bool is_told = ::sched_getaffinity(0, sizeof set, &set) == 0;
    return is_told ? static_cast<std::size_t>(CPU_COUNT(&set)) : 1;
}

std::unique_ptr<BlockingPool> make_blocking_pool(const char* name, std::size_t threads,
                                                 std::size_t queue_max) {
    return std::make_unique<ThreadPool>(name, threads, queue_max);
}

struct Runtime::Impl {
    // Declared in this order since the pool's last work may still post to the reactors: the pool is
    // destroyed first. They only keep a reference to it.
    std::vector<std::unique_ptr<Reactor>> reactors;
    std::unique_ptr<ThreadPool> pool;
};

Runtime::Runtime(const RuntimeOptions& options) : impl_(std::make_unique<Impl>()) {
    // A peer that went away is an error of a write, also of one inside OpenSSL.
    ::signal(SIGPIPE, SIG_IGN);
    impl_->pool = std::make_unique<ThreadPool>("blocking", options.blocking_threads,
                                               options.blocking_queue_max);
    for (std::size_t i = 0; i < options.reactors; ++i) {
        impl_->reactors.push_back(std::make_unique<Reactor>(*impl_->pool));
    }
}

Runtime::~Runtime() = default;

std::size_t Runtime::size() const { return impl_->reactors.size(); }
Executor& Runtime::executor(std::size_t index) { return *impl_->reactors[index]; }

void Runtime::run(std::function<Task<void>()> main) {
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < impl_->reactors.size(); ++i) {
        Reactor& reactor = *impl_->reactors[i];
        threads.emplace_back([&reactor] { reactor.run(); });
        pthread_setname_np(threads.back().native_handle(), "reactor");
    }
    Reactor& first = *impl_->reactors[0];
    std::exception_ptr problem;
    first.post([&] {
        struct Body {
            static Task<void> run(std::function<Task<void>()>& main, Reactor& first,
                                  std::exception_ptr& problem) {
                try {
                    co_await main();
                } catch (...) {
                    problem = std::current_exception();
                }
                first.stop();
            }
        };
        spawn(Body::run(main, first, problem));
    });
    first.run();
    for (std::size_t i = 1; i < impl_->reactors.size(); ++i) impl_->reactors[i]->stop();
    for (std::thread& thread : threads) thread.join();
    if (problem) std::rethrow_exception(problem);
}

}  // namespace domicile::io
