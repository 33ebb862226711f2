#include "http/outbound.h"

#include <array>
#include <charconv>
#include <cstring>

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

constexpr std::size_t kNumberMax = 20;      // digits of 64 bits
constexpr std::size_t kFieldExtra = 4;      // ": " and the end of the line
constexpr std::size_t kOwnFieldsMax = 160;  // Date, the length, Connection, Upgrade:

// Writes a head where there is room for all of it: the string grows once for a message, and most
// texts are too short to call memcpy for.
class HeadWriter {
  public:
    explicit HeadWriter(char* at) : at_(at) {}

    HeadWriter& put(std::string_view text) {
        const std::size_t size = text.size();
        if (size > 16)
            std::memcpy(at_, text.data(), size);
        else if (size >= 8)
            copy_ends<8>(text.data(), size);
        else if (size >= 4)
            copy_ends<4>(text.data(), size);
        else
            for (std::size_t i = 0; i < size; ++i) at_[i] = text[i];
        at_ += size;
        return *this;
    }
    void put_field(std::string_view name, std::string_view value) {
        put(name);
        std::memcpy(at_, ": ", 2);
        at_ += 2;
        put(value);
        std::memcpy(at_, "\r\n", 2);
        at_ += 2;
    }
    HeadWriter& put_number(std::uint64_t number, int base = 10) {
        at_ = std::to_chars(at_, at_ + kNumberMax, number, base).ptr;
        return *this;
    }
    void put_length(std::optional<std::uint64_t> length, bool chunked) {
        if (chunked)
            put("Transfer-Encoding: chunked\r\n");
        else if (length)
            put("Content-Length: ").put_number(*length).put("\r\n");
    }
    char* at() const { return at_; }

  private:
    template <std::size_t kWord>
    void copy_ends(const char* from, std::size_t size) {
        std::array<char, kWord> first, last;
        std::memcpy(first.data(), from, kWord);
        std::memcpy(last.data(), from + size - kWord, kWord);
        std::memcpy(at_, first.data(), kWord);
        std::memcpy(at_ + size - kWord, last.data(), kWord);
    }

    char* at_;
};

// Adds what `write` puts, at most `most` bytes. Without zeros first. The size that libstdc++ 12
// hands to the function is the new capacity, hence it is not used.
template <class F>
void append(std::string& out, std::size_t most, F write) {
    const std::size_t before = out.size();
    out.resize_and_overwrite(before + most, [&](char* begin, std::size_t) {
        HeadWriter writer(begin + before);
        write(writer);
        return static_cast<std::size_t>(writer.at() - begin);
    });
}

std::unexpected<Error> unprintable() {
    return fail(Code::invalid_argument,
                "A header has a character in its name or value that HTTP does not allow.");
}

}  // namespace

Result<void> print_response(const ResponseHead& head, const ResponseFraming& framing,
                            std::string_view date, std::string& out) {
    if (head.status < 200 || head.status > 599) {
        return fail(Code::invalid_argument, "The status of a response must be from 200 to 599.");
    }
    const std::string_view reason = reason_phrase(head.status);
    std::size_t most = kOwnFieldsMax + reason.size() + date.size();
    for (const auto& [name, value] : head.headers) {
        if (!is_printable(name, value)) return unprintable();
        most += name.size() + value.size() + kFieldExtra;
    }
    append(out, most, [&](HeadWriter& to) {
        to.put("HTTP/1.1 ").put_number(static_cast<std::uint64_t>(head.status));
        to.put(" ").put(reason).put("\r\n");
        bool dated = false;
        for (const auto& [name, value] : head.headers) {
            if (is_framing_field(name)) continue;
            if (name.size() == 4 && equals_ignore_case(name, "date")) dated = true;
            to.put_field(name, value);
        }
        if (!dated) to.put_field("Date", date);
        to.put_length(framing.length, framing.chunked);
        to.put(framing.close ? "Connection: close\r\n\r\n" : "\r\n");
    });
    return {};
}

Result<void> print_request(const RequestHead& head, const RequestFraming& framing,
                           std::string& out) {
    const bool target =
        head.target.starts_with('/') ? is_all(head.target, kQuery) : head.target == "*";
    if (!is_token(head.method) || !target) {
        return fail(Code::invalid_argument, "The method or target of a request is malformed.");
    }
    if (!is_field_value(framing.host) || !is_field_value(framing.upgrade)) return unprintable();
    std::size_t most = kOwnFieldsMax + head.method.size() + head.target.size() +
                       framing.host.size() + framing.upgrade.size();
    for (const Header& header : head.headers) {
        if (!header.checked && !is_printable(header.name, header.value)) return unprintable();
        most += header.name.size() + header.value.size() + kFieldExtra;
    }
    append(out, most, [&](HeadWriter& to) {
        to.put(head.method).put(" ").put(head.target).put(" HTTP/1.1\r\n");
        to.put_field("Host", framing.host);
        for (const Header& header : head.headers) {
            if (!is_request_hop_field(header.name)) to.put_field(header.name, header.value);
        }
        if (!framing.upgrade.empty()) {
            to.put("Connection: Upgrade\r\n");
            to.put_field("Upgrade", framing.upgrade);
        }
        to.put_length(framing.length, framing.chunked);
        to.put("\r\n");
    });
    return {};
}

Result<void> print_switch(const ResponseHead& head, std::string_view protocol,
                          std::string_view date, std::string& out) {
    if (!is_field_value(protocol)) return unprintable();
    std::size_t most = kOwnFieldsMax + date.size() + protocol.size();
    for (const auto& [name, value] : head.headers) {
        if (!is_printable(name, value)) return unprintable();
        most += name.size() + value.size() + kFieldExtra;
    }
    append(out, most, [&](HeadWriter& to) {
        to.put("HTTP/1.1 101 Switching Protocols\r\n");
        for (const auto& [name, value] : head.headers) {
            const bool own = is_framing_field(name) || equals_ignore_case(name, "upgrade") ||
                             equals_ignore_case(name, "date");
            if (!own) to.put_field(name, value);
        }
        to.put_field("Date", date);
        to.put("Connection: Upgrade\r\n");
        to.put_field("Upgrade", protocol);
        to.put("\r\n");
    });
    return {};
}

void print_chunk_size(std::size_t size, std::string& out) {
    append(out, kNumberMax + 2, [&](HeadWriter& to) { to.put_number(size, 16).put("\r\n"); });
}

bool asks_to_close(const ResponseHead& head) {
    const std::string* connection = head.find("connection");
    return connection != nullptr && equals_ignore_case(*connection, "close");
}

}  // namespace domicile::http
