// The reactors of a process, one thread each, and its blocking pool.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "io/executor.h"
#include "io/task.h"

namespace domicile::io {

struct RuntimeOptions {
    std::size_t reactors = 1;
    std::size_t blocking_threads = 2;
    std::size_t blocking_queue_max = 1024;  // work beyond it is refused with resource_exhausted
};

// Of the machine's cores, those that this process may run on.
std::size_t usable_cores();

// Threads for one purpose, where what blocks may do so for long. Its destructor waits until what
// was taken is done. `name` is the threads', at most 15 bytes.
std::unique_ptr<BlockingPool> make_blocking_pool(const char* name, std::size_t threads,
                                                 std::size_t queue_max);

class Runtime {
  public:
    explicit Runtime(const RuntimeOptions& options = {});
    ~Runtime();  // stops and joins

    std::size_t size() const;
    Executor& executor(std::size_t index);

    // Runs `main` on reactor 0 in the calling thread, the other reactors in threads of their own,
    // until `main` is done; then stops all of them. Work still suspended is abandoned.
    void run(std::function<Task<void>()> main);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Awaits `task` and keeps what it returned, so that run() can take it as its main.
template <class T>
Task<void> store(Task<T> task, T& into) {
    into = co_await task;
}

// Runs one task to its end on a fresh runtime: for tests and for the command line.
template <class T>
T run_task(std::function<Task<T>()> make, const RuntimeOptions& options = {}) {
    std::optional<T> out;
    Runtime runtime(options);
    runtime.run([&]() -> Task<void> {
        return [](std::function<Task<T>()> make, std::optional<T>& out) -> Task<void> {
            out.emplace(co_await make());
        }(make, out);
    });
    return std::move(*out);
}

}  // namespace domicile::io
