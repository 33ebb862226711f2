#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/encoding.h"
#include "directory/key_record.h"
#include "directory/record.h"
#include "directory/testing.h"

namespace domicile::directory {
namespace {

using sql::testing::Child;
using sql::testing::TemporaryFolder;
using testing::claim_id;

class DirectoryTest : public ::testing::Test {
  protected:
    SubjectKey key(const std::string& email) {
        return eu_.key("pool", IdentifierKind::email, email);
    }
    Result<void> claim(Directory& by, std::vector<std::string> emails, char id) {
        ClaimRequest request{{}, claim_id(id), 0};
        for (const std::string& email : emails) request.keys.push_back(key(email));
        return testing::claim(by, request);
    }
    Result<void> activate(Directory& by, const std::string& email, char id) {
        return testing::run<Result<void>>([&] { return by.activate({key(email)}, claim_id(id)); });
    }
    Result<void> release(Directory& by, std::vector<SubjectKey> keys, char id) {
        return testing::run<Result<void>>([&] { return by.release(keys, claim_id(id)); });
    }
    std::string holder(const std::string& email) {
        auto found = testing::record(eu_, key(email));
        return found ? found->home : "none";
    }

    testing::StillClock clock_;
    std::shared_ptr<kv::Store> store_ = kv::make_memory_store();
    Directory eu_{*store_, clock_, testing::options_of("eu-central-1")};
    Directory us_{*store_, clock_, testing::options_of("us-east-2")};
};

TEST_F(DirectoryTest, a_claimed_key_has_its_home_and_cannot_be_claimed_again) {
    ASSERT_TRUE(claim(eu_, {"a@example.com"}, 'e'));
    auto second = claim(us_, {"a@example.com"}, 'u');
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::already_exists);
    EXPECT_EQ(second.error().reason, "claimed");
    EXPECT_EQ(holder("a@example.com"), "eu-central-1");
    EXPECT_EQ(testing::locate(us_, key("a@example.com")).home, "eu-central-1");
}

TEST_F(DirectoryTest, claims_that_overlap_are_all_or_nothing) {
    ASSERT_TRUE(claim(eu_, {"b@example.com"}, 'e'));
    EXPECT_FALSE(claim(us_, {"a@example.com", "b@example.com", "c@example.com"}, 'u'));
    EXPECT_EQ(holder("a@example.com"), "none");
    EXPECT_EQ(holder("c@example.com"), "none");
}

TEST_F(DirectoryTest, the_same_claim_again_changes_nothing) {
    ASSERT_TRUE(claim(eu_, {"a@example.com", "b@example.com"}, 'e'));
    const auto before = testing::record(eu_, key("a@example.com"));
    EXPECT_TRUE(claim(eu_, {"b@example.com", "a@example.com", "a@example.com"}, 'e'));
    EXPECT_EQ(testing::record(eu_, key("a@example.com")), before);
    EXPECT_FALSE(claim(us_, {"a@example.com"}, 'e'));
}

TEST_F(DirectoryTest, the_same_claim_later_renews_its_time) {
    ASSERT_TRUE(claim(eu_, {"a@example.com"}, 'e'));
    clock_.pass(Millis(3'000'000));
    ASSERT_TRUE(claim(eu_, {"a@example.com"}, 'e'));
    clock_.pass(Millis(3'000'000));
    EXPECT_FALSE(claim(us_, {"a@example.com"}, 'u'));
}

TEST_F(DirectoryTest, a_pending_claim_past_its_time_is_taken_over_and_cannot_be_activated) {
    ASSERT_TRUE(claim(eu_, {"a@example.com"}, 'e'));
    clock_.pass(Millis(3'599'999));
    EXPECT_FALSE(claim(us_, {"a@example.com", "b@example.com"}, 'u'));
    clock_.pass(Millis(1));
    EXPECT_TRUE(claim(us_, {"a@example.com", "b@example.com"}, 'u'));
    EXPECT_EQ(holder("a@example.com"), "us-east-2");
    auto lost = activate(eu_, "a@example.com", 'e');
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().reason, "claim_lost");
}

