#include "functions/feed.h"

#include <array>
#include <cstring>

namespace domicile::functions {
namespace {

constexpr std::size_t kRoomBytes = 64 << 10;
constexpr std::size_t kKeptBytes = 256 << 10;  // of the space for what is sent
constexpr Millis kWrite{900'000};              // the deadlines of invocations come before
const Instant kFar{INT64_MAX / 2};

std::uint32_t number_at(const char* bytes) {
    std::array<unsigned char, 4> b;
    std::memcpy(b.data(), bytes, b.size());
    return b[0] | b[1] << 8 | b[2] << 16 | static_cast<std::uint32_t>(b[3]) << 24;
}

void put_number(char* into, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) into[i] = static_cast<char>(value >> (8 * i) & 0xff);
}

}  // namespace

// False when this is no head.
bool FeedReader::begin() {
    const auto kind = static_cast<unsigned char>(head_[4]);
    if (kind > 1) return false;
    left_ = number_at(head_.data() + 5);
    reply_ = FeedReply{};
    reply_.number = number_at(head_.data());
    reply_.raised = kind == 1;
    reply_.too_large = left_ > payload_bytes_max_;
    if (!reply_.too_large) reply_.payload.reserve(left_);
    head_.clear();
    return true;
}

Result<void> FeedReader::take(std::string_view bytes, const Sink& sink) {
    for (;;) {
        if (!in_payload_) {
            const std::size_t more = std::min(kHeadBytes - head_.size(), bytes.size());
            head_ += bytes.substr(0, more);
            bytes.remove_prefix(more);
            if (head_.size() < kHeadBytes) return {};
            if (!begin()) return fail(Code::malformed, "That is no reply to an event.");
            in_payload_ = true;
        }
        const std::size_t more = std::min(left_, bytes.size());
        if (!reply_.too_large) reply_.payload += bytes.substr(0, more);
        bytes.remove_prefix(more);
        left_ -= more;
        if (left_ > 0) return {};
        in_payload_ = false;
        sink(std::move(reply_));
    }
}

void print_event(std::uint32_t number, const FeedEvent& event, std::string& out) {
    const std::string deadline = std::to_string(event.deadline_ms);
    const std::size_t bytes = event.request_id.size() + deadline.size() + event.trace.size() +
                              event.client_context.size() + 4 + event.event.size();
    std::array<char, 8> head;
    put_number(head.data(), number);
    put_number(head.data() + 4, static_cast<std::uint32_t>(bytes));
    out.append(head.data(), head.size());
    for (const std::string_view line :
         {event.request_id, std::string_view(deadline), event.trace, event.client_context}) {
        out += line;
        out += '\n';
    }
    out += event.event;
}

void Feed::send(std::uint32_t number, const FeedEvent& event) {
    if (stream_ == nullptr) return;
    print_event(number, event, waiting_);
    if (scheduled_) return;
    scheduled_ = true;
    io::Executor::current().post([self = shared_from_this()] { self->flush(); });
}

void Feed::flush() {
    if (stream_ != nullptr) {
        writer_.spawn(write_out());
    } else {
        scheduled_ = false;
    }
}

// What is sent meanwhile goes with the next write.
io::Task<void> Feed::write_out() {
    while (stream_ != nullptr && !waiting_.empty()) {
        sending_.clear();
        if (sending_.capacity() > kKeptBytes) sending_.shrink_to_fit();
        sending_.swap(waiting_);
        const Instant deadline = io::deadline_in(kWrite);
        const std::string_view all = sending_;
        const Result<void> written = co_await stream_->write(all, deadline);
        if (!written && stream_ != nullptr) stream_->cancel();
        if (!written) break;
    }
    scheduled_ = false;
}

io::Task<Result<void>> Feed::run(std::string_view read_ahead, std::size_t payload_bytes_max,
                                 FeedReader::Sink sink) {
    FeedReader reader(payload_bytes_max);
    Result<void> outcome = reader.take(read_ahead, sink);
    if (outcome) outcome = co_await read(reader, sink);
    io::Stream* const stream = std::exchange(stream_, nullptr);
    stream->cancel();  // a write that waits
    while (writer_.running() > 0) co_await writer_.drain(kFar);
    co_return outcome;
}

io::Task<Result<void>> Feed::read(FeedReader& reader, FeedReader::Sink& sink) {
    const auto room = std::make_unique_for_overwrite<char[]>(kRoomBytes);
    for (;;) {
        const std::span<char> space(room.get(), kRoomBytes);
        CO_TRY(const std::size_t bytes, co_await stream_->read_some(space, kFar));
        if (bytes == 0) co_return Result<void>{};
        const std::string_view piece(room.get(), bytes);
        CO_TRY_VOID(reader.take(piece, sink));
    }
}

}  // namespace domicile::functions
