// One region's user pools for tests: real SQLite or PostgreSQL, a real directory over a store in
// memory, a clock that stands still, the client's side of SRP from crypto.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/encoding.h"
#include "crypto/srp.h"
#include "directory/testing.h"
#include "identity/identity.h"
#include "identity/pool_testing.h"
#include "identity/srp_block.h"
#include "io/files.h"
#include "io/runtime.h"
#include "io/testing.h"
#include "sql/engine_testing.h"

namespace domicile::identity::testing {

using io::Task;

inline constexpr const char* kPassword = "Sicher-1234";

inline config::Config make_config() {
    config::Config out;
    config::Jurisdiction eu;
    eu.name = "EU";
    eu.countries = {"DE"};
    eu.regions = {"eu-central-1"};
    out.jurisdictions.push_back(eu);
    config::Region region;
    region.name = "eu-central-1";
    out.regions.push_back(region);
    out.pools.push_back(make_pool());
    return out;
}

// The directory's store, which a test can put out of reach after so many changes.
class CutStore final : public kv::Store {
  public:
    Task<Result<kv::TransactionResult>> commit(kv::Transaction transaction) override {
        if (commits_left == 0) return out_of_reach<kv::TransactionResult>();
        if (commits_left > 0) --commits_left;
        return store_->commit(std::move(transaction));
    }
    Task<Result<std::optional<kv::Entry>>> get(std::string key) override {
        if (commits_left == 0) return out_of_reach<std::optional<kv::Entry>>();
        return store_->get(std::move(key));
    }
    Task<Result<std::vector<kv::Entry>>> range(std::string prefix, std::string after,
                                               std::size_t limit) override {
        return store_->range(std::move(prefix), std::move(after), limit);
    }
    Task<Result<std::vector<kv::Change>>> changes(std::int64_t after, std::size_t limit) override {
        return store_->changes(after, limit);
    }

    int commits_left = -1;  // negative: as many as there are

  private:
    template <class T>
    static Task<Result<T>> out_of_reach() {
        co_return fail(Code::unavailable, "The directory is out of reach.");
    }
    std::shared_ptr<kv::Store> store_ = kv::make_memory_store();
};

class IdentityTest : public ::testing::Test {
  protected:
    IdentityTest() {
        database_ = sql::testing::open_database(folder_.file("data.db"));
        keys_ = sql::testing::open_database(folder_.file("keys.db"));
        audit_ = std::move(*audit::Log::open(io::system_files(), folder_.file("audit.log"),
                                             "eu-central-1", io::system_clock()));
    }
    ~IdentityTest() override {
        audit_.reset();
        database_.reset();
        keys_.reset();
    }

    // Runs a journey against an open identity.
    Result<void> run(Task<Result<void>> (*journey)(Identity&)) {
        return io::run_task<Result<void>>([this, journey] { return with_identity(this, journey); });
    }

    // Of the region's database, between journeys.
    std::int64_t rows_of(const std::string& table) {
        const auto found = io::run_task<Result<sql::BatchResult>>([&] {
            std::vector<sql::Statement> batch;
            batch.push_back({"SELECT COUNT(*) FROM " + table, {}});
            return database_->read(std::move(batch));
        });
        return found ? (*found)[0].rows[0].integer(0) : -1;
    }

    directory::testing::StillClock clock_;
    config::Config config_ = make_config();
    Triggers* triggers_ = nullptr;
    ExternalProviders* providers_ = nullptr;
    Courier::Options mail_ = {};
    std::shared_ptr<CutStore> store_ = std::make_shared<CutStore>();

