// What every Store must do. An engine's test instantiates the suite with a factory:
//   INSTANTIATE_TEST_SUITE_P(Files, StoreContract, ::testing::Values(StoreUnderTest{...}));
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "blob/store.h"
#include "blob/testing.h"
#include "crypto/hash.h"
#include "io/runtime.h"
#include "io/testing.h"

namespace domicile::blob {

struct StoreUnderTest {
    std::string name;
    // An initially empty store; the same one at each call with the same folder.
    std::function<std::unique_ptr<Store>(const io::testing::TemporaryFolder&)> open;
    // A body that the engine treats as large: in several parts, say.
    std::uint64_t large = 1 << 20;
    // Of puts of one key at once, one surely wins.
    bool atomic = true;
};

class StoreContract : public ::testing::TestWithParam<StoreUnderTest> {
  protected:
    void SetUp() override { open(); }
    void TearDown() override { close(); }
    void open() {
        close();
        loop_ = std::make_unique<testing::Loop>();
        store_ = GetParam().open(folder_);
        ASSERT_NE(store_, nullptr);
    }
    void close() {
        if (loop_) loop_->stop();
        store_.reset();
        loop_.reset();
    }
    template <class T>
    T run(std::function<io::Task<T>()> make) {
        return loop_->run<T>(std::move(make));
    }
    static std::string key(int number, const std::string& space = "test") {
        std::string digits = std::to_string(number);
        return space + "/" + std::string(kIdBytes - digits.size(), '0') + digits;
    }
    static std::string key_of(const std::string& space, const std::string& id) {
        return space + "/" + id + std::string(kIdBytes - id.size(), '0');
    }
    Result<Stored> put(const std::string& key, Source& source, const Expected& expected = {}) {
        return run<Result<Stored>>([&] { return store_->put(key, source, expected); });
    }
    Result<Stored> put(const std::string& key, const std::string& text) {
        testing::Text source(text);
        return put(key, source);
    }
    std::string get(const std::string& key, Range range = {}) {
        return text_of(
            run<Result<std::string>>([&] { return testing::get_text(*store_, key, range); }));
    }
    std::string size(const std::string& key) {
        const auto info = run<Result<Info>>([&] { return store_->head(key); });
        return info ? std::to_string(info->size) : std::string(to_string(info.error().code));
    }
    std::string remove(const std::string& key) {
        const auto out = run<Result<void>>([&] { return store_->remove(key); });
        return out ? "ok" : std::string(to_string(out.error().code));
    }
    Result<std::vector<Listed>> list(const std::string& prefix, const std::string& after = "",
                                     std::size_t limit = kListMax) {
        return run<Result<std::vector<Listed>>>([&] { return store_->list(prefix, after, limit); });
    }
    std::string keys(const std::string& prefix, const std::string& after = "",
                     std::size_t limit = kListMax) {
        const auto listed = list(prefix, after, limit);
        if (!listed) return std::string(to_string(listed.error().code));
        std::string out;
        for (const Listed& entry : *listed) {
            const std::string_view key = entry.key;
            out += std::string(key.substr(0, key.find('/') + 3)) + " ";
        }
        return out;
    }
    static std::string text_of(const Result<std::string>& text) {
        if (text) return *text;
        std::string out(to_string(text.error().code));
        return text.error().reason.empty() ? out : out + " " + text.error().reason;
    }
    static std::string code(const Result<Stored>& out) {
        if (out) return "ok";
        const Error& error = out.error();
        return std::string(to_string(error.code)) +
               (error.reason.empty() ? "" : " " + error.reason);
    }