TEST_F(DirectoryTest, an_active_claim_never_ends_by_itself) {
    ASSERT_TRUE(claim(eu_, {"a@example.com"}, 'e'));
    ASSERT_TRUE(activate(eu_, "a@example.com", 'e'));
    ASSERT_TRUE(activate(eu_, "a@example.com", 'e'));
    clock_.pass(Millis(1'000'000'000));
    EXPECT_FALSE(claim(us_, {"a@example.com"}, 'u'));
    EXPECT_TRUE(claim(eu_, {"a@example.com"}, 'e'));
    EXPECT_EQ(testing::record(eu_, key("a@example.com"))->state, State::active);
    EXPECT_TRUE(testing::locate(us_, key("a@example.com")).known);
}

TEST_F(DirectoryTest, activation_needs_the_claim) {
    auto absent = activate(eu_, "a@example.com", 'e');
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().reason, "claim_lost");
    ASSERT_TRUE(claim(eu_, {"a@example.com"}, 'e'));
    EXPECT_FALSE(activate(eu_, "a@example.com", 'x'));
    EXPECT_FALSE(activate(us_, "a@example.com", 'e'));
}

TEST_F(DirectoryTest, release_deletes_only_what_the_claim_holds) {
    ASSERT_TRUE(claim(eu_, {"a@example.com"}, 'e'));
    ASSERT_TRUE(claim(us_, {"b@example.com"}, 'u'));
    const std::vector<SubjectKey> keys = {key("a@example.com"), key("b@example.com"),
                                          key("c@example.com")};
    EXPECT_TRUE(release(us_, {keys[0]}, 'e'));
    EXPECT_EQ(holder("a@example.com"), "eu-central-1");
    EXPECT_TRUE(release(eu_, keys, 'e'));
    EXPECT_TRUE(release(eu_, keys, 'e'));
    EXPECT_EQ(holder("a@example.com"), "none");
    EXPECT_EQ(holder("b@example.com"), "us-east-2");
    EXPECT_TRUE(claim(us_, {"a@example.com"}, 'v'));
}

// Found by the simulator: a claim that was still on its way when its home gave it up.
TEST_F(DirectoryTest, a_claim_that_arrives_after_its_release_takes_nothing) {
    const std::vector<SubjectKey> keys = {key("a@example.com")};
    ASSERT_TRUE(release(eu_, keys, 'e'));
    auto late = claim(eu_, {"a@example.com"}, 'e');
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().reason, "claim_lost");
    EXPECT_EQ(holder("a@example.com"), "none");
    ASSERT_TRUE(claim(us_, {"a@example.com"}, 'u'));
    EXPECT_TRUE(testing::run<Result<void>>([&] { return eu_.drop_fence(claim_id('e')); }));
    EXPECT_TRUE(claim(eu_, {"b@example.com"}, 'e')) << "the fence is gone";
}

// The store of a region that is cut off.
class CutOff final : public kv::Store {
  public:
    io::Task<Result<kv::TransactionResult>> commit(kv::Transaction) override { co_return away(); }
    io::Task<Result<std::optional<kv::Entry>>> get(std::string) override { co_return away(); }
    io::Task<Result<std::vector<kv::Entry>>> range(std::string, std::string, std::size_t) override {
        co_return away();
    }
    io::Task<Result<std::vector<kv::Change>>> changes(std::int64_t, std::size_t) override {
        co_return away();
    }

  private:
    static std::unexpected<Error> away() { return fail(Code::unavailable, "Cut off."); }
};

TEST_F(DirectoryTest,
       a_key_is_handed_to_another_claim_and_the_one_it_came_under_takes_nothing_again) {
    const auto adopt = [&](Directory& by, char from, char to) {
        return testing::run<Result<void>>([&, from, to] {
            return by.adopt({key("b@example.com")}, claim_id(from), claim_id(to));
        });
    };
    ASSERT_TRUE(claim(eu_, {"a@example.com"}, 'e'));
    ASSERT_TRUE(claim(eu_, {"b@example.com"}, 'n'));
    EXPECT_EQ(adopt(us_, 'n', 'e').error().reason, kReasonClaimLost);
    EXPECT_EQ(adopt(eu_, 'x', 'e').error().reason, kReasonClaimLost);
    EXPECT_TRUE(adopt(eu_, 'n', 'e'));
    EXPECT_TRUE(adopt(eu_, 'n', 'e'));
    const auto held = testing::record(eu_, key("b@example.com"));
    EXPECT_EQ(held->claim_id, claim_id('e'));
    EXPECT_EQ(held->state, State::active);
    EXPECT_EQ(claim(eu_, {"c@example.com"}, 'n').error().reason, kReasonClaimLost);
}

