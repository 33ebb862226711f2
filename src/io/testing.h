// For tests of this module and of those that stand on it: a folder that goes away, a runtime that
// outlives single tasks, a wait for a condition, and many tasks at once. Not part of any library.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "io/executor.h"
#include "io/runtime.h"
#include "io/task.h"

namespace domicile::io::testing {

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "domicile-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) std::abort();
        path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::string& path() const { return path_; }
    std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

inline std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// A runtime on a thread of its own, for what outlives the single tasks of a test: connections
// belong to the executor that made them. stop() before what has connections is destroyed.
class Loop {
  public:
    explicit Loop(const RuntimeOptions& options = {}) : runtime_(options) {
        std::promise<std::pair<Executor*, Completion<bool>*>> up;
        auto ready = up.get_future();
        thread_ = std::thread([this, &up] { runtime_.run([&up] { return live(up); }); });
        std::tie(executor_, end_) = ready.get();
    }
    ~Loop() { stop(); }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void stop() {
        if (!thread_.joinable()) return;
        end_->set(true);
        thread_.join();
    }
    Executor& executor() const { return *executor_; }
    template <class T>
    T run(std::function<Task<T>()> make) {
        std::promise<T> out;
        auto ready = out.get_future();
        executor_->post([&] { spawn(keep<T>(make(), out)); });
        return ready.get();
    }

  private:
    static Task<void> live(std::promise<std::pair<Executor*, Completion<bool>*>>& up) {
        Completion<bool> end;
        up.set_value({&Executor::current(), &end});
        co_await end;
    }
    template <class T>
    static Task<void> keep(Task<T> task, std::promise<T>& out) {
        out.set_value(co_await task);
    }

    Runtime runtime_;
    std::thread thread_;
    Executor* executor_ = nullptr;
    Completion<bool>* end_ = nullptr;
};

// Looks until the condition holds, which nothing tells about when it changes; whether it did within
// a time that only a broken program takes. Between two looks the reactor does its work.
inline Task<bool> until(std::function<bool()> condition) {
    const Instant deadline = deadline_in(Seconds(30));
    while (!condition()) {
        if (deadline_in(Millis(0)) >= deadline) co_return false;
        co_await sleep_for(Millis(2));
    }
    co_return true;
}

// Starts all tasks at once and comes back with their values in order when the last is done.
template <class T>
struct Gathering {
    std::vector<std::optional<T>> values;
    std::size_t left = 0;
    Completion<bool> done;
};
template <class T>
Task<void> gather_one(std::shared_ptr<Gathering<T>> all, std::size_t index, Task<T> task) {
    all->values[index].emplace(co_await task);
    if (--all->left == 0) all->done.set(true);
}
template <class T>
Task<std::vector<T>> gather(std::vector<Task<T>> tasks) {
    auto all = std::make_shared<Gathering<T>>();
    all->values.resize(tasks.size());
    all->left = tasks.size();
    if (tasks.empty()) all->done.set(true);
    for (std::size_t i = 0; i < tasks.size(); ++i)
        spawn(gather_one<T>(all, i, std::move(tasks[i])));
    co_await all->done;
    std::vector<T> out;
    for (auto& value : all->values) out.push_back(std::move(*value));
    co_return out;
}

}  // namespace domicile::io::testing