    io::testing::TemporaryFolder folder_;
    std::unique_ptr<testing::Loop> loop_;
    std::unique_ptr<Store> store_;
};

TEST_P(StoreContract, a_body_is_given_back_as_it_was_put) {
    for (const std::string& text :
         {std::string("hello"), std::string(), std::string("\0\xff", 2)}) {
        const std::string name = key(static_cast<int>(text.size()));
        const auto stored = put(name, text);
        ASSERT_TRUE(stored) << stored.error().message;
        EXPECT_EQ(stored->size, text.size());
        EXPECT_EQ(stored->sha256, crypto::sha256(text));
        EXPECT_EQ(get(name), text);
        EXPECT_EQ(size(name), std::to_string(text.size()));
    }
}

TEST_P(StoreContract, a_large_body_of_unknown_length_is_given_back_as_it_was_put) {
    for (const std::uint64_t more : {0, 1, 12'345}) {
        const std::uint64_t size = GetParam().large + more;
        testing::Made source(size);
        const std::string name = key(static_cast<int>(more));
        const auto stored = put(name, source);
        ASSERT_TRUE(stored) << stored.error().message;
        const std::string all = testing::Made::bytes(0, size);
        EXPECT_EQ(stored->size, size);
        EXPECT_EQ(stored->sha256, crypto::sha256(all));
        EXPECT_TRUE(get(name) == all);
    }
}

TEST_P(StoreContract, pieces_may_be_of_any_size) {
    const std::uint64_t size = GetParam().large + 77;
    const std::string all = testing::Made::bytes(0, size);
    int number = 0;
    for (const std::size_t piece : {std::size_t{333}, std::size_t{size}, std::size_t{size / 2}}) {
        testing::Made source(size, piece);
        ASSERT_EQ(code(put(key(++number), source)), "ok");
        EXPECT_TRUE(get(key(number)) == all) << piece;
    }
}

TEST_P(StoreContract, what_is_promised_of_a_body_is_checked) {
    for (const std::uint64_t size : {std::uint64_t{5}, GetParam().large + 5}) {
        const std::string all = testing::Made::bytes(0, size);
        const auto attempt = [&](const Expected& expected) {
            testing::Made source(size);
            return code(put(key(1), source, expected));
        };
        EXPECT_EQ(attempt({.size = size + 1}), "invalid_argument size_mismatch");
        EXPECT_EQ(attempt({.size = size - 1}), "invalid_argument size_mismatch");
        EXPECT_EQ(attempt({.sha256 = crypto::sha256("another")}),
                  "invalid_argument digest_mismatch");
        EXPECT_EQ(get(key(1)), "not_found");
        EXPECT_EQ(keys(""), "");
        EXPECT_EQ(attempt({.size = size, .sha256 = crypto::sha256(all)}), "ok");
        EXPECT_EQ(remove(key(1)), "ok");
    }
}

TEST_P(StoreContract, nothing_is_there_of_a_body_whose_source_fails) {
    const std::uint64_t large = GetParam().large;
    for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t{1}, large / 2, large * 2}) {
        testing::Made source(large * 3);
        EXPECT_EQ(code(put(key(1), source.fails_at(at))), "conflict of the source");
        EXPECT_EQ(get(key(1)), "not_found");
        EXPECT_EQ(keys(""), "");
    }
    EXPECT_EQ(code(put(key(1), "now")), "ok");
    EXPECT_EQ(get(key(1)), "now");
}

TEST_P(StoreContract, a_key_is_written_once) {
    ASSERT_EQ(code(put(key(1), "first")), "ok");
    EXPECT_EQ(code(put(key(1), "second")), "already_exists");
    testing::Made large(GetParam().large * 2);
    EXPECT_EQ(code(put(key(1), large)), "already_exists");
    EXPECT_EQ(get(key(1)), "first");
}

TEST_P(StoreContract, a_range_is_a_part_of_the_body) {
    ASSERT_EQ(code(put(key(1), "0123456789")), "ok");
    EXPECT_EQ(get(key(1), {.offset = 3}), "3456789");
    EXPECT_EQ(get(key(1), {.offset = 3, .length = 4}), "3456");
    EXPECT_EQ(get(key(1), {.offset = 0, .length = 1}), "0");
    EXPECT_EQ(get(key(1), {.offset = 9, .length = 100}), "9");
    EXPECT_EQ(get(key(1), {.offset = 0, .length = 100}), "0123456789");
    EXPECT_EQ(get(key(1), {.offset = 10}), "invalid_argument range_outside");
    EXPECT_EQ(get(key(1), {.offset = 11, .length = 1}), "invalid_argument range_outside");
    EXPECT_EQ(get(key(1), {.offset = 1, .length = 0}), "invalid_argument");
    ASSERT_EQ(code(put(key(2), "")), "ok");
    EXPECT_EQ(get(key(2), {.offset = 0, .length = 5}), "");
    EXPECT_EQ(get(key(2), {.offset = 1}), "invalid_argument range_outside");
    EXPECT_EQ(get(key(3), {.offset = 1}), "not_found");
    testing::Made large(GetParam().large + 1000);
    ASSERT_EQ(code(put(key(4), large)), "ok");
    const std::uint64_t from = GetParam().large - 500;
    EXPECT_TRUE(get(key(4), {.offset = from, .length = 1000}) == testing::Made::bytes(from, 1000));
}

