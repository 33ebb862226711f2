#include "http/inbound.h"

#include <algorithm>
#include <cstring>

namespace domicile::http {

void Inbound::Buffer::resize(std::size_t bytes) {
    auto bigger = std::make_unique_for_overwrite<char[]>(bytes);
    if (size() > 0) std::memcpy(bigger.get(), data.get() + begin, size());
    data = std::move(bigger);
    capacity = bytes;
    end = size();
    begin = 0;
}

Parsed<std::optional<std::string_view>> Inbound::head() {
    const std::string_view unread = head_.unread();
    const auto size = scanner_.scan(unread, limits_);
    if (!size) return std::unexpected(size.error());
    if (!*size) return std::nullopt;
    scanner_.reset();
    head_.begin += **size;
    return unread.substr(0, **size);
}

std::span<char> Inbound::head_room() {
    if (head_.end == head_.capacity) {
        // The scanner refuses a head of bytes_max bytes, so that this never grows far beyond them.
        const bool full = head_.size() * 2 > head_.capacity;
        head_.resize(full || head_.capacity == 0 ? std::max(head_.capacity * 2, kHeadBytes)
                                                 : head_.capacity);
    }
    return {head_.data.get() + head_.end, head_.capacity - head_.end};
}

void Inbound::begin_body(const Framing& framing) {
    kind_ = framing.body;
    left_ = framing.body == BodyKind::length ? framing.length : 0;
    ended_ = kind_ == BodyKind::none;
    chunked_ = {};
}

Inbound::Piece Inbound::next_piece() {
    if (ended_) return {.status = Piece::end};
    Buffer& from = active();
    const std::string_view unread = from.unread();
    if (kind_ == BodyKind::chunked) {
        const ChunkedDecoder::Step step = chunked_.next(unread);
        from.begin += step.consumed;
        switch (step.status) {
            case ChunkedDecoder::Step::piece:
                return {Piece::bytes, step.data};
            case ChunkedDecoder::Step::need_more:
                return {};
            case ChunkedDecoder::Step::end:
                ended_ = true;
                return {.status = Piece::end};
            case ChunkedDecoder::Step::bad:
                return {.status = Piece::bad};
        }
    }
    if (unread.empty()) return {};
    std::size_t size = unread.size();
    if (kind_ == BodyKind::length) {
        size = std::min<std::uint64_t>(left_, size);
        left_ -= size;
        ended_ = left_ == 0;
    }
    from.begin += size;
    return {Piece::bytes, unread.substr(0, size)};
}

std::span<char> Inbound::body_room() {
    if (!in_body_) {
        const std::string_view rest = head_.unread();
        const std::size_t wanted =
            kind_ == BodyKind::length ? std::min<std::uint64_t>(left_, kBodyBytes) : kBodyBytes;
        body_.resize(std::max(wanted, rest.size() + ChunkedDecoder::kTrailerLineMax));
        std::memcpy(body_.data.get(), rest.data(), rest.size());
        body_.end = rest.size();
        head_.begin = head_.end;
        in_body_ = true;
    } else if (body_.begin == body_.end) {
        body_.begin = body_.end = 0;
    } else if (body_.begin > 0) {
        std::memmove(body_.data.get(), body_.data.get() + body_.begin, body_.size());
        body_.end = body_.size();
        body_.begin = 0;
    }
    std::size_t room = body_.capacity - body_.end;
    // Never into the next message, where that can be known.
    if (kind_ == BodyKind::length) room = std::min<std::uint64_t>(room, left_);
    return {body_.data.get() + body_.end, room};
}

std::optional<std::uint64_t> Inbound::body_left() const {
    if (ended_) return 0;
    if (kind_ == BodyKind::length) return left_;
    return std::nullopt;
}

bool Inbound::stream_ended() {
    if (kind_ != BodyKind::until_close) return false;
    ended_ = true;
    return true;
}

void Inbound::end_message() {
    if (in_body_) {
        // Only a chunked body can have been read beyond its end.
        head_.begin = head_.end = 0;
        const std::string_view rest = body_.unread();
        if (rest.size() > head_.capacity) head_.resize(rest.size());
        if (!rest.empty()) std::memcpy(head_.data.get(), rest.data(), rest.size());
        head_.end = rest.size();
        body_ = {};
        in_body_ = false;
        chunked_ = {};
    }
    if (head_.begin == head_.end) {
        head_.begin = head_.end = 0;
        if (head_.capacity > kHeadBytes) head_.resize(kHeadBytes);
    }
    kind_ = BodyKind::none;
    ended_ = true;
}

}  // namespace domicile::http
