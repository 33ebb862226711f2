#include "functions/pipe.h"

namespace domicile::functions {
namespace {
const Instant kFar{INT64_MAX / 2};
}  // namespace

// Posted, never called: whoever waits looks first, and what is posted comes after it began to wait.
void Pipe::tell_reader() {
    reader_->post([self = shared_from_this()] { self->readable_.notify_all(); });
}

void Pipe::tell_writer() {
    if (writer_ == nullptr) return;
    writer_->post([self = shared_from_this()] { self->writable_.notify_all(); });
}

io::Task<bool> Pipe::begun() {
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (begun_ || ended_) co_return begun_;
        }
        co_await readable_.wait_until(kFar);
    }
}

io::Task<std::string> Pipe::read() {
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (!pieces_.empty()) {
                std::string out = std::move(pieces_.front());
                pieces_.pop_front();
                bytes_ -= out.size();
                tell_writer();
                co_return out;
            }
            if (ended_) co_return std::string();
        }
        co_await readable_.wait_until(kFar);
    }
}

void Pipe::leave() {
    const std::lock_guard lock(mutex_);
    left_ = true;
    pieces_.clear();
    bytes_ = 0;
    tell_writer();
}

void Pipe::begin(std::string content_type) {
    const std::lock_guard lock(mutex_);
    writer_ = &io::Executor::current();
    content_type_ = std::move(content_type);
    begun_ = true;
    tell_reader();
}

bool Pipe::may_write() const { return left_ || ended_ || bytes_ < kBytesMax; }

io::Task<Result<void>> Pipe::write(std::string piece, Instant deadline) {
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (left_ || ended_) co_return fail(Code::cancelled, "Nobody reads the answer.");
            if (may_write()) {
                bytes_ += piece.size();
                pieces_.push_back(std::move(piece));
                tell_reader();
                co_return Result<void>{};
            }
        }
        const bool notified = co_await writable_.wait_until(deadline);
        if (!notified) co_return fail(Code::cancelled, "The answer is read too slowly.");
    }
}

void Pipe::end_here() {
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(ended_, true)) return;
    }
    readable_.notify_all();
}

void Pipe::end() {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = true;
    tell_reader();
    tell_writer();
}

}  // namespace domicile::functions
