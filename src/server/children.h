// The region processes of `domicile up`. Internal to server.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "io/executor.h"
#include "io/process.h"
#include "server/deployment.h"

namespace domicile::server {

class Children {
  public:
    // `patience`: how long a region may take to stop gracefully before it is killed.
    Children(std::string program, std::string data, Millis patience)
        : program_(std::move(program)), data_(std::move(data)), patience_(patience) {}

    // Starts the region's process and waits until it says that it answers. Ok when it runs already.
    io::Task<Result<void>> start(std::string region);
    // Kills it as an outage would (SIGKILL), or asks it to end when `graceful`.
    io::Task<Result<void>> stop(std::string region, bool graceful);
    std::map<std::string, bool> states() const;
    void signal_all(int number) const;  // those that run
    int pid(const std::string& region) const;
    void add(const std::string& region) { children_[region]; }

  private:
    struct Child {
        std::unique_ptr<io::Process> process;  // null while down
        bool ready = false;
        bool stopping = false;
        io::Event changed;
    };
    io::Task<void> supervise(std::string region);
    io::Task<void> read_output(Child& child, io::Stream& output);
    std::string program_, data_;
    Millis patience_;
    std::map<std::string, Child> children_;
};

}  // namespace domicile::server