io::Task<Result<std::uint64_t>> size_of_body(Store& store, std::string key, Range range) {
    CO_TRY(const std::unique_ptr<Body> body, co_await store.get(std::move(key), range));
    co_return body->size();
}

TEST_P(StoreContract, a_body_tells_its_whole_size_also_for_a_range) {
    ASSERT_EQ(code(put(key(1), "0123456789")), "ok");
    for (const Range range : {Range{}, Range{.offset = 2, .length = 3}, Range{.offset = 9}}) {
        EXPECT_EQ(run<Result<std::uint64_t>>([&] { return size_of_body(*store_, key(1), range); }),
                  10u);
    }
}

TEST_P(StoreContract, what_is_deleted_is_gone_and_deleting_it_again_is_no_error) {
    ASSERT_EQ(code(put(key(1), "x")), "ok");
    ASSERT_EQ(code(put(key(2), "y")), "ok");
    EXPECT_EQ(remove(key(1)), "ok");
    EXPECT_EQ(get(key(1)), "not_found");
    EXPECT_EQ(size(key(1)), "not_found");
    EXPECT_EQ(remove(key(1)), "ok");
    EXPECT_EQ(remove(key(3)), "ok");
    EXPECT_EQ(get(key(2)), "y");
}

TEST_P(StoreContract, lists_are_in_byte_order_and_paged) {
    for (const auto& [space, id] : std::vector<std::pair<std::string, std::string>>{
             {"b", "ff"}, {"b", "01"}, {"b", "0a"}, {"a", "77"}, {"a0", "77"}, {"ab", "00"}}) {
        ASSERT_EQ(code(put(key_of(space, id), "x")), "ok");
    }
    EXPECT_EQ(keys(""), "a/77 a0/77 ab/00 b/01 b/0a b/ff ");
    EXPECT_EQ(keys("a"), "a/77 a0/77 ab/00 ");
    EXPECT_EQ(keys("a/"), "a/77 ");
    EXPECT_EQ(keys("b/"), "b/01 b/0a b/ff ");
    EXPECT_EQ(keys("b/0"), "b/01 b/0a ");
    EXPECT_EQ(keys("b/0a0"), "b/0a ");
    EXPECT_EQ(keys("b/0a1"), "");
    EXPECT_EQ(keys("c"), "");
    EXPECT_EQ(keys("", "", 0), "");
    EXPECT_EQ(keys("", "", 2), "a/77 a0/77 ");
    EXPECT_EQ(keys("", key_of("a", "77"), 2), "a0/77 ab/00 ");
    EXPECT_EQ(keys("b", key_of("b", "01"), 1), "b/0a ");
    EXPECT_EQ(keys("b/", key_of("a", "77")), "b/01 b/0a b/ff ");
    EXPECT_EQ(keys("", key_of("b", "ff")), "");
    EXPECT_EQ(keys("a", "b"), "");
    EXPECT_EQ(keys("", "a/78"), "a0/77 ab/00 b/01 b/0a b/ff ");
}

