#include "blob/files.h"

#include <filesystem>
#include <fstream>

#include "base/format_version.h"
#include "blob/testing.h"
#include "io/runtime.h"
#include "io/testing.h"

namespace domicile::blob {
namespace {

using io::testing::TemporaryFolder;
constexpr char kKey[] = "test/0123456789abcdef0123456789abcdef";

std::unique_ptr<Store> open_in(const TemporaryFolder& folder) {
    auto store = open_files({.folder = folder.file("blobs"), .piece_bytes = 64 << 10});
    return store ? std::move(*store) : nullptr;
}

std::size_t files_in(const std::string& folder) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        count += entry.is_regular_file() ? 1 : 0;
    return count;
}

Result<Stored> put(Store& store, const std::string& key, Source& source) {
    return io::run_task<Result<Stored>>([&] { return store.put(key, source, {}); });
}

TEST(FileStore, leaves_nothing_of_a_put_that_failed) {
    TemporaryFolder folder;
    const auto store = open_in(folder);
    testing::Made source(300'000);
    EXPECT_FALSE(put(*store, kKey, source.fails_at(200'000)));
    EXPECT_EQ(files_in(folder.file("blobs")), 1u);  // format.json
    testing::Made good(300'000);
    EXPECT_TRUE(put(*store, kKey, good));
    EXPECT_EQ(files_in(folder.file("blobs")), 2u);
}

TEST(FileStore, sweeps_what_a_crash_left_and_only_that) {
    TemporaryFolder folder;
    testing::Made source(10);
    ASSERT_TRUE(put(*open_in(folder), kKey, source));
    std::ofstream(folder.file("blobs/incoming/half")) << "half a body";
    const auto store = open_in(folder);
    EXPECT_FALSE(std::filesystem::exists(folder.file("blobs/incoming/half")));
    EXPECT_TRUE(io::run_task<Result<Info>>([&] { return store->head(kKey); }));
}

TEST(FileStore, does_not_take_strange_files_for_bodies) {
    TemporaryFolder folder;
    const auto store = open_in(folder);
    std::filesystem::create_directories(folder.file("blobs/blobs/test/ab"));
    std::filesystem::create_directories(folder.file("blobs/blobs/lost+found"));
    std::ofstream(folder.file("blobs/blobs/test/ab/README")) << "x";
    std::ofstream(folder.file("blobs/blobs/file")) << "x";
    const auto listed =
        io::run_task<Result<std::vector<Listed>>>([&] { return store->list("", "", 10); });
    ASSERT_TRUE(listed) << listed.error().message;
    EXPECT_TRUE(listed->empty());
}

TEST(FileStore, refuses_a_folder_of_a_newer_program) {
    TemporaryFolder folder;
    (void)open_in(folder);
    std::ofstream(folder.file("blobs/format.json")) << "{\"format\":2}";
    const auto store = open_files({.folder = folder.file("blobs")});
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().reason, kReasonNewerFormat);
}

TEST(FileStore, bodies_are_readable_by_nobody_else) {
    TemporaryFolder folder;
    testing::Made source(10);
    ASSERT_TRUE(put(*open_in(folder), kKey, source));
    using std::filesystem::perms;
    const std::string shelf = folder.file("blobs/blobs/test/01");
    EXPECT_EQ(std::filesystem::status(shelf).permissions(), perms::owner_all);
    EXPECT_EQ(std::filesystem::status(shelf + "/23456789abcdef0123456789abcdef").permissions(),
              perms::owner_read | perms::owner_write);
}

TEST(FileStore, has_bounds) {
    TemporaryFolder folder;
    auto store = open_files({.folder = folder.file("blobs"), .at_once_max = 1, .size_max = 1000});
    ASSERT_TRUE(store);
    testing::Made large(1001);
    EXPECT_EQ(put(**store, kKey, large).error().code, Code::too_large);
    const auto results = io::run_task<std::vector<Result<Stored>>>([&] {
        std::vector<io::Task<Result<Stored>>> tasks;
        tasks.push_back(testing::put_text(**store, "test/" + std::string(32, 'a'), "1"));
        tasks.push_back(testing::put_text(**store, "test/" + std::string(32, 'b'), "2"));
        return io::testing::gather(std::move(tasks));
    });
    EXPECT_TRUE(results[0]);
    EXPECT_EQ(results[1].error().code, Code::resource_exhausted);
}

}  // namespace
}  // namespace domicile::blob
