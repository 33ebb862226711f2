#include "io/frame_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "io/runtime.h"

namespace domicile::io {
namespace {

// Under sanitizers nothing is kept, and then there is nothing to be said about what is.
bool frames_are_kept() {
    void* frame = allocate_frame(kFrameStep);
    free_frame(frame, kFrameStep);
    return kept_frame_bytes() > 0;
}

TEST(frame_pool, frames_of_all_sizes_are_whole_and_apart) {
    std::vector<std::pair<unsigned char*, std::size_t>> frames;
    for (int round = 0; round < 3; ++round) {
        for (std::size_t size = 1; size < 2 * kFrameBytesMax; size += 37) {
            auto* frame = static_cast<unsigned char*>(allocate_frame(size));
            std::memset(frame, static_cast<int>(size % 251), size);
            frames.emplace_back(frame, size);
        }
        for (const auto& [frame, size] : frames) {
            EXPECT_EQ(frame[0], size % 251);
            EXPECT_EQ(frame[size - 1], size % 251);
            free_frame(frame, size);
        }
        frames.clear();
    }
}

TEST(frame_pool, a_frame_is_used_again_for_any_size_of_its_class) {
    if (!frames_are_kept()) GTEST_SKIP();
    void* frame = allocate_frame(kFrameStep + 1);
    free_frame(frame, kFrameStep + 1);
    void* again = allocate_frame(2 * kFrameStep);
    EXPECT_EQ(again, frame);
    free_frame(again, 2 * kFrameStep);
}

TEST(frame_pool, what_a_thread_keeps_is_bounded) {
    if (!frames_are_kept()) GTEST_SKIP();
    std::vector<void*> frames;
    for (std::size_t i = 0; i < 2 * kFrameKeptBytes / kFrameBytesMax; ++i)
        frames.push_back(allocate_frame(kFrameBytesMax));
    const std::size_t before = kept_frame_bytes();
    for (void* frame : frames) free_frame(frame, kFrameBytesMax);
    EXPECT_LE(kept_frame_bytes() - before, kFrameKeptBytes);
    EXPECT_GT(kept_frame_bytes(), before);
}

TEST(frame_pool, a_frame_freed_on_another_thread_is_kept_there) {
    if (!frames_are_kept()) GTEST_SKIP();
    void* frame = allocate_frame(640);
    const std::size_t here = kept_frame_bytes();
    std::jthread([frame] {
        free_frame(frame, 640);
        EXPECT_EQ(kept_frame_bytes(), 640U);
        EXPECT_EQ(allocate_frame(640), frame);
        free_frame(frame, 640);
    }).join();
    EXPECT_EQ(kept_frame_bytes(), here);
}

// The frames of a finished task are there for the next one.
TEST(frame_pool, tasks_take_their_frames_from_the_pool) {
    if (!frames_are_kept()) GTEST_SKIP();
    const auto once = [] {
        return run_task<int>([] {
            return []() -> Task<int> {
                const auto inner = []() -> Task<int> { co_return 7; };
                co_return co_await inner();
            }();
        });
    };
    EXPECT_EQ(once(), 7);
    const std::size_t kept = kept_frame_bytes();
    EXPECT_EQ(once(), 7);
    EXPECT_EQ(kept_frame_bytes(), kept);
}

}  // namespace
}  // namespace domicile::io
