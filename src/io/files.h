// Files, blocking: call from the blocking pool or at start. Paths are UTF-8.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace domicile::io {

class AppendFile {
  public:
    virtual ~AppendFile() = default;
    virtual Result<void> append(std::string_view bytes) = 0;
    virtual Result<void> sync() = 0;  // fdatasync: what was appended survives a crash
    virtual std::uint64_t size() const = 0;
};

struct FileInfo {
    std::uint64_t size = 0;
    Timestamp modified;
    bool directory = false;
};

class ReadFile {
  public:
    virtual ~ReadFile() = default;
    virtual const FileInfo& info() const = 0;
    virtual Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) = 0;
};

class Files {
  public:
    virtual ~Files() = default;
    // not_found; too_large when the file has more than max_bytes.
    virtual Result<std::string> read(const std::string& path, std::size_t max_bytes) = 0;
    // Temporary file, fsync, rename, fsync of the folder. Mode 0600 unless told.
    virtual Result<void> write_atomic(const std::string& path, std::string_view bytes,
                                      unsigned mode = 0600) = 0;
    virtual Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) = 0;
    // A new file; already_exists. A crash may take it away, even when it was synced, until
    // publish() has given it its lasting name.
    virtual Result<std::unique_ptr<AppendFile>> create(const std::string& path) = 0;
    // Moves a file to a lasting name, in one step and durably; already_exists, and nothing changes,
    // when something has that name. What is in the file must have been synced.
    virtual Result<void> publish(const std::string& from, const std::string& to) = 0;
    virtual Result<std::unique_ptr<ReadFile>> open_read(const std::string& path) = 0;
    virtual Result<FileInfo> info(const std::string& path) = 0;
    virtual Result<void> truncate(const std::string& path, std::uint64_t size) = 0;
    // Mode 0700; durable, also where another process made them just before.
    virtual Result<void> create_directories(const std::string& path) = 0;
    virtual Result<std::vector<std::string>> list(const std::string& path) = 0;  // names, sorted
    virtual Result<void> remove(const std::string& path) = 0;                    // durable
};

Files& system_files();

}  // namespace domicile::io
