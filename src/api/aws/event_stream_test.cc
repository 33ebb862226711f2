#include "api/aws/event_stream.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace domicile::api::aws {
namespace {

std::uint32_t number(std::string_view bytes) {
    std::uint32_t out = 0;
    for (const char c : bytes.substr(0, 4)) out = out << 8 | static_cast<unsigned char>(c);
    return out;
}

TEST(EventStream, a_frame_has_lengths_checksums_headers_and_payload) {
    const std::string frame = event_frame("PayloadChunk", "text/plain", "hello");
    const std::string_view all = frame;
    ASSERT_EQ(number(all), frame.size());
    const std::size_t headers = number(all.substr(4));
    EXPECT_EQ(number(all.substr(8)), crc32(all.substr(0, 8)));
    EXPECT_EQ(all.substr(12, headers), std::string("\x0d:message-type\x07\0\x05"
                                                   "event"
                                                   "\x0b:event-type\x07\0\x0cPayloadChunk"
                                                   "\x0d:content-type\x07\0\x0atext/plain",
                                                   22 + 27 + 27));
    EXPECT_EQ(all.substr(12 + headers, 5), "hello");
    EXPECT_EQ(number(all.substr(all.size() - 4)), crc32(all.substr(0, all.size() - 4)));
}

}  // namespace
}  // namespace domicile::api::aws
