#include "functions/pipe.h"

#include <gtest/gtest.h>

#include "http/testing.h"

namespace domicile::functions {
namespace {

io::Task<void> write_all(std::shared_ptr<Pipe> pipe, int pieces, int& written) {
    for (int i = 0; i < pieces; ++i) {
        std::string piece(64 << 10, 'x');
        const Result<void> taken = co_await pipe->write(std::move(piece), http::soon());
        if (!taken) break;
        ++written;
    }
    pipe->end();
}

HTTP_TEST(Pipe, holds_a_bounded_part_of_what_comes_and_loses_none) {
    auto pipe = std::make_shared<Pipe>();
    int written = 0;
    pipe->begin("text/plain");
    io::spawn(write_all(pipe, 100, written));
    EXPECT_EQ(written, 4);
    std::size_t bytes = 0;
    for (;;) {
        const std::string piece = co_await pipe->read();
        if (piece.empty()) break;
        bytes += piece.size();
    }
    EXPECT_EQ(bytes, std::size_t(100) * (64 << 10));
    co_return true;
}

HTTP_TEST(Pipe, a_reader_that_has_left_is_not_waited_for) {
    auto pipe = std::make_shared<Pipe>();
    int written = 0;
    pipe->begin("");
    io::spawn(write_all(pipe, 100, written));
    pipe->leave();
    std::string piece = "more";
    const Result<void> taken = co_await pipe->write(std::move(piece), http::soon());
    EXPECT_EQ(taken.error().code, Code::cancelled);
    const bool begun = co_await pipe->begun();
    EXPECT_TRUE(begun);
    co_return true;
}

HTTP_TEST(Pipe, that_ends_without_a_piece_has_not_begun) {
    auto pipe = std::make_shared<Pipe>();
    pipe->end();
    const bool begun = co_await pipe->begun();
    EXPECT_FALSE(begun);
    co_return true;
}

}  // namespace
}  // namespace domicile::functions
