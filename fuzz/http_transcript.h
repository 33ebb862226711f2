// Reads a connection's bytes as a server or a client does and writes down what it understood, so
// that two readings can be compared.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "fuzz.h"
#include "http/inbound.h"
#include "http/outbound.h"
#include "http/parser.h"

namespace domicile::fuzz {

// Small, so that inputs of a few hundred bytes reach them.
inline constexpr http::HeadLimits kSmallLimits{
    .bytes_max = 600, .target_bytes_max = 200, .headers_max = 12};

// Hands out the input piece by piece.
class Source {
  public:
    Source(std::string_view input, unsigned round) : rest_(input), cuts_(input, round) {}

    // False at the end.
    bool fill(std::span<char> room, http::Inbound& inbound) {
        if (rest_.empty()) return false;
        DOMICILE_CHECK(!room.empty());
        const std::size_t size = std::min(cuts_.next(rest_.size()), room.size());
        rest_.copy(room.data(), size);
        rest_.remove_prefix(size);
        inbound.filled(size);
        return true;
    }

    bool at_end() const { return rest_.empty(); }

  private:
    std::string_view rest_;
    Cuts cuts_;
};

struct BodyRead {
    enum End : std::uint8_t { whole, cut, refused } end = whole;
    std::string bytes;
};

inline BodyRead read_body(http::Inbound& inbound, Source& source) {
    BodyRead out;
    for (;;) {
        const http::Inbound::Piece piece = inbound.next_piece();
        switch (piece.status) {
            case http::Inbound::Piece::bytes:
                DOMICILE_CHECK(!piece.view.empty());
                out.bytes += piece.view;
                break;
            case http::Inbound::Piece::need_more:
                if (source.fill(inbound.body_room(), inbound)) break;
                out.end = inbound.stream_ended() ? BodyRead::whole : BodyRead::cut;
                return out;
            case http::Inbound::Piece::end:
                return out;
            case http::Inbound::Piece::bad:
                out.end = BodyRead::refused;
                return out;
        }
    }
}

inline void append_line(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\n");
}

inline void append_headers(std::string& out, const http::Headers& headers) {
    for (const http::Header& header : headers) append_line(out, header.name, header.value);
}

// How a body ends and what was in it; not how it was framed.
inline void append_body(std::string& out, const http::Framing& framing, const BodyRead& body) {
    append_line(out, "keep alive", framing.keep_alive ? "yes" : "no");
    append_line(out, "continue", framing.expects_continue ? "yes" : "no");
    append_line(out, "body", std::to_string(static_cast<int>(framing.body)));
    append_line(out, "end", std::to_string(static_cast<int>(body.end)));
    append_line(out, "bytes", body.bytes);
}

// True for what the printers leave out since they decide on it themselves.
inline bool is_hop(std::string_view name) {
    for (const std::string_view hop :
         {"connection", "keep-alive", "content-length", "transfer-encoding", "te", "host", "expect",
          "upgrade", "trailer", "proxy-connection", "date"}) {
        if (equals_ignore_case(name, hop)) return true;
    }
    return false;
}

inline std::string end_to_end_headers(const http::Headers& headers) {
    std::string out;
    for (const http::Header& header : headers) {
        if (!is_hop(header.name)) append_line(out, header.name, header.value);
    }
    return out;
}

}  // namespace domicile::fuzz
