// The bytes that one connection receives, cut into heads and bodies. Pure: its owner does the
// reading.
//
// There are two buffers. A head stays where it was received, since its views are handed out for the
// whole exchange; what follows it in the same read (a body, or the next request of a pipeline) is
// used in place. A body that goes on gets a buffer of its own for as long as it lasts. Between two
// messages only a small head buffer remains: that is what an idle connection costs.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "http/parser.h"

namespace domicile::http {

class Inbound {
  public:
    static constexpr std::size_t kHeadBytes = 4 * 1024;   // of an idle connection
    static constexpr std::size_t kBodyBytes = 32 * 1024;  // while a body is being received

    explicit Inbound(HeadLimits limits) : limits_(limits) {}

    // The next head once it is complete; it counts as consumed then and stays valid until
    // end_message(). nullopt: read into head_room(), report with filled(), ask again.
    Parsed<std::optional<std::string_view>> head();
    std::span<char> head_room();

    // After a head. The body is then taken piece by piece; need_more: read into body_room(), report
    // with filled(), ask again.
    void begin_body(const Framing& framing);
    struct Piece {
        enum Status : std::uint8_t { bytes, need_more, end, bad } status = need_more;
        std::string_view view = {};  // valid until body_room() or end_message()
    };
    Piece next_piece();
    std::span<char> body_room();
    std::optional<std::string_view> trailer(std::string_view name) const {
        return chunked_.trailer(name);
    }
    bool body_ended() const { return ended_; }
    // Whether the next piece is a whole body of this many bytes, at least one, that came with its
    // head.
    bool has_whole_body(std::uint64_t length) const {
        return kind_ == BodyKind::length && !ended_ && !in_body_ && length > 0 && left_ == length &&
               head_.size() >= length;
    }
    // What is known to be missing of the body; nullopt when its length is not known.
    std::optional<std::uint64_t> body_left() const;
    // The peer closed its side. True when that is the proper end of this body.
    bool stream_ended();

    void filled(std::size_t bytes) { active().end += bytes; }
    // Bytes received beyond what was consumed.
    bool has_unread() const { return head_.begin != head_.end || body_.begin != body_.end; }
    // They, of a message without a body, when what follows is no HTTP.
    std::string_view unread() const { return head_.unread(); }
    // Makes ready for the next message: invalidates views, gives memory back.
    void end_message();

  private:
    struct Buffer {
        std::unique_ptr<char[]> data;
        std::size_t capacity = 0;
        std::size_t begin = 0;  // of what is not consumed
        std::size_t end = 0;

        std::size_t size() const { return end - begin; }
        std::string_view unread() const { return {data.get() + begin, size()}; }
        void resize(std::size_t bytes);  // keeps what is unread, at the front
    };
    Buffer& active() { return in_body_ ? body_ : head_; }

    HeadLimits limits_;
    HeadScanner scanner_;
    ChunkedDecoder chunked_;
    Buffer head_;
    Buffer body_;
    BodyKind kind_ = BodyKind::none;
    std::uint64_t left_ = 0;  // of BodyKind::length
    bool in_body_ = false;    // the body buffer is in use
    bool ended_ = true;
};

}  // namespace domicile::http
