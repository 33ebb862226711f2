// Which process it was: a pid alone may be somebody else's by now.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "io/task.h"

namespace domicile::io {

struct ProcessIdentity {
    int pid = 0;
    std::string started;  // when the kernel started it, in its ticks since which boot
    bool operator==(const ProcessIdentity&) const = default;
};

// None when there is no such process, or it has ended and nobody has asked how.
std::optional<ProcessIdentity> identify(int pid);

// One line, for a file.
std::string print(const ProcessIdentity& identity);
std::optional<ProcessIdentity> parse_process_identity(const std::string& line);

// SIGKILL to exactly this process, and waits until it has ended. Whether it was there.
// deadline_exceeded when it does not end (it hangs in the kernel); permission_denied.
Task<Result<bool>> kill_process(ProcessIdentity identity, Millis patience);

}  // namespace domicile::io
