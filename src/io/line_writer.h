// A file that lines are appended to by a thread of its own: whoever writes a line waits neither for
// the disk nor for whatever reads the other end of a pipe. Lines wait in a buffer with a bound;
// what does not fit is dropped and counted, and the file says how many. A file that has grown to
// its bound is followed by another.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "io/files.h"

namespace domicile::io {

class LineWriter {
  public:
    struct Options {
        // Makes the line that tells how many were dropped.
        std::function<std::string(std::uint64_t)> note_dropped;
        std::size_t buffer_bytes = 1 << 20;
        // From this size on, `next_file` is asked for the file to go on with; 0: never.
        std::uint64_t file_bytes_max = 0;
        std::function<Result<std::unique_ptr<AppendFile>>()> next_file = {};
    };
    LineWriter(std::unique_ptr<AppendFile> file, Options options);
    ~LineWriter();  // finishes
    LineWriter(const LineWriter&) = delete;

    // Writes what waits, and nothing more from then on; from one thread.
    void finish();

    // Newline included; from any thread. False when it was dropped.
    bool append(std::string_view line);
    // Since the start; lines that the file did not take count too.
    std::uint64_t dropped() const { return dropped_; }

  private:
    void run();
    void write(std::string& lines, std::uint64_t dropped);

    std::unique_ptr<AppendFile> file_;  // of the thread
    const Options options_;
    std::atomic<std::uint64_t> dropped_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string waiting_;              // under mutex_
    std::uint64_t dropped_since_ = 0;  // under mutex_; not yet told
    bool stopping_ = false;            // under mutex_
    std::thread thread_;
};

// Renames the file to "<path>.1", in place of an older one, and opens an empty one.
Result<std::unique_ptr<AppendFile>> start_file_anew(const std::string& path);

}  // namespace domicile::io