TEST_F(DirectoryTest, a_claim_drops_its_own_keys_and_keeps_others) {
    const auto drop = [&](Directory& by, char id) {
        return testing::run<Result<void>>(
            [&, id] { return by.drop({key("a@example.com")}, claim_id(id)); });
    };
    ASSERT_TRUE(claim(eu_, {"a@example.com", "b@example.com"}, 'e'));
    EXPECT_TRUE(drop(eu_, 'x'));
    EXPECT_TRUE(drop(us_, 'e'));
    EXPECT_EQ(holder("a@example.com"), "eu-central-1");
    EXPECT_TRUE(drop(eu_, 'e'));
    EXPECT_EQ(holder("a@example.com"), "none");
    EXPECT_EQ(holder("b@example.com"), "eu-central-1");
    EXPECT_TRUE(claim(eu_, {"a@example.com", "b@example.com"}, 'e'));
}

TEST_F(DirectoryTest, a_region_that_is_cut_off_trusts_only_active_keys_of_its_copy) {
    CutOff store;
    Homes homes;
    Directory cut_off(store, clock_, testing::options_of("ap-southeast-2"), &homes);
    const auto copy = [&] { testing::read_all(*store_, homes); };
    const auto locate = [&](const std::string& email) {
        return testing::run<Result<Located>>([&] { return cut_off.locate(key(email)); });
    };
    EXPECT_EQ(locate("a@example.com").error().code, Code::unavailable);
    ASSERT_TRUE(claim(eu_, {"a@example.com"}, 'e'));
    copy();
    EXPECT_EQ(locate("a@example.com").error().code, Code::unavailable)
        << "it may have been given up and be another region's by now";
    ASSERT_TRUE(activate(eu_, "a@example.com", 'e'));
    copy();
    EXPECT_EQ(locate("a@example.com").value().home, "eu-central-1");
    EXPECT_TRUE(locate("a@example.com").value().known);
}

TEST_F(DirectoryTest, an_unknown_key_has_a_decoy_that_every_region_agrees_on) {
    std::map<std::string, int> drawn;
    for (int i = 0; i < 300; ++i) {
        const SubjectKey unknown = key("nobody" + std::to_string(i) + "@example.com");
        const Located here = testing::locate(eu_, unknown);
        EXPECT_FALSE(here.known);
        EXPECT_EQ(here.home, testing::locate(us_, unknown).home);
        ++drawn[here.home];
    }
    EXPECT_EQ(drawn.size(), testing::kRegions.size());
    for (const auto& [region, times] : drawn) EXPECT_GT(times, 50) << region;
}

TEST_F(DirectoryTest, a_pending_claim_past_its_time_looks_unknown) {
    const SubjectKey subject = key("a@example.com");
    const std::string decoy = testing::locate(us_, subject).home;
    ASSERT_TRUE(claim(eu_, {"a@example.com"}, 'e'));
    EXPECT_TRUE(testing::locate(us_, subject).known);
    clock_.pass(Millis(3'600'000));
    EXPECT_FALSE(testing::locate(us_, subject).known);
    EXPECT_EQ(testing::locate(us_, subject).home, decoy);
}

TEST_F(DirectoryTest, claims_are_bounded) {
    EXPECT_EQ(claim(eu_, {}, 'e').error().code, Code::invalid_argument);
    std::vector<std::string> nine;
    for (char c = 'a'; c < 'j'; ++c) nine.push_back(std::string(1, c) + "@example.com");
    EXPECT_EQ(claim(eu_, nine, 'e').error().code, Code::invalid_argument);
    nine.pop_back();
    EXPECT_TRUE(claim(eu_, nine, 'e'));
    ClaimRequest odd{{key("z@example.com")}, "short", 0};
    EXPECT_EQ(testing::claim(eu_, odd).error().code, Code::invalid_argument);
}

