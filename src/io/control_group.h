// A control group of the kernel (cgroups(7)) for one child process with all that it starts: it
// bounds their memory together, and nothing leaves it. Version 2, or version 1's memory controller,
// where this process may make one: below its own group, or beside it where its parent group was
// delegated to it (systemd's Delegate= with DelegateSubgroup=).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace domicile::io {

class ControlGroup {
  public:
    // unavailable where none can be made.
    static Result<std::unique_ptr<ControlGroup>> create(std::uint64_t memory_bytes);
    ~ControlGroup();  // kills what is in it
    ControlGroup(const ControlGroup&) = delete;

    // For ProcessOptions: who writes "0" there is in the group.
    std::string join_file() const { return path_ + "/cgroup.procs"; }

  private:
    explicit ControlGroup(std::string path) : path_(std::move(path)) {}
    const std::string path_;
};

}  // namespace domicile::io
