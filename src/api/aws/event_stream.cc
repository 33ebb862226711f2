#include "api/aws/event_stream.h"

#include <cstdint>

#include "base/encoding.h"

namespace domicile::api::aws {
namespace {

constexpr char kString = 7;  // the type of a header's value

void add_number(std::string& to, std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(number >> shift);
}

// Names and values here are short and the program's own.
void add_header(std::string& to, std::string_view name, std::string_view value) {
    to += static_cast<char>(name.size());
    to += name;
    to += kString;
    to += static_cast<char>(value.size() >> 8);
    to += static_cast<char>(value.size());
    to += value;
}

}  // namespace

std::string event_frame(std::string_view type, std::string_view content_type,
                        std::string_view payload) {
    constexpr std::size_t kAround = 16;  // two lengths, two checksums
    std::string headers;
    add_header(headers, ":message-type", "event");
    add_header(headers, ":event-type", type);
    add_header(headers, ":content-type", content_type);
    std::string out;
    out.reserve(kAround + headers.size() + payload.size());
    add_number(out, static_cast<std::uint32_t>(kAround + headers.size() + payload.size()));
    add_number(out, static_cast<std::uint32_t>(headers.size()));
    add_number(out, crc32(out));
    out += headers;
    out += payload;
    add_number(out, crc32(out));
    return out;
}

}  // namespace domicile::api::aws