  private:
    static Task<Result<void>> with_identity(IdentityTest* self,
                                            Task<Result<void>> (*journey)(Identity&)) {
        keyring::Keyring keyring(*self->keys_, io::system_random(), std::string(32, 'm'));
        CO_TRY_VOID(co_await keyring.open());
        directory::Options options;
        options.region = "eu-central-1";
        options.pepper.key = std::string(32, 'p');
        options.regions = {"eu-central-1"};
        directory::Directory directory(*self->store_, self->clock_, options);
        border::Options border_options;
        border_options.region = "eu-central-1";
        border::Border border(border_options, *self->audit_);
        Identity::Parts parts{self->config_,
                              self->policy_,
                              *self->database_,
                              keyring,
                              directory,
                              border,
                              *self->audit_,
                              self->clock_,
                              io::system_random(),
                              "eu-central-1",
                              8443,
                              {},
                              {}};
        parts.triggers = self->triggers_;
        parts.providers = self->providers_;
        parts.mail = self->mail_;
        Identity identity(std::move(parts));
        CO_TRY_VOID(co_await identity.open());
        identity.start_texts();
        auto done = co_await journey(identity);
        co_await identity.stop();
        co_return done;
    }

    io::testing::TemporaryFolder folder_;
    std::unique_ptr<sql::Database> database_, keys_;
    std::unique_ptr<audit::Log> audit_;
    residency::Policy policy_ = config::make_policy(config_);
};

// Access tokens are good only while a node knows what was revoked, on a shared database for
// seconds.
inline void pass(directory::testing::StillClock& clock, Identity& identity, Millis time) {
    clock.pass(time);
    identity.verifier().revocations_known(clock.monotonic());
}

inline SignUpRequest sign_up_request() {
    return {"client1",
            "anna@example.de",
            kPassword,
            {{"email", "anna@example.de"}, {"custom:country", "DE"}}};
}

inline Task<Result<Tokens>> srp_sign_in(Identity& identity, std::string username,
                                        std::string password) {
    const std::string a = io::system_random().bytes(128);
    SrpStartRequest start{"client1", username, crypto::client_public(a)};
    CO_TRY(const SrpChallenge challenge, co_await identity.start_srp(std::move(start)));
    CO_TRY(const std::string key,
           crypto::client_session_key("Health1", challenge.user_id_for_srp, password,
                                      challenge.salt_hex, a, challenge.srp_b_hex));
    const std::string time = to_srp_timestamp(directory::testing::StillClock().now());
    const std::string block = from_base64(challenge.secret_block).value_or("");
    const std::string signature =
        to_base64(crypto::claim_signature(key, "Health1", challenge.user_id_for_srp, block, time));
    SrpAnswerRequest answer{"client1", challenge.user_id_for_srp, challenge.secret_block, time,
                            signature};
    co_return co_await identity.answer_srp(std::move(answer));
}

// What an app has once somebody has typed in the secret (base32).
inline std::string app_secret(std::string_view text) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    std::string out;
    unsigned bits = 0, held = 0;
    for (const char c : text) {
        bits = (bits << 5) | static_cast<unsigned>(kDigits.find(c));
        if ((held += 5) < 8) continue;
        held -= 8;
        out += static_cast<char>(bits >> held);
    }
    return out;
}

// The digits of the newest mail with this word in its subject.
inline Task<Result<std::string>> code_about(Identity& identity, std::string word) {
    CO_TRY(const auto mails, co_await identity.outbox(100));  // newest first
    for (const Mail& mail : mails) {
        if (mail.subject.find(word) == std::string::npos) continue;
        co_return mail.text.substr(mail.text.find_first_of("0123456789"), 6);
    }
    co_return fail(Code::not_found, "There is no such mail.");
}
// One that is another.
inline std::string wrong_code(std::string code) {
    code[0] = code[0] == '9' ? '0' : static_cast<char>(code[0] + 1);
    return code;
}

inline Task<Result<void>> sign_up_and_confirm(Identity& identity) {
    auto request = sign_up_request();
    CO_TRY(const SignUpResult signed_up, co_await identity.sign_up(std::move(request)));
    EXPECT_FALSE(signed_up.confirmed);
    EXPECT_EQ(signed_up.delivery->destination, "a***@e***");
    CO_TRY(const auto mails, co_await identity.outbox(10));
    EXPECT_EQ(mails.size(), 1u);
    CO_TRY(std::string code, co_await code_about(identity, "verification"));
    ConfirmRequest confirm{"client1", "anna@example.de", std::move(code)};
    CO_TRY_VOID(co_await identity.confirm_sign_up(std::move(confirm)));
    co_return Result<void>();
}

}  // namespace domicile::identity::testing
