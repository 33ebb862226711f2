// For tests of this module and of those that stand on it: a folder that goes away, many tasks at
// once, and the test binary started again as another process. Not part of any library.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "io/executor.h"
#include "io/runtime.h"
#include "io/task.h"

namespace domicile::sql::testing {

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

    std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

inline std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Starts all tasks at once and comes back with their values in order when the last is done.
template <class T>
struct Gathering {
    std::vector<std::optional<T>> values;
    std::size_t left = 0;
    io::Completion<bool> done;
};
template <class T>
io::Task<void> gather_one(std::shared_ptr<Gathering<T>> all, std::size_t index, io::Task<T> task) {
    all->values[index].emplace(co_await task);
    if (--all->left == 0) all->done.set(true);
}
template <class T>
io::Task<std::vector<T>> gather(std::vector<io::Task<T>> tasks) {
    auto all = std::make_shared<Gathering<T>>();
    all->values.resize(tasks.size());
    all->left = tasks.size();
    if (tasks.empty()) all->done.set(true);
    for (std::size_t i = 0; i < tasks.size(); ++i)
        io::spawn(gather_one<T>(all, i, std::move(tasks[i])));
    co_await all->done;
    std::vector<T> out;
    for (auto& value : all->values) out.push_back(std::move(*value));
    co_return out;
}

// This test binary in a process of its own, running one disabled test with some variables set. What
// it prints is read through read_line().
class Child {
  public:
    Child(const std::string& test, const std::vector<std::string>& variables) {
        int out[2];
        if (pipe2(out, O_CLOEXEC) != 0) std::abort();
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        const std::string filter = "--gtest_filter=" + test;
        std::vector<std::string> environment = variables;
        for (char** variable = environ; *variable != nullptr; ++variable) {
            const std::string_view text = *variable;
            if (!text.starts_with("GTEST_") && !text.starts_with("TEST_"))
                environment.emplace_back(text);
        }
        std::vector<char*> env;
        for (std::string& variable : environment) env.push_back(variable.data());
        env.push_back(nullptr);
        const char* argv[] = {"test", filter.c_str(), "--gtest_also_run_disabled_tests", nullptr};
        const int failed = posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr,
                                       const_cast<char* const*>(argv), env.data());
        posix_spawn_file_actions_destroy(&actions);
        close(out[1]);
        if (failed != 0) std::abort();
        out_ = fdopen(out[0], "r");
    }
    ~Child() {
        if (pid_ > 0) kill_now();
        fclose(out_);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // A line without its end; nullopt at the end of the output.
    std::optional<std::string> read_line() {
        std::string line;
        for (int c = 0; (c = fgetc(out_)) != EOF;) {
            if (c == '\n') return line;
            line += static_cast<char>(c);
        }
        return std::nullopt;
    }
    void kill_now() {
        kill(pid_, SIGKILL);
        wait();
    }
    int wait() {
        int status = 0;
        waitpid(pid_, &status, 0);
        pid_ = -1;
        return status;
    }

  private:
    pid_t pid_ = -1;
    FILE* out_ = nullptr;
};

}  // namespace domicile::sql::testing
