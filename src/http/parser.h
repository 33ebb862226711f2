// A strict HTTP/1.1 parser (RFC 9112) for requests and responses. It is pure: bytes in, views and a
// framing out. Two parties that read one message differently are how requests are smuggled, so that
// whatever the grammar leaves open or merely tolerates is refused here: bare LF, obs-fold, blanks
// before a colon, several lengths even if equal, a length beside a transfer coding, any transfer
// coding but one plain `chunked`, more or less than one valid Host, CONNECT, framing fields as
// trailers. fuzz/ compares it with llhttp.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace domicile::http {

struct HeadLimits {
    std::size_t bytes_max = 32 * 1024;        // the whole head
    std::size_t target_bytes_max = 8 * 1024;  // of a request
    std::size_t headers_max = 100;
};

// `status` is what a server answers: 400, 414, 417, 431, 501 or 505. For responses it is always
// 502.
struct ParseError {
    int status = 400;
    std::string_view message;  // static text, nothing of the input
};
template <class T>
using Parsed = std::expected<T, ParseError>;

// Finds the end of a head in a growing buffer without looking at a byte twice.
class HeadScanner {
  public:
    // `bytes` starts at the head and only grows between calls. The size of the head with its last
    // CRLFCRLF, or nullopt when more bytes are needed. A line that ends in a bare LF is an error at
    // once, since such a head might never end.
    Parsed<std::optional<std::size_t>> scan(std::string_view bytes, const HeadLimits& limits);
    void reset() { *this = {}; }

  private:
    std::size_t scanned_ = 0;
    std::size_t line_start_ = 0;
};

enum class BodyKind : std::uint8_t { none, length, chunked, until_close };

// Where the body ends, and what happens to the connection then.
struct Framing {
    BodyKind body = BodyKind::none;
    std::uint64_t length = 0;  // for BodyKind::length; never 0 there for a request
    bool keep_alive = true;
    bool expects_continue = false;
};

// Parses a complete head as HeadScanner delimited it. `into` holds views into `head` and is
// overwritten; its capacity is reused.
Parsed<Framing> parse_request(std::string_view head, const HeadLimits& limits, RequestHead& into);

struct ReceivedResponse {
    int status = 0;
    Headers headers;
};
// `to_head`: it answers a HEAD request, hence has no body whatever it says. A 1xx has none either.
Parsed<Framing> parse_response(std::string_view head, const HeadLimits& limits, bool to_head,
                               ReceivedResponse& into);

// A chunked body (RFC 9112, 7.1). Extensions are checked, bounded and thrown away; trailers are
// kept for who asks.
class ChunkedDecoder {
  public:
    struct Step {
        enum Status : std::uint8_t { piece, need_more, end, bad } status = need_more;
        std::size_t consumed = 0;    // bytes of the input that are done with, `data` included
        std::string_view data = {};  // view into the input; not empty for a piece
    };
    // Looks at the front of `input`; what is not consumed must be given again with more behind it.
    // The longest stretch that it leaves unconsumed is kTrailerLineMax bytes.
    Step next(std::string_view input);

    // Of the trailers of a whole body: nullopt when it has none of this name.
    std::optional<std::string_view> trailer(std::string_view name) const;

    static constexpr std::size_t kLineMax = 1024;         // of a size line
    static constexpr std::size_t kTrailerLineMax = 8192;  // of a trailer
    static constexpr std::size_t kDiscardMax = 8192;      // extensions and trailers of one body

  private:
    enum class State : std::uint8_t { size, data, data_end, trailer, done };
    Step advance(std::string_view input);
    Step line(std::string_view line);
    Step size_line(std::string_view line);
    Step trailer_line(std::string_view line);

    State state_ = State::size;
    std::uint64_t left_ = 0;
    std::size_t discarded_ = 0;
    std::string trailers_;  // lines
};

}  // namespace domicile::http
