// The data folder after crashes, accidents and other versions of the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/format_version.h"
#include "io/testing.h"
#include "io/tls.h"
#include "server/deployment.h"

namespace domicile::server {
namespace {

using testing::HasSubstr;
using testing::Not;

// The n-th change (from 0) is where the process is killed: before anything of it is seen (a torn
// temporary file lies about) or just after. Nothing changes from then on.
class DyingFiles final : public io::Files {
  public:
    enum class When : std::uint8_t { before, after };
    DyingFiles(int change, When when) : left_(change), when_(when) {}
    bool died() const { return left_ < 0; }

    Result<std::string> read(const std::string& path, std::size_t max_bytes) override {
        return real_.read(path, max_bytes);
    }
    Result<void> write_atomic(const std::string& path, std::string_view bytes,
                              unsigned mode) override {
        return change([&] { return real_.write_atomic(path, bytes, mode); },
                      [&] { std::ofstream(path + ".new.4711") << bytes.substr(bytes.size() / 2); });
    }
    Result<std::unique_ptr<io::AppendFile>> open_append(const std::string& path) override {
        return real_.open_append(path);
    }
    Result<std::unique_ptr<io::AppendFile>> create(const std::string& path) override {
        return real_.create(path);
    }
    Result<void> publish(const std::string& from, const std::string& to) override {
        return change([&] { return real_.publish(from, to); }, [] {});
    }
    Result<std::unique_ptr<io::ReadFile>> open_read(const std::string& path) override {
        return real_.open_read(path);
    }
    Result<io::FileInfo> info(const std::string& path) override { return real_.info(path); }
    Result<void> truncate(const std::string& path, std::uint64_t size) override {
        return real_.truncate(path, size);
    }
    Result<void> create_directories(const std::string& path) override {
        return change([&] { return real_.create_directories(path); }, [] {});
    }
    Result<std::vector<std::string>> list(const std::string& path) override {
        return real_.list(path);
    }
    Result<void> remove(const std::string& path) override {
        return change([&] { return real_.remove(path); }, [] {});
    }

  private:
    template <class Do, class Tear>
    Result<void> change(Do&& act, Tear&& tear) {
        if (left_ < 0) return fail(Code::unavailable, "The process is dead.");
        if (left_-- > 0) return act();
        if (when_ == When::after) {
            TRY_VOID(act());
        } else {
            tear();
        }
        return fail(Code::unavailable, "The process dies.");
    }

    io::Files& real_ = io::system_files();
    int left_;
    const When when_;
};

class DataFolderTest : public testing::Test {
  protected:
    void SetUp() override {
        write(folder_.file("domicile.yaml"), kConfig);
        deployment_.config_path = folder_.file("domicile.yaml");
        deployment_.config = load_config(files_, deployment_.config_path).value();
        deployment_.ports = {{"r1", {}}};
        begin("data");
    }

    void begin(const std::string& name) {
        deployment_.data = folder_.file(name);
        std::filesystem::create_directories(deployment_.data);
    }
    Result<void> prepare(io::Files& files) {
        TRY_VOID(prepare_development(files, deployment_));
        return save(files, deployment_);
    }
    static void write(const std::string& path, std::string_view content) {
        std::ofstream(path) << content;
    }
    std::string content(const std::string& name) {
        return files_.read(deployment_.data + '/' + name, 1 << 20).value_or("");
    }
    void expect_whole() {
        for (const char* pair : {"ca/ca", "ca/border_ca", "front/tls", "r1/tls", "r1/border"}) {
            const std::string stem = pair;
            EXPECT_TRUE(io::TlsServer::make({{content(stem + ".pem"), content(stem + ".key")}}))
                << pair;
        }
        EXPECT_EQ(content("shared/pepper").size(), kSecretBytes);
        EXPECT_TRUE(load(files_, deployment_.data));
        for (const auto& entry : std::filesystem::recursive_directory_iterator(deployment_.data))
            EXPECT_THAT(entry.path().string(), Not(HasSubstr(".new."))) << "a crash left it";
    }

