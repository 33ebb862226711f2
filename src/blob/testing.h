// For tests of this module and of those that stand on it. Not part of any library.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "blob/store.h"
#include "io/testing.h"

namespace domicile::blob::testing {

using io::testing::Loop;

// A body of `size` bytes that differ from place to place, in pieces; may fail on its way.
class Made final : public Source {
  public:
    explicit Made(std::uint64_t size, std::size_t piece = 10'007) : left_(size), piece_(piece) {}
    // Instead of the piece after `offset` bytes.
    Made& fails_at(std::uint64_t offset) {
        fails_at_ = offset;
        return *this;
    }
    io::Task<Result<std::string_view>> read() override {
        if (at_ >= fails_at_) co_return fail(Code::conflict, "The source fails.", "of the source");
        buffer_ = bytes(at_, std::min<std::uint64_t>(piece_, left_));
        at_ += buffer_.size();
        left_ -= buffer_.size();
        co_return std::string_view(buffer_);
    }
    std::uint64_t given() const { return at_; }

    static std::string bytes(std::uint64_t offset, std::uint64_t count) {
        std::string out(count, '\0');
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint64_t at = offset + i;
            out[i] = static_cast<char>((at * 2'654'435'761u) >> 13 ^ at);
        }
        return out;
    }

  private:
    std::uint64_t at_ = 0, left_, fails_at_ = UINT64_MAX;
    std::size_t piece_;
    std::string buffer_;
};

// A body given as it is.
class Text final : public Source {
  public:
    explicit Text(std::string text) : text_(std::move(text)) {}
    io::Task<Result<std::string_view>> read() override {
        if (std::exchange(given_, true)) co_return std::string_view();
        co_return std::string_view(text_);
    }

  private:
    std::string text_;
    bool given_ = false;
};

inline io::Task<Result<Stored>> put_text(Store& store, std::string key, std::string text) {
    Text source(std::move(text));
    const Expected nothing;
    co_return co_await store.put(std::move(key), source, nothing);
}

inline io::Task<Result<std::string>> read_rest(Body& body) {
    std::string out;
    while (true) {
        CO_TRY(const std::string_view piece, co_await body.read());
        if (piece.empty()) co_return out;
        out += piece;
    }
}

inline io::Task<Result<std::string>> get_text(Store& store, std::string key, Range range) {
    CO_TRY(const std::unique_ptr<Body> body, co_await store.get(std::move(key), range));
    CO_TRY(std::string out, co_await read_rest(*body));
    if (out.size() != body->length())
        co_return fail(Code::internal, "A body is not as long as it says.");
    co_return out;
}

}  // namespace domicile::blob::testing
