// A file that says that somebody is at work here, to other processes of this machine. The kernel
// gives it up when the process ends, however it does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace domicile::io {

class LockFile {
  public:
    virtual ~LockFile() = default;  // gives it up; the file stays
};

// shared: others may hold it too, but nobody exclusively.
enum class LockKind : std::uint8_t { shared, exclusive };

// Makes the file (0600) where it is missing. failed_precondition when it is held in a way that does
// not go with this one.
Result<std::unique_ptr<LockFile>> take_lock(const std::string& path, LockKind kind);

}  // namespace domicile::io
