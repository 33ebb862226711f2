// Child processes and signals.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/network.h"
#include "io/task.h"
#include "io/user.h"

namespace domicile::io {

struct ProcessOptions {
    std::vector<std::string> command;  // command[0] is looked up in PATH
    std::string directory;             // working directory; the own one when empty
    std::vector<std::pair<std::string, std::string>> environment;  // the whole of it
    bool capture_output = false;       // stdout and stderr as one Stream; else inherited
    std::string output_file = {};      // instead: both are appended to it, which is ours (0600)
    std::optional<User> user = {};     // who the child is; needs root
    std::string control_group = {};    // the file that joins one, see control_group.h
    std::uint64_t data_bytes_max = 0;  // of each process (RLIMIT_DATA); 0: no bound
    // No capabilities of the kernel, and none to be had (capabilities(7)), so that it stays where
    // it was put.
    bool confined = false;
    std::string hosts_file = {};  // what it sees as /etc/hosts; needs CAP_SYS_ADMIN
};

// The child gets SIGKILL when this process dies (PR_SET_PDEATHSIG), and an own process group.
class Process {
  public:
    virtual ~Process() = default;  // kills the group and reaps
    virtual int pid() const = 0;
    virtual Stream* output() = 0;         // null unless captured
    virtual void signal(int number) = 0;  // to the group
    // The exit status, 128 + signal when killed; deadline_exceeded while it runs.
    virtual Task<Result<int>> wait(Instant deadline) = 0;
};
Result<std::unique_ptr<Process>> start_process(const ProcessOptions& options);

// Every connection takes a descriptor, and the usual soft limit of 1,024 is for programs that use
// select(); this one does not, so it takes what the hard limit allows. How many that are; 0 where
// it is not known.
std::uint64_t raise_descriptor_limit();

// Blocks SIGINT, SIGTERM, SIGHUP in the calling thread (call before others start).
void block_signals();
// Waits for one of them.
Task<Result<int>> next_signal();

}  // namespace domicile::io
