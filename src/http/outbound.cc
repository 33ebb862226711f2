#include "http/outbound.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "http/characters.h"

namespace domicile::http {

namespace {

// Decided by whoever sends a message, never passed on (RFC 9110, 7.6.1).
bool is_framing_field(std::string_view name) {
    switch (name.size()) {
        case 10:
            return equals_ignore_case(name, "connection") || equals_ignore_case(name, "keep-alive");
        case 14:
            return equals_ignore_case(name, "content-length");
        case 17:
            return equals_ignore_case(name, "transfer-encoding");
        default:
            return false;
    }
}

bool is_request_hop_field(std::string_view name) {
    switch (name.size()) {
        case 2:
            return equals_ignore_case(name, "te");
        case 4:
            return equals_ignore_case(name, "host");
        case 6:
            return equals_ignore_case(name, "expect");
        case 7:
            return equals_ignore_case(name, "upgrade") || equals_ignore_case(name, "trailer");
        case 16:
            return equals_ignore_case(name, "proxy-connection");
        default:
            return is_framing_field(name);
    }
}

bool is_printable(std::string_view name, std::string_view value) {
    return is_token(name) && is_field_value(value);
}

void append_field(std::string_view name, std::string_view value, std::string& out) {
    const std::size_t before = out.size();
    const std::size_t after = before + name.size() + value.size() + 4;
    // At once and without zeros first: this is done for every header of every message. The size
    // that libstdc++ 12 hands to the function is the new capacity, hence it is not used.
    out.resize_and_overwrite(after, [&](char* at, std::size_t) {
        at += before;
        at = std::copy_n(name.data(), name.size(), at);
        *at++ = ':';
        *at++ = ' ';
        at = std::copy_n(value.data(), value.size(), at);
        *at++ = '\r';
        *at = '\n';
        return after;
    });
}

Result<void> print_field(std::string_view name, std::string_view value, std::string& out) {
    if (!is_printable(name, value)) {
        return fail(Code::invalid_argument,
                    "A header has a character in its name or value that HTTP does not allow.");
    }
    append_field(name, value, out);
    return {};
}

void print_number(std::uint64_t number, int base, std::string& out) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number, base).ptr;
    out.append(digits, end);
}

void print_length(std::optional<std::uint64_t> length, bool chunked, std::string& out) {
    if (chunked) {
        out.append("Transfer-Encoding: chunked\r\n");
    } else if (length) {
        out.append("Content-Length: ");
        print_number(*length, 10, out);
        out.append("\r\n");
    }
}

}  // namespace

Result<void> print_response(const ResponseHead& head, const ResponseFraming& framing,
                            std::string_view date, std::string& out) {
    if (head.status < 200 || head.status > 599) {
        return fail(Code::invalid_argument, "The status of a response must be from 200 to 599.");
    }
    out.append("HTTP/1.1 ");
    print_number(static_cast<std::uint64_t>(head.status), 10, out);
    out.append(" ").append(reason_phrase(head.status)).append("\r\n");
    bool dated = false;
    for (const auto& [name, value] : head.headers) {
        if (is_framing_field(name)) continue;
        if (name.size() == 4 && equals_ignore_case(name, "date")) dated = true;
        TRY_VOID(print_field(name, value, out));
    }
    if (!dated) out.append("Date: ").append(date).append("\r\n");
    print_length(framing.length, framing.chunked, out);
    if (framing.close) out.append("Connection: close\r\n");
    out.append("\r\n");
    return {};
}

Result<void> print_request(const RequestHead& head, const RequestFraming& framing,
                           std::string& out) {
    const bool target =
        head.target.starts_with('/') ? is_all(head.target, kQuery) : head.target == "*";
    if (!is_token(head.method) || !target) {
        return fail(Code::invalid_argument, "The method or target of a request is malformed.");
    }
    out.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\n");
    TRY_VOID(print_field("Host", framing.host, out));
    for (const Header& header : head.headers) {
        if (is_request_hop_field(header.name)) continue;
        if (header.checked)
            append_field(header.name, header.value, out);
        else
            TRY_VOID(print_field(header.name, header.value, out));
    }
    if (!framing.upgrade.empty()) {
        out.append("Connection: Upgrade\r\n");
        TRY_VOID(print_field("Upgrade", framing.upgrade, out));
    }
    print_length(framing.length, framing.chunked, out);
    out.append("\r\n");
    return {};
}

Result<void> print_switch(const ResponseHead& head, std::string_view protocol,
                          std::string_view date, std::string& out) {
    out.append("HTTP/1.1 101 Switching Protocols\r\n");
    for (const auto& [name, value] : head.headers) {
        const bool own = is_framing_field(name) || equals_ignore_case(name, "upgrade") ||
                         equals_ignore_case(name, "date");
        if (!own) TRY_VOID(print_field(name, value, out));
    }
    out.append("Date: ").append(date).append("\r\nConnection: Upgrade\r\n");
    TRY_VOID(print_field("Upgrade", protocol, out));
    out.append("\r\n");
    return {};
}

void print_chunk_size(std::size_t size, std::string& out) {
    print_number(size, 16, out);
    out.append("\r\n");
}

bool asks_to_close(const ResponseHead& head) {
    const std::string* connection = head.find("connection");
    return connection != nullptr && equals_ignore_case(*connection, "close");
}

}  // namespace domicile::http