TEST_F(DirectoryTest, published_keys_of_all_regions_are_read_and_damaged_ones_ignored) {
    const auto publish = [](Directory& by, const KeyRecord& record) {
        return testing::run<Result<void>>([&] { return by.publish_key(record); });
    };
    const KeyRecord eu{"eu-central-1", "k1", {{"kty", "RSA"}, {"n", "1"}}, std::string("\0s", 2)};
    const KeyRecord us{"us-east-2", "k2", {{"kty", "EC"}}, "t"};
    EXPECT_TRUE(publish(eu_, eu));
    EXPECT_TRUE(publish(eu_, eu));
    EXPECT_TRUE(publish(us_, us));
    EXPECT_FALSE(publish(us_, eu));
    EXPECT_FALSE(publish(eu_, {"eu-central-1", "a/b", {}, ""}));
    kv::Transaction damage;
    damage.writes.push_back({"r/us-east-2/key/k3", "{"});
    damage.writes.push_back({"r/us-east-2/key/k1", *encode_key(eu)->value});
    ASSERT_TRUE(
        testing::run<Result<kv::TransactionResult>>([&] { return store_->commit(damage); }));
    auto all = testing::run<Result<std::vector<KeyRecord>>>([&] { return us_.keys(); });
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 2u);
    EXPECT_EQ((*all)[0].jwk, eu.jwk);
    EXPECT_EQ((*all)[0].signature, eu.signature);
    EXPECT_EQ((*all)[1].kid, "k2");
}

TEST(KeyRecord, what_is_signed_does_not_depend_on_the_order_of_members) {
    const KeyRecord one{"r", "k", {{"kty", "RSA"}, {"e", "AQAB"}}, ""};
    const KeyRecord two{"r", "k", {{"e", "AQAB"}, {"kty", "RSA"}}, "signature"};
    const KeyRecord other{"r", "k", {{"e", "AQAC"}, {"kty", "RSA"}}, ""};
    EXPECT_EQ(signed_bytes(one), signed_bytes(two));
    EXPECT_NE(signed_bytes(one), signed_bytes(other));
    EXPECT_EQ(signed_bytes(one),
              std::string("domicile key record 1\0\0\0\1r\0\0\0\1k\0\0\0\x18", 21 + 14) +
                  R"({"e":"AQAB","kty":"RSA"})");
}

TEST(KeyRecord, names_that_could_stand_for_another_place_are_refused) {
    const auto entry = [](std::string region, std::string kid) {
        kv::Entry out;
        out.key = "r/" + region + "/key/" + kid;
        out.value = json::serialize(json::object{
            {"region", region}, {"kid", kid}, {"jwk", json::object()}, {"signature", "AAEC"}});
        return out;
    };
    EXPECT_TRUE(decode_key(entry("eu-central-1", "k_1.2")).has_value());
    EXPECT_FALSE(decode_key(entry("eu/key/x", "k")).has_value());
    EXPECT_FALSE(decode_key(entry("eu", "x/key/k")).has_value());
    EXPECT_FALSE(decode_key(entry("eu", "a b")).has_value());
    EXPECT_FALSE(decode_key(entry("eu", "ann@example.org")).has_value());
    EXPECT_FALSE(decode_key(entry("eu", std::string("k\0", 2))).has_value());
    EXPECT_FALSE(decode_key(entry("", "k")).has_value());
    EXPECT_FALSE(decode_key(entry("eu", "")).has_value());
    EXPECT_FALSE(decode_key(entry("eu", std::string(129, 'k'))).has_value());
}

TEST(KeyRecord, a_jwk_with_anything_but_strings_is_refused) {
    const auto decoded = [](const std::string& jwk) {
        kv::Entry entry;
        entry.key = "r/eu/key/k";
        entry.value = R"({"region":"eu","kid":"k","signature":"AAEC","jwk":)" + jwk + "}";
        return decode_key(entry);
    };
    EXPECT_TRUE(decoded(R"({"kty":"EC","x":"1"})"));
    // Written again it would be another number, and no longer what was signed.
    EXPECT_FALSE(decoded(R"({"kty": 20000000000003333300e9})"));
    EXPECT_FALSE(decoded(R"({"kty":"EC","key_ops":["verify"]})"));
    EXPECT_FALSE(decoded(R"({"kty":null})"));
    KeyRecord record{"eu", "k", {}, "AAEC"};
    record.jwk["n"] = 1;
    EXPECT_EQ(encode_key(record).error().code, Code::invalid_argument);
}

