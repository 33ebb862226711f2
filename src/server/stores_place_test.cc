// Where the data of a folder is: who is kept out, and by what.
#include "server/stores_place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/format_version.h"
#include "io/testing.h"

namespace domicile::server {
namespace {

using testing::HasSubstr;

constexpr char kConfig[] = R"(domain: x.localhost
jurisdictions: {A: {countries: [AU], regions: [r1]}}
regions: {r1: {)";

class StoresPlaceTest : public testing::Test {
  protected:
    // Its region's section ends with `database`, and the file with `more`.
    Deployment deployment(const std::string& database, const std::string& more = "") {
        Deployment out;
        out.data = folder_.path();
        out.config_path = folder_.file("domicile.yaml");
        std::ofstream(out.config_path) << kConfig << database << "}}\n" << more;
        auto config = load_config(files_, out.config_path);
        EXPECT_TRUE(config) << config.error().message;
        out.config = std::move(*config);
        return out;
    }
    StoresPlace place(StoresPlace::State state) {
        StoresPlace out;
        out.state = state;
        out.copy_id = "0123";
        out.from = store_names(embedded_);
        out.to = store_names(distributed_);
        out.engines.etcd = {{1, 2}, {3, 4}, {5, 6}};
        out.engines.postgres = {{"r1", 7}};
        return out;
    }
    void write(const std::string& text) { std::ofstream(folder_.file("stores.json")) << text; }
    void expect_refused(const Result<void>& refused, const std::string& words) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Code::failed_precondition);
        EXPECT_THAT(refused.error().message, HasSubstr(words));
    }

    static constexpr char kPostgres[] =
        R"(database: {engine: postgres, endpoints: ["db:5432"], user: d, name: people})";
    io::testing::TemporaryFolder folder_;
    io::Files& files_ = io::system_files();
    Deployment embedded_ = deployment("");
    Deployment distributed_ =
        deployment(kPostgres, "directory: {engine: etcd, endpoints: [\"e:1\"], prefix: p/}\n");
};

TEST_F(StoresPlaceTest, a_store_is_known_by_engine_and_name_and_not_by_address) {
    EXPECT_EQ(store_names(embedded_),
              (StoreNames{{"directory", "sqlite"}, {"r1 data", "sqlite"}, {"r1 keys", "sqlite"}}));
    EXPECT_EQ(store_names(distributed_), (StoreNames{{"directory", "etcd p/"},
                                                     {"r1 data", "postgres people"},
                                                     {"r1 keys", "postgres people_keys"}}));
    std::string moved = kPostgres;
    moved.replace(moved.find("db:5432"), 7, "other:1");
    EXPECT_EQ(store_names(deployment(moved))["r1 data"], "postgres people");
    const auto apart =
        store_names(deployment(std::string(kPostgres) + ", keys_database: {engine: sqlite}"));
    EXPECT_EQ(apart.at("r1 keys"), "sqlite");
}

TEST_F(StoresPlaceTest, what_was_written_is_read) {
    EXPECT_FALSE(read_place(files_, folder_.path()).value().has_value());
    for (const auto state :
         {StoresPlace::State::copying, StoresPlace::State::verified, StoresPlace::State::settled}) {
        ASSERT_TRUE(write_place(files_, folder_.path(), place(state)));
        const auto read = read_place(files_, folder_.path());
        ASSERT_TRUE(read && *read);
        EXPECT_EQ((*read)->state, state);
        EXPECT_EQ((*read)->copy_id, "0123");
        EXPECT_EQ((*read)->from, store_names(embedded_));
        EXPECT_EQ((*read)->to, store_names(distributed_));
        EXPECT_EQ((*read)->engines.etcd[2].peers, 6);
        EXPECT_EQ((*read)->engines.postgres, place(state).engines.postgres);
    }
}

TEST_F(StoresPlaceTest, a_damaged_one_and_a_newer_one_are_refused_and_nothing_starts_without_it) {
    for (const char* text : {"", "{", "{}", R"({"format": 1, "state": "elsewhere"})",
                             R"({"format": 1, "state": "settled", "copy_id": "x", "from": {}})"}) {
        write(text);
        const auto refused = read_place(files_, folder_.path());
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().reason, kReasonDamaged) << text;
        EXPECT_FALSE(refuse_elsewhere(files_, embedded_)) << text;
    }
    write(R"({"format": 2})");
    EXPECT_EQ(read_place(files_, folder_.path()).error().reason, kReasonNewerFormat);
}

TEST_F(StoresPlaceTest, nobody_uses_either_store_while_data_is_carried) {
    for (const auto state : {StoresPlace::State::copying, StoresPlace::State::verified}) {
        ASSERT_TRUE(write_place(files_, folder_.path(), place(state)));
        expect_refused(refuse_elsewhere(files_, embedded_), "is being carried");
        expect_refused(refuse_elsewhere(files_, distributed_), "is being carried");
    }
}

TEST_F(StoresPlaceTest, afterwards_only_the_new_ones_are_used) {
    EXPECT_TRUE(refuse_elsewhere(files_, embedded_));
    ASSERT_TRUE(write_place(files_, folder_.path(), place(StoresPlace::State::settled)));
    EXPECT_TRUE(refuse_elsewhere(files_, distributed_));
    expect_refused(refuse_elsewhere(files_, embedded_), "directory is in etcd p/");
    expect_refused(refuse_elsewhere(files_, deployment(kPostgres)), "directory is in etcd p/");
    Deployment of_up = distributed_;
    of_up.engines.etcd = {{1, 2}};
    expect_refused(refuse_elsewhere(files_, of_up), "of up");
}

TEST_F(StoresPlaceTest, who_uses_the_folder_and_who_has_it_alone_exclude_each_other) {
    {
        const auto one = use_data_folder(folder_.path()), other = use_data_folder(folder_.path());
        EXPECT_TRUE(one && other);
        const auto refused = take_data_folder(folder_.path());
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message, HasSubstr("Stop them first"));
    }
    const auto alone = take_data_folder(folder_.path());
    ASSERT_TRUE(alone);
    EXPECT_THAT(use_data_folder(folder_.path()).error().message, HasSubstr("migrate-store"));
}

}  // namespace
}  // namespace domicile::server
