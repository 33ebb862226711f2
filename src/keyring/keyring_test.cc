#include "keyring/keyring.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/format_version.h"
#include "io/runtime.h"
#include "io/testing.h"
#include "sql/engine_testing.h"

namespace domicile::keyring {
namespace {

using io::Task;

class KeyringTest : public ::testing::Test {
  protected:
    KeyringTest() { database_ = sql::testing::open_database(path("keys.db")); }
    std::string path(const std::string& name) { return folder_.file(name); }
    Keyring make(char master = 'm') {
        return Keyring(*database_, io::system_random(), std::string(32, master));
    }

    io::testing::TemporaryFolder folder_;
    std::unique_ptr<sql::Database> database_;
};

Task<Result<std::string>> seal_and_open(Keyring& keyring) {
    CO_TRY_VOID(co_await keyring.open());
    CO_TRY(DataKey first, co_await keyring.create("s1"));
    CO_TRY(DataKey again, co_await keyring.create("s1"));
    const std::string sealed = first.seal("users.profile:s1", "diary");
    co_return again.open("users.profile:s1", sealed);
}

TEST_F(KeyringTest, creating_twice_gives_the_same_key) {
    Keyring keyring = make();
    const auto opened = io::run_task<Result<std::string>>([&] { return seal_and_open(keyring); });
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(*opened, "diary");
}

Task<Result<std::string>> seal_with(Keyring& keyring, std::string subject) {
    CO_TRY_VOID(co_await keyring.open());
    CO_TRY(DataKey key, co_await keyring.create(subject));
    co_return key.seal("c", "text");
}

Task<Result<std::string>> open_with(Keyring& keyring, std::string subject, std::string context,
                                    std::string sealed) {
    CO_TRY_VOID(co_await keyring.open());
    CO_TRY(DataKey key, co_await keyring.find(subject));
    co_return key.open(context, sealed);
}

TEST_F(KeyringTest, a_key_survives_a_restart_and_fits_no_other_subject_context_or_master) {
    Keyring before = make();
    const auto sealed =
        io::run_task<Result<std::string>>([&] { return seal_with(before, "s1"); }).value();
    ASSERT_TRUE(io::run_task<Result<std::string>>([&] { return seal_with(before, "s2"); }));
    Keyring after = make();
    const auto attempt = [&](Keyring& keyring, std::string subject, std::string context) {
        return io::run_task<Result<std::string>>(
            [&, subject, context] { return open_with(keyring, subject, context, sealed); });
    };
    EXPECT_EQ(attempt(after, "s1", "c").value(), "text");
    EXPECT_EQ(attempt(after, "s1", "d").error().code, Code::malformed);
    EXPECT_EQ(attempt(after, "s2", "c").error().code, Code::malformed);
    Keyring stranger = make('x');
    EXPECT_EQ(attempt(stranger, "s1", "c").error().reason, kReasonSecretMissing);
    EXPECT_EQ(io::run_task<Result<DataKey>>([&] { return stranger.find("s1"); }).error().code,
              Code::malformed);
}

TEST_F(KeyringTest, a_secret_is_confirmed_by_the_first_of_its_name) {
    Keyring keyring = make();
    ASSERT_TRUE(io::run_task<Result<void>>([&] { return keyring.open(); }));
    const auto confirm = [&](const std::string& name, const std::string& secret) {
        Keyring node = make();
        return io::run_task<Result<void>>([&] { return node.confirm(name, secret); });
    };
    EXPECT_TRUE(confirm("pepper", "one"));
    EXPECT_TRUE(confirm("pepper", "one"));
    EXPECT_TRUE(confirm("other", "two"));
    const auto refused = confirm("pepper", "two");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::failed_precondition);
    EXPECT_EQ(refused.error().reason, kReasonSecretMissing);
}

Task<Result<void>> destroy_and_find(Keyring& keyring) {
    CO_TRY_VOID(co_await keyring.open());
    CO_TRY_VOID(co_await keyring.create("s1"));
    CO_TRY_VOID(co_await keyring.destroy("s1"));
    CO_TRY_VOID(co_await keyring.destroy("s1"));
    CO_TRY_VOID(co_await keyring.find("s1"));
    co_return Result<void>();
}

TEST_F(KeyringTest, a_destroyed_key_is_gone_from_the_cache_too) {
    Keyring keyring = make();
    const auto found = io::run_task<Result<void>>([&] { return destroy_and_find(keyring); });
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, Code::not_found);
}

TEST_F(KeyringTest, region_secrets_differ_by_purpose_and_master) {
    Keyring keyring = make();
    EXPECT_EQ(keyring.region_secret("a"), make().region_secret("a"));
    EXPECT_NE(keyring.region_secret("a"), keyring.region_secret("b"));
    EXPECT_NE(keyring.region_secret("a"), make('x').region_secret("a"));
    EXPECT_EQ(keyring.region_key("a").open("c", make().region_key("a").seal("c", "t")).value(),
              "t");
}

TEST_F(KeyringTest, the_master_key_file_is_made_once_and_private) {
    const auto first = load_or_create_master_key(path("master.key"));
    ASSERT_TRUE(first);
    EXPECT_EQ(first->size(), 32u);
    EXPECT_EQ(load_or_create_master_key(path("master.key")).value(), *first);
    const auto mode = std::filesystem::status(path("master.key")).permissions();
    EXPECT_EQ(mode & std::filesystem::perms::all, std::filesystem::perms(0600));
    std::filesystem::resize_file(path("master.key"), 31);
    EXPECT_EQ(load_or_create_master_key(path("master.key")).error().code, Code::malformed);
    std::ofstream(path("master.key")) << "domicile secret 2\n...";
    const Error newer = load_or_create_master_key(path("master.key")).error();
    EXPECT_EQ(newer.code, Code::failed_precondition);
    EXPECT_TRUE(newer.message.starts_with(path("master.key") + " is of format 2"));
}

}  // namespace
}  // namespace domicile::keyring
