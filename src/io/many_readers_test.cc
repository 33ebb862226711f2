#include "io/many_readers.h"

#include <gtest/gtest.h>

#include <vector>

namespace domicile::io {
namespace {

TEST(ManyReaders, what_a_reader_sees_is_before_a_change_or_after_it) {
    ManyReaders lock;
    std::array<int, 64> numbers{};  // all the same, but during a change
    std::atomic<bool> done = false;
    std::atomic<int> torn = 0, looks = 0;
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back([&] {
            while (!done) {
                const bool same = lock.read([&] {
                    for (const int number : numbers)
                        if (number != numbers[0]) return false;
                    return true;
                });
                if (!same) ++torn;
                ++looks;
            }
        });
    }
    for (int turn = 1; turn < 2'000 || looks < 1'000; ++turn)
        lock.change([&] {
            for (int& number : numbers) number = turn;
        });
    done = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(torn, 0);
}

TEST(ManyReaders, changes_of_several_threads_are_one_after_the_other) {
    ManyReaders lock;
    int count = 0;
    std::vector<std::thread> writers;
    for (int i = 0; i < 3; ++i)
        writers.emplace_back([&] {
            for (int turn = 0; turn < 1'000; ++turn) lock.change([&] { ++count; });
        });
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(lock.read([&] { return count; }), 3'000);
}

}  // namespace
}  // namespace domicile::io