TEST_P(StoreContract, a_listing_says_what_head_says) {
    ASSERT_EQ(code(put(key(1), "four")), "ok");
    testing::Made large(GetParam().large + 3);
    ASSERT_EQ(code(put(key(2), large)), "ok");
    const auto listed = list("test/");
    ASSERT_TRUE(listed) << listed.error().message;
    ASSERT_EQ(listed->size(), 2u);
    for (const Listed& entry : *listed) {
        const auto info = run<Result<Info>>([&] { return store_->head(entry.key); });
        ASSERT_TRUE(info) << info.error().message;
        EXPECT_EQ(entry.info.size, info->size);
        // One may tell milliseconds and the other seconds.
        EXPECT_EQ(entry.info.modified.seconds(), info->modified.seconds());
        EXPECT_GT(info->modified.seconds(), 1'700'000'000);
    }
    EXPECT_EQ((*listed)[1].info.size, GetParam().large + 3);
}

TEST_P(StoreContract, keys_have_one_form) {
    const std::string id(kIdBytes, 'a');
    for (const std::string& bad :
         {std::string(), id, "/" + id, "a/" + id + "0", "a/" + id.substr(1), "A/" + id, "1/" + id,
          "-/" + id, "../" + id, "a/../" + id, "a//" + id, "a/" + id + "/",
          std::string(33, 'a') + "/" + id, "a/" + std::string(kIdBytes, 'A'),
          "a/" + std::string(kIdBytes, 'g'), "a_b/" + id, "a-b/" + id,
          std::string("a\0/", 3) + id}) {
        EXPECT_EQ(code(put(bad, "x")), "invalid_argument") << bad;
        EXPECT_EQ(get(bad), "invalid_argument") << bad;
        EXPECT_EQ(size(bad), "invalid_argument") << bad;
        EXPECT_EQ(remove(bad), "invalid_argument") << bad;
    }
    for (const char* bad : {"/", "A", "a/g", "a//", "../"})
        EXPECT_EQ(keys(bad), "invalid_argument");
    EXPECT_EQ(code(put(std::string(32, 'a') + "/" + id, "x")), "ok");
}

TEST_P(StoreContract, puts_of_one_key_at_once_leave_one_whole_body) {
    const auto results = run<std::vector<Result<Stored>>>([&] {
        std::vector<io::Task<Result<Stored>>> tasks;
        for (int i = 0; i < 8; ++i)
            tasks.push_back(testing::put_text(*store_, key(1), std::string(1000, 'a' + i)));
        return io::testing::gather(std::move(tasks));
    });
    int ok = 0;
    for (const auto& result : results) {
        ok += result ? 1 : 0;
        EXPECT_TRUE(result || result.error().code == Code::already_exists);
    }
    EXPECT_GE(ok, 1);
    EXPECT_TRUE(ok == 1 || !GetParam().atomic) << ok;
    const std::string body = get(key(1));
    EXPECT_EQ(body, std::string(1000, body[0]));
}

TEST_P(StoreContract, many_at_once_do_not_mix) {
    const auto results = run<std::vector<Result<Stored>>>([&] {
        std::vector<io::Task<Result<Stored>>> tasks;
        for (int i = 0; i < 20; ++i)
            tasks.push_back(testing::put_text(*store_, key(i), "body " + std::to_string(i)));
        return io::testing::gather(std::move(tasks));
    });
    for (const auto& result : results) EXPECT_EQ(code(result), "ok");
    const auto bodies = run<std::vector<Result<std::string>>>([&] {
        std::vector<io::Task<Result<std::string>>> tasks;
        for (int i = 0; i < 20; ++i) tasks.push_back(testing::get_text(*store_, key(i), Range{}));
        return io::testing::gather(std::move(tasks));
    });
    for (int i = 0; i < 20; ++i) EXPECT_EQ(text_of(bodies[i]), "body " + std::to_string(i));
}

io::Task<Result<std::string>> begin_only(Store& store, std::string key) {
    CO_TRY(const std::unique_ptr<Body> body, co_await store.get(std::move(key), Range{}));
    CO_TRY(const std::string_view piece, co_await body->read());
    co_return std::string(piece.substr(0, 1));
}

TEST_P(StoreContract, a_body_may_be_dropped_before_its_end) {
    testing::Made source(GetParam().large * 3);
    ASSERT_EQ(code(put(key(1), source)), "ok");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(run<Result<std::string>>([&] { return begin_only(*store_, key(1)); }),
                  testing::Made::bytes(0, 1));
    }
}

io::Task<Result<Stored>> copy(Store& store, std::string from, std::string to) {
    CO_TRY(const std::unique_ptr<Body> body, co_await store.get(std::move(from), Range{}));
    Expected expected;
    expected.size = body->size();
    co_return co_await store.put(std::move(to), *body, expected);
}

TEST_P(StoreContract, a_body_is_a_source) {
    const std::uint64_t size = GetParam().large * 2 + 1;
    testing::Made source(size);
    ASSERT_EQ(code(put(key(1), source)), "ok");
    EXPECT_EQ(code(run<Result<Stored>>([&] { return copy(*store_, key(1), key(2)); })), "ok");
    EXPECT_TRUE(get(key(2)) == testing::Made::bytes(0, size));
}

TEST_P(StoreContract, a_store_is_as_it_was_when_it_is_opened_again) {
    ASSERT_EQ(code(put(key(1), "still here")), "ok");
    open();
    EXPECT_EQ(get(key(1)), "still here");
    EXPECT_EQ(code(put(key(1), "other")), "already_exists");
}

}  // namespace domicile::blob
