// A mail as it travels: RFC 5322 with MIME (RFC 2045, 2047), so that text in any language arrives.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace domicile::smtp {

struct Message {
    std::string id;             // unique; with the sender's domain it is the Message-ID
    std::string from;           // `no-reply@example.com`, or `Example <no-reply@example.com>`
    std::string to;             // an address
    std::string subject, text;  // UTF-8
    Timestamp time;
    bool html = false;  // what the text is
};

// Of `Name <address>` and `address`. invalid_argument where there is none that may stand in a
// command: one @ between something, no spaces, brackets or control characters, at most 254 bytes.
Result<std::string> address_of(std::string_view mailbox);

// With CRLF line ends, the text in base64. invalid_argument: an address, or a subject of more than
// one line.
Result<std::string> to_text(const Message& message);

}  // namespace domicile::smtp
