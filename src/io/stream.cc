// The waiting half of every stream, real or simulated: an operation tries at once, and again
// whenever the stream is notified, until it is done, its deadline passes or the stream is
// cancelled.
#include "io/network.h"

namespace domicile::io {

Stream::~Stream() { DOMICILE_CHECK(reader_ == nullptr && writer_ == nullptr); }

Stream::Read Stream::read_some(std::span<char> into, Instant deadline) {
    return Read(*this, into, deadline);
}
Stream::Write Stream::write(std::string_view piece, Instant deadline) {
    return Write(*this, {piece, {}, {}}, deadline);
}
Stream::Write Stream::write(std::string_view first, std::string_view second, Instant deadline) {
    return Write(*this, {first, second, {}}, deadline);
}
Stream::Write Stream::write(std::string_view first, std::string_view second, std::string_view third,
                            Instant deadline) {
    return Write(*this, {first, second, third}, deadline);
}

void Stream::cancel() {
    cancelled_ = true;
    do_close();
    // Ending one operation may destroy the stream's owner, but not this stream while the other
    // waits.
    Operation* reader = reader_;
    Operation* writer = writer_;
    if (reader != nullptr) reader->finish(Code::cancelled, "The connection was closed here.");
    if (writer != nullptr) writer->finish(Code::cancelled, "The connection was closed here.");
}

void Stream::notify_readable() {
    if (reader_ != nullptr) reader_->wake();
}
void Stream::notify_writable() {
    if (writer_ != nullptr) writer_->wake();
}

bool Stream::Operation::ready() {
    if (stream_.cancelled_) {
        error_ = Error{Code::cancelled, "The connection was closed here.", {}};
        return true;
    }
    return attempt();
}

void Stream::Operation::suspend(std::coroutine_handle<> waiter) {
    DOMICILE_CHECK(slot() == nullptr);
    waiter_ = Waiter(waiter);
    slot() = this;
    Executor::current().arm(*this, deadline_);
}

void Stream::Operation::wake() {
    if (!attempt()) return;
    slot() = nullptr;
    unlink();
    waiter_.resume();
}

void Stream::Operation::finish(Code code, const char* message) {
    error_ = Error{code, message, {}};
    slot() = nullptr;
    unlink();
    waiter_.resume();
}

void Stream::Operation::expired() {
    finish(Code::deadline_exceeded, "The connection did not move in time.");
}

bool Stream::Read::attempt() {
    const Attempt outcome = stream_.try_read(into_);
    if (outcome.status == Attempt::would_block) return false;
    if (outcome.status == Attempt::failed) {
        error_ = Error{Code::unavailable, "The connection broke.", {}};
    }
    bytes_ = outcome.bytes;
    return true;
}

Result<std::size_t> Stream::Read::await_resume() {
    if (error_) return std::unexpected(std::move(*error_));
    return bytes_;
}

bool Stream::Write::attempt() {
    for (;;) {
        std::size_t left = 0;
        for (std::string_view piece : pieces_) left += piece.size();
        if (left == 0) return true;
        const Attempt outcome = stream_.try_write(pieces_);
        if (outcome.status == Attempt::would_block) return false;
        if (outcome.status == Attempt::failed) {
            error_ = Error{Code::unavailable, "The connection broke.", {}};
            return true;
        }
        std::size_t sent = outcome.bytes;
        for (std::string_view& piece : pieces_) {
            const std::size_t part = std::min(sent, piece.size());
            piece.remove_prefix(part);
            sent -= part;
        }
    }
}

Result<void> Stream::Write::await_resume() {
    if (error_) return std::unexpected(std::move(*error_));
    return {};
}

Task<Result<void>> read_exactly(Stream& stream, std::span<char> into, Instant deadline) {
    while (!into.empty()) {
        CO_TRY(const std::size_t bytes, co_await stream.read_some(into, deadline));
        if (bytes == 0) co_return fail(Code::unavailable, "The connection ended early.");
        into = into.subspan(bytes);
    }
    co_return Result<void>{};
}

}  // namespace domicile::io
