// Printing of heads. Names and values are checked: what a handler or an upstream hands over must
// not be able to end a line, which would let it write headers or messages of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace domicile::http {

struct ResponseFraming {
    std::optional<std::uint64_t> length;  // Content-Length
    bool chunked = false;
    bool close = false;
};
// Appends the head. Content-Length, Transfer-Encoding, Connection and Keep-Alive of `head` are left
// out, the framing decides on them; `date` is used unless it has a Date. invalid_argument when a
// name or value cannot stand in a header; `out` is then of no use.
Result<void> print_response(const ResponseHead& head, const ResponseFraming& framing,
                            std::string_view date, std::string& out);

struct RequestFraming {
    std::string_view host;
    std::optional<std::uint64_t> length;
    bool chunked = false;
    std::string_view upgrade = {};  // the protocol to switch to; empty: none
};
// The same for a request; besides, Host, Expect, TE, Trailer, Upgrade and Proxy-Connection are left
// out.
Result<void> print_request(const RequestHead& head, const RequestFraming& framing,
                           std::string& out);

// 101 Switching Protocols.
Result<void> print_switch(const ResponseHead& head, std::string_view protocol,
                          std::string_view date, std::string& out);

// "1f4\r\n"
void print_chunk_size(std::size_t size, std::string& out);

// True when the handler asked for the connection to be closed.
bool asks_to_close(const ResponseHead& head);

}  // namespace domicile::http
