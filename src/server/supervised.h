// A program that `up` keeps running beside the regions: an etcd member, a PostgreSQL server. What
// dies is started again, after a pause that grows while it keeps dying. Internal to server.
#pragma once

#include <memory>
#include <string>

#include "io/executor.h"
#include "io/process.h"

namespace domicile::server {

class Supervised {
  public:
    struct Options {
        std::string name;  // for people: "etcd member 0"
        io::ProcessOptions process;
        std::string pid_file;     // says which process it is, so that a crashed run's can be ended
        int stop_signal = 0;      // asks it to end gracefully
        Millis patience{10'000};  // until it is killed instead
    };
    explicit Supervised(Options options) : options_(std::move(options)) {}

    // Ends what a crashed run left, and starts. Stays where it is: once started, this must not go
    // before stop() has ended.
    io::Task<Result<void>> start();
    io::Task<void> stop(bool graceful);

    const std::string& name() const { return options_.name; }
    const std::string& log() const { return options_.process.output_file; }
    int pid() const { return process_ ? process_->pid() : 0; }  // 0 while it does not run
    int deaths() const { return deaths_; }                      // without having been asked

  private:
    io::Task<Result<void>> end_leftover();
    Result<void> spawn_process();
    io::Task<void> supervise();

    const Options options_;
    std::unique_ptr<io::Process> process_;
    bool supervised_ = false;
    bool stopping_ = false;
    int deaths_ = 0;
    io::Event changed_;
};

}  // namespace domicile::server