    static constexpr const char* kConfig =
        "domain: d.localhost\njurisdictions: {A: {countries: [AU], regions: [r1]}}\n"
        "regions: {r1: {}}\n";
    io::Files& files_ = io::system_files();
    io::testing::TemporaryFolder folder_;
    Deployment deployment_;
};

TEST_F(DataFolderTest, the_nodes_of_a_region_are_remembered_and_need_a_database_to_share) {
    ASSERT_TRUE(prepare(files_));
    EXPECT_EQ(deployment_.as_node("r1", 2).error().reason, "one_node");
    EXPECT_EQ(deployment_.as_node("r1", 1)->node_directory("r1"), deployment_.data + "/r1");

    write(deployment_.config_path,
          std::string(kConfig).replace(std::string(kConfig).find("r1: {}"), 6,
                                       "r1: {database: {engine: postgres, endpoints: [\"a:1\"]}}"));
    deployment_.ports["r1"].border = 1001;
    deployment_.more_nodes["r1"] = {Ports{.border = 1002}};
    ASSERT_TRUE(save(files_, deployment_));
    const Deployment loaded = load(files_, deployment_.data).value();
    EXPECT_EQ(loaded.nodes_of("r1"), 2u);
    EXPECT_EQ(loaded.ports_of("r1", 2).border, 1002);
    const Deployment second = loaded.as_node("r1", 2).value();
    EXPECT_EQ(second.ports.at("r1").border, 1002);
    EXPECT_EQ(second.node_directory("r1"), deployment_.data + "/r1/node-2");
    EXPECT_EQ(loaded.as_node("r1", 3).error().code, Code::not_found);
}

TEST_F(DataFolderTest, a_kill_at_any_moment_of_the_first_start_is_made_good_by_the_next) {
    for (const DyingFiles::When when : {DyingFiles::When::before, DyingFiles::When::after}) {
        for (int change = 0;; ++change) {
            begin("at-" + std::to_string(change) + (when == DyingFiles::When::after ? "a" : "b"));
            DyingFiles dying(change, when);
            const Result<void> outcome = prepare(dying);
            if (!dying.died()) {
                EXPECT_TRUE(outcome);
                EXPECT_GT(change, 15) << "so many files are written";
                break;
            }
            const std::string pepper = content("shared/pepper");
            const Result<void> again = prepare(files_);
            ASSERT_TRUE(again) << again.error().message;
            expect_whole();
            if (pepper.empty()) continue;
            EXPECT_EQ(content("shared/pepper"), pepper);
        }
    }
}

TEST_F(DataFolderTest, a_second_start_changes_no_secret) {
    ASSERT_TRUE(prepare(files_));
    const std::string pepper = content("shared/pepper"), ca = content("ca/ca.pem"),
                      border = content("r1/border.key");
    ASSERT_TRUE(prepare(files_));
    EXPECT_EQ(content("shared/pepper"), pepper);
    EXPECT_EQ(content("ca/ca.pem"), ca);
    EXPECT_EQ(content("r1/border.key"), border);
}

TEST_F(DataFolderTest, a_key_that_does_not_fit_its_certificate_is_made_anew) {
    ASSERT_TRUE(prepare(files_));
    std::filesystem::copy_file(deployment_.data + "/front/tls.key",
                               deployment_.data + "/r1/tls.key",
                               std::filesystem::copy_options::overwrite_existing);
    ASSERT_TRUE(prepare(files_));
    expect_whole();
}

TEST_F(DataFolderTest, a_damaged_authority_is_refused_by_name_and_kept) {
    ASSERT_TRUE(prepare(files_));
    write(deployment_.data + "/ca/ca.key", "torn");
    const Error refused = prepare(files_).error();
    EXPECT_EQ(refused.reason, kReasonDamaged);
    EXPECT_THAT(refused.message, HasSubstr(deployment_.data + "/ca/ca.pem"));
    EXPECT_EQ(content("ca/ca.key"), "torn");
}

TEST_F(DataFolderTest, a_lost_pepper_is_not_replaced_where_the_directory_was_written_under_it) {
    ASSERT_TRUE(prepare(files_));
    std::filesystem::remove(deployment_.data + "/shared/pepper");
    write(deployment_.data + "/shared/directory.db", "");
    const Error refused = prepare(files_).error();
    EXPECT_EQ(refused.reason, kReasonSecretMissing);
    EXPECT_THAT(refused.message, HasSubstr(deployment_.data + "/shared/pepper"));
    EXPECT_EQ(content("shared/pepper"), "");
}

TEST_F(DataFolderTest, a_lost_pepper_is_not_replaced_where_a_region_wrote_under_it) {
    ASSERT_TRUE(prepare(files_));
    std::filesystem::remove(deployment_.data + "/shared/pepper");
    write(deployment_.region_directory(deployment_.config.regions[0].name) + "/region.db", "");
    EXPECT_EQ(prepare(files_).error().reason, kReasonSecretMissing) << "the directory is on etcd";
    EXPECT_EQ(content("shared/pepper"), "");
}

TEST_F(DataFolderTest, a_torn_pepper_is_refused) {
    ASSERT_TRUE(prepare(files_));
    std::filesystem::resize_file(deployment_.data + "/shared/pepper", 16);
    EXPECT_EQ(prepare(files_).error().reason, kReasonDamaged);
}

TEST_F(DataFolderTest, a_deployment_of_a_newer_program_is_neither_read_nor_replaced) {
    ASSERT_TRUE(prepare(files_));
    EXPECT_TRUE(refuse_newer(files_, deployment_.data));
    const std::string path = deployment_.data + "/deployment.json";
    write(path, R"({"format": 3, "all": "different"})");
    for (const Error& refused :
         {load(files_, deployment_.data).error(), refuse_newer(files_, deployment_.data).error()}) {
        EXPECT_EQ(refused.reason, kReasonNewerFormat);
        EXPECT_THAT(refused.message, HasSubstr(path + " is of format 3"));
    }
    write(path, R"({"format": 1, "conf)");
    EXPECT_EQ(load(files_, deployment_.data).error().reason, kReasonDamaged);
    EXPECT_TRUE(refuse_newer(files_, deployment_.data)) << "`up` writes a damaged one anew";
}

}  // namespace
}  // namespace domicile::server
