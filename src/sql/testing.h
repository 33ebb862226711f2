// For tests of this module and of those that stand on it: what io/testing.h has, and the test
// binary started again as another process. Not part of any library.
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

#include "io/runtime.h"
#include "io/testing.h"

namespace domicile::sql::testing {

using namespace io::testing;  // NOLINT(google-build-using-namespace)

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
