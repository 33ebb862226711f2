// A password that others change while this program runs.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/redacted.h"
#include "base/result.h"
#include "io/files.h"
#include "io/task.h"

namespace domicile::io {

class SecretFile {
  public:
    // Reads it, less a line feed at its end; the errors of Files::read.
    static Result<std::shared_ptr<SecretFile>> open(Files& files, std::string path);

    // What the file says now; where it cannot be read, what it last said, and a warning in the log.
    // resource_exhausted when the blocking pool is full.
    Task<Result<Redacted<std::string>>> read();

  private:
    SecretFile(Files& files, std::string path) : files_(files), path_(std::move(path)) {}
    Result<std::string> look() const;
    Redacted<std::string> look_again();

    Files& files_;
    const std::string path_;
    std::mutex mutex_;
    Redacted<std::string> last_;  // guarded by mutex_
};

}  // namespace domicile::io
