// The pieces of a streamed answer, on their way from the executor of the function's pool to that of
// the caller, which may be another. Bounded: a process that writes faster than its caller reads
// waits.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "io/executor.h"

namespace domicile::functions {

class Pipe : public std::enable_shared_from_this<Pipe> {
  public:
    Pipe() : reader_(&io::Executor::current()) {}

    // The caller's side, on the executor that made it.

    // Whether pieces come; waits for the first word of the process, or for the end.
    io::Task<bool> begun();
    const std::string& content_type() const { return content_type_; }  // once begun
    io::Task<std::string> read();                                      // empty at the end
    void leave();                                                      // reads no more
    void end_here();                                                   // as end()

    // The pool's side.

    void begin(std::string content_type);
    // Waits for room. cancelled when the caller has left, or has not read until the deadline.
    io::Task<Result<void>> write(std::string piece, Instant deadline);
    void end();

    static constexpr std::size_t kBytesMax = 256 << 10;

  private:
    bool may_write() const;  // under the mutex
    void tell_reader();
    void tell_writer();

    io::Executor* const reader_;
    io::Event readable_;  // of the reader's executor

    std::mutex mutex_;  // for what follows, but for the event, which is the writer's
    std::list<std::string> pieces_;
    std::size_t bytes_ = 0;
    bool begun_ = false, ended_ = false, left_ = false;
    std::string content_type_;  // written before begun_
    io::Executor* writer_ = nullptr;
    io::Event writable_;
};

}  // namespace domicile::functions