TEST(SubjectKeys, differ_by_pepper_version_pool_kind_and_identifier) {
    std::set<SubjectKey> keys;
    const std::string id = "+4912345678";
    for (const Pepper& pepper :
         {testing::kPepper, Pepper{2, testing::kPepper.key}, Pepper{1, "other"}})
        for (const char* pool : {"a", "b"})
            for (const IdentifierKind kind : {IdentifierKind::email, IdentifierKind::phone,
                                              IdentifierKind::username, IdentifierKind::sub})
                keys.insert(subject_key(pepper, pool, kind, id));
    EXPECT_EQ(keys.size(), 3u * 2u * 4u);
    for (const SubjectKey& key : keys) EXPECT_EQ(key.bytes.size(), 16u);
}

// The value is computed by hand after docs/formats/directory.md; a change of it would orphan
// everybody.
TEST(SubjectKeys, are_as_documented) {
    const SubjectKey key =
        subject_key(testing::kPepper, "Ab1", IdentifierKind::email, " Jo@Example.com");
    EXPECT_EQ(to_hex(key.bytes), "2dd5608c02602d3fcea6c6da2ed974a2");
}

TEST(SubjectKeys, the_same_identifier_written_otherwise_has_the_same_key) {
    using enum IdentifierKind;
    EXPECT_EQ(normalise(email, " Jo.Do@EXAMPLE.com\t"), "jo.do@example.com");
    EXPECT_EQ(normalise(phone, "+61 (4) 12-345"), "+61412345");
    EXPECT_EQ(normalise(username, " Jo "), "Jo");
    EXPECT_EQ(kind_of_username("jo@example.com"), email);
    EXPECT_EQ(kind_of_username("+61412345678"), phone);
    EXPECT_EQ(kind_of_username("2b1c1d3e-0f00-4a6b-8c7d-0123456789ab"), sub);
    for (const char* name :
         {"jo", "@jo", "jo@", "a@b@c", "jo do@example.com", "+61", "+6141234567x"})
        EXPECT_EQ(kind_of_username(name), username) << name;
}

TEST(Records, are_as_documented) {
    const Record pending{"eu-central-1", State::pending, 258, claim_id('c'), {1'700'000'000'000}};
    EXPECT_EQ(to_hex(encode(pending)),
              "01"
              "00"
              "0000000000000102"
              "63636363636363636363636363636363"
              "0000018bcfe56800"
              "0c"
              "65752d63656e7472616c2d31");
    EXPECT_EQ(decode(encode(pending)), pending);
    Record active = pending;
    active.state = State::active;
    active.pending_until = {};
    EXPECT_EQ(decode(encode(active)), active);
}

TEST(Records, damaged_ones_are_refused) {
    const std::string good = encode({"us", State::active, 0, claim_id('c'), {}});
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_FALSE(decode(good.substr(0, size))) << size;
    EXPECT_FALSE(decode(good + "x"));
    std::string newer = good;
    newer[0] = 2;
    EXPECT_EQ(decode(newer).error().code, Code::unsupported);
}

TEST(Records, hold_nothing_beside_what_they_are_for) {
    std::string timed = encode({"us", State::active, 0, claim_id('c'), {}});
    timed[33] = 1;  // the time of a pending claim, in an active record
    EXPECT_FALSE(decode(timed));
    std::string odd = encode({"us", State::active, 0, claim_id('c'), {}});
    for (const char c : {'@', '/', ' ', '\0', '\xff'}) {
        odd.back() = c;
        EXPECT_FALSE(decode(odd)) << c;
    }
}

constexpr int kClaimsPerProcess = 67;

io::Task<std::vector<Result<void>>> claim_at_once(Directory& directory, SubjectKey key) {
    std::vector<io::Task<Result<void>>> tasks;
    for (int i = 0; i < kClaimsPerProcess; ++i) {
        ClaimRequest request{{key}, io::system_random().bytes(kClaimIdBytes), 0};
        tasks.push_back(directory.claim(std::move(request)));
    }
    return sql::testing::gather(std::move(tasks));
}

