// A file that lines are appended to by a thread of its own: whoever writes a line waits neither for
// the disk nor for whatever reads the other end of a pipe. Lines wait in a buffer with a bound;
// what does not fit is dropped and counted, and the file says how many.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "io/files.h"

namespace domicile::io {

class LineWriter {
  public:
    static constexpr std::size_t kBufferBytes = 1 << 20;

    // `note_dropped` makes the line that tells how many were dropped.
    LineWriter(std::unique_ptr<AppendFile> file,
               std::function<std::string(std::uint64_t)> note_dropped,
               std::size_t buffer_bytes = kBufferBytes);
    ~LineWriter();  // writes what waits
    LineWriter(const LineWriter&) = delete;

    // Newline included; from any thread. False when it was dropped.
    bool append(std::string_view line);
    // Since the start; lines that the file did not take count too.
    std::uint64_t dropped() const { return dropped_; }

  private:
    void run();

    const std::unique_ptr<AppendFile> file_;
    const std::function<std::string(std::uint64_t)> note_dropped_;
    const std::size_t buffer_bytes_;
    std::atomic<std::uint64_t> dropped_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string waiting_;              // under mutex_
    std::uint64_t dropped_since_ = 0;  // under mutex_; not yet told
    bool stopping_ = false;            // under mutex_
    std::thread thread_;
};

}  // namespace domicile::io