// Runs in a process of its own; prints one line for every claim that won.
TEST(DirectoryChild, DISABLED_claims_one_key) {
    const char* path = std::getenv("DOMICILE_TEST_STORE");
    const char* region = std::getenv("DOMICILE_TEST_REGION");
    ASSERT_TRUE(path != nullptr && region != nullptr);
    auto store = kv::open_sqlite_store(path);
    ASSERT_TRUE(store);
    Directory directory(**store, io::system_clock(), testing::options_of(region));
    const SubjectKey key = directory.key("pool", IdentifierKind::email, "wanted@example.com");
    const auto results =
        testing::run<std::vector<Result<void>>>([&] { return claim_at_once(directory, key); });
    for (const auto& result : results) {
        if (result) printf("won by %s\n", region);
        if (!result && result.error().code == Code::already_exists) printf("lost\n");
    }
}

TEST(DirectoryProcesses, of_200_claims_for_one_key_from_three_processes_one_wins) {
    TemporaryFolder folder;
    auto store = kv::open_sqlite_store(folder.file("directory.kv"));
    ASSERT_TRUE(store);
    std::vector<std::unique_ptr<Child>> children;
    for (const std::string& region : testing::kRegions)
        children.push_back(std::make_unique<Child>(
            "DirectoryChild.DISABLED_claims_one_key",
            std::vector<std::string>{"DOMICILE_TEST_STORE=" + folder.file("directory.kv"),
                                     "DOMICILE_TEST_REGION=" + region}));
    std::vector<std::string> winners;
    int lost = 0;
    for (auto& child : children) {
        while (auto line = child->read_line()) {
            if (line->starts_with("won by ")) winners.push_back(line->substr(7));
            lost += *line == "lost" ? 1 : 0;
        }
        EXPECT_EQ(child->wait(), 0);
    }
    ASSERT_EQ(winners.size(), 1u);
    EXPECT_EQ(lost, 3 * kClaimsPerProcess - 1);
    Directory directory(**store, io::system_clock(), testing::options_of("eu-central-1"));
    const SubjectKey key = directory.key("pool", IdentifierKind::email, "wanted@example.com");
    EXPECT_EQ(testing::record(directory, key)->home, winners[0]);
}

// I3: what an identifier could be recognised by.
std::vector<std::string> traces_of(const std::string& text) {
    std::vector<std::string> out = {text, to_hex(text), percent_encode(text)};
    for (std::size_t shift = 0; shift < 3; ++shift) {
        // Base64 of the text at each alignment, without the edges that depend on its neighbours.
        const std::string encoded = to_base64(std::string(shift, 'x') + text);
        out.push_back(encoded.substr(4, encoded.size() - 8));
    }
    return out;
}

TEST(DirectoryFile, holds_no_identifier_in_clear) {
    TemporaryFolder folder;
    std::vector<std::string> planted;
    testing::StillClock clock;
    {
        auto store = kv::open_sqlite_store(folder.file("directory.kv"));
        Directory directory(**store, clock, testing::options_of("eu-central-1"));
        for (int i = 0; i < 100; ++i) {
            const std::string number = std::to_string(i);
            const std::string email = "canary-" + number + "@planted.example";
            const std::string phone = "+6140000" + std::to_string(10000 + i);
            ClaimRequest request{{directory.key("pool", IdentifierKind::email, email),
                                  directory.key("pool", IdentifierKind::phone, phone)},
                                 io::system_random().bytes(kClaimIdBytes),
                                 0};
            ASSERT_TRUE(testing::claim(directory, request));
            planted.push_back(email);
            planted.push_back(phone);
        }
        const std::string files = sql::testing::read_file(folder.file("directory.kv")) +
                                  sql::testing::read_file(folder.file("directory.kv-wal"));
        const SubjectKey first = directory.key("pool", IdentifierKind::email, planted[0]);
        EXPECT_NE(files.find(first.bytes), std::string::npos);
        for (const std::string& identifier : planted)
            for (const std::string& trace : traces_of(identifier))
                EXPECT_EQ(files.find(trace), std::string::npos) << trace;
    }
    const std::string file = sql::testing::read_file(folder.file("directory.kv"));
    EXPECT_GT(file.size(), 0u);
    EXPECT_EQ(file.find("planted"), std::string::npos);
}

}  // namespace
}  // namespace domicile::directory
