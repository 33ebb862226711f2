// Two nodes of one region: two of everything over one PostgreSQL and one directory. What one does,
// the other knows.
#include <gtest/gtest.h>

#include <filesystem>

#include "base/encoding.h"
#include "crypto/srp.h"
#include "directory/region_keys.h"
#include "directory/testing.h"
#include "identity/identity.h"
#include "identity/pool_testing.h"
#include "identity/srp_block.h"
#include "identity/users.h"
#include "io/files.h"
#include "io/runtime.h"
#include "sql/postgres_testing.h"

namespace domicile::identity {
namespace {

using io::Task;

constexpr const char* kRegion = "eu-central-1";
constexpr const char* kPassword = "Sicher-1234";
constexpr const char* kName = "anna@example.de";

config::Config make_config() {
    config::Config out;
    config::Jurisdiction eu;
    eu.name = "EU";
    eu.countries = {"DE"};
    eu.regions = {kRegion};
    out.jurisdictions.push_back(eu);
    config::Region region;
    region.name = kRegion;
    out.regions.push_back(region);
    out.pools.push_back(testing::make_pool());
    return out;
}

// What the nodes share.
struct Shared {
    sql::testing::TemporaryFolder folder;
    directory::testing::StillClock clock;
    config::Config config = make_config();
    residency::Policy policy = config::make_policy(config);
    std::shared_ptr<kv::Store> store = kv::make_memory_store();
    sql::PostgresOptions database =
        sql::testing::shared_postgres().options_for(folder.file("nodes"));
};

struct Node {
    Node(Shared& shared, const std::string& name)
        : database(std::move(*sql::open_postgres(shared.database))),
          audit(std::move(*audit::Log::open(io::system_files(), shared.folder.file(name), kRegion,
                                            io::system_clock()))),
          keyring(*database, io::system_random(), std::string(32, 'm')),
          directory(*shared.store, shared.clock, directory_options()),
          border(border_options(), *audit),
          nodes(*database, shared.clock, io::system_random()),
          identity({.config = shared.config,
                    .policy = shared.policy,
                    .database = *database,
                    .keyring = keyring,
                    .directory = directory,
                    .border = border,
                    .audit = *audit,
                    .clock = shared.clock,
                    .random = io::system_random(),
                    .region = kRegion,
                    .public_port = 8443,
                    .sign_key_record = {},
                    .verify_key_record = {},
                    .nodes = &nodes}) {}
    static directory::Options directory_options() {
        directory::Options out;
        out.region = kRegion;
        out.pepper.key = std::string(32, 'p');
        out.regions = {kRegion};
        return out;
    }
    static border::Options border_options() {
        border::Options out;
        out.region = kRegion;
        return out;
    }
    Task<Result<void>> open() {
        CO_TRY_VOID(co_await keyring.open());
        CO_TRY_VOID(co_await nodes.open());
        co_return co_await identity.open();
    }

    std::unique_ptr<sql::Database> database;
    std::unique_ptr<audit::Log> audit;
    keyring::Keyring keyring;
    directory::Directory directory;
    border::Border border;
    nodes::Nodes nodes;
    Identity identity;
};

using Journey = Task<Result<void>> (*)(Shared&, Node&, Node&);

void open_one(Node& node, io::TaskGroup& group, Result<void>& outcome) {
    struct Open {
        static Task<void> run(Node& node, Result<void>& outcome) {
            const Result<void> done = co_await node.open();
            if (!done) outcome = done;
        }
    };
    group.spawn(Open::run(node, outcome));
}

Task<Result<void>> with_nodes(Shared& shared, Node& a, Node& b, Journey journey) {
    Result<void> outcome;
    {
        io::TaskGroup opening;  // both at once
        open_one(a, opening, outcome);
        open_one(b, opening, outcome);
        const Instant deadline = io::deadline_in(Seconds(60));
        co_await opening.drain(deadline);
    }
    if (outcome) outcome = co_await journey(shared, a, b);
    co_await a.identity.stop();
    co_await b.identity.stop();
    co_return outcome;
}

void run(Journey journey) {
    Shared shared;
    Node a(shared, "a.log"), b(shared, "b.log");
    const auto done = io::run_task<Result<void>>([&] { return with_nodes(shared, a, b, journey); });
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

Task<Result<void>> sign_up(Identity& at) {
    SignUpRequest request{
        "client1", kName, kPassword, {{"email", kName}, {"custom:country", "DE"}}};
    CO_TRY_VOID(co_await at.sign_up(std::move(request)));
    co_return Result<void>();
}

Task<Result<std::string>> code(Identity& at) {
    CO_TRY(const auto mails, co_await at.outbox(1));
    const std::string& text = mails.at(0).text;
    co_return text.substr(text.find_first_of("0123456789"), 6);
}

Task<Result<void>> confirm(Identity& at, std::string code) {
    ConfirmRequest request{"client1", kName, std::move(code)};
    CO_TRY_VOID(co_await at.confirm_sign_up(std::move(request)));
    co_return Result<void>();
}

Task<Result<Tokens>> sign_in(Identity& first, Identity& second, std::string password) {
    const std::string a = io::system_random().bytes(128);
    SrpStartRequest start{"client1", kName, crypto::client_public(a)};
    CO_TRY(const SrpChallenge challenge, co_await first.start_srp(std::move(start)));
    CO_TRY(const std::string key,
           crypto::client_session_key("Health1", challenge.user_id_for_srp, password,
                                      challenge.salt_hex, a, challenge.srp_b_hex));
    const std::string time = to_srp_timestamp(directory::testing::StillClock().now());
    const std::string block = from_base64(challenge.secret_block).value_or("");
    const std::string signature =
        to_base64(crypto::claim_signature(key, "Health1", challenge.user_id_for_srp, block, time));
    SrpAnswerRequest answer{"client1", challenge.user_id_for_srp, challenge.secret_block, time,
                            signature};
    co_return co_await second.answer_srp(std::move(answer));
}

Task<Result<void>> crosswise(Shared&, Node& a, Node& b) {
    CO_TRY_VOID(co_await sign_up(a.identity));
    CO_TRY(std::string sent, co_await code(b.identity));
    CO_TRY_VOID(co_await confirm(b.identity, std::move(sent)));
    std::string password = kPassword;
    CO_TRY(const Tokens tokens, co_await sign_in(a.identity, b.identity, std::move(password)));
    CO_TRY_VOID(co_await a.identity.verifier().verify(tokens.access_token));
    RefreshRequest refresh{"client1", *tokens.refresh_token};
    CO_TRY(const Tokens fresh, co_await a.identity.refresh(std::move(refresh)));
    AccessTokenRequest who{fresh.access_token};
    CO_TRY_VOID(co_await b.identity.get_user(std::move(who)));
    co_return Result<void>();
}

TEST(TwoNodes, each_step_of_a_sign_up_and_a_sign_in_may_go_to_another_node) { run(crosswise); }

Task<Result<void>> same_keys(Shared&, Node& a, Node& b) {
    EXPECT_EQ(a.identity.jwks(), b.identity.jwks());
    EXPECT_EQ(parse_json_object(a.identity.jwks())->at("keys").as_array().size(), 2u);
    co_return Result<void>();
}

TEST(TwoNodes, that_start_at_once_sign_with_the_same_keys) { run(same_keys); }

// Looks until the token is refused; the watch reads every second.
Task<Result<Error>> refusal_of(Identity& at, std::string token) {
    const Instant deadline = io::deadline_in(Seconds(20));
    while (io::Executor::current().clock().coarse() < deadline) {
        const auto found = at.verifier().lookup(token);
        if (!found) co_return found.error();
        co_await io::sleep_for(Millis(20));
    }
    co_return fail(Code::deadline_exceeded, "The token is still taken.");
}

Task<Result<void>> settle(Node& a) {
    CO_TRY_VOID(co_await sign_up(a.identity));
    CO_TRY(std::string sent, co_await code(a.identity));
    co_return co_await confirm(a.identity, std::move(sent));
}

Task<Result<void>> revoke_elsewhere(Shared&, Node& a, Node& b) {
    CO_TRY_VOID(co_await settle(a));
    std::string password = kPassword;
    CO_TRY(const Tokens tokens, co_await sign_in(a.identity, a.identity, std::move(password)));
    CO_TRY_VOID(co_await b.identity.verifier().verify(tokens.access_token));
    RevokeRequest revoke{"client1", *tokens.refresh_token};
    CO_TRY_VOID(co_await a.identity.revoke(std::move(revoke)));
    CO_TRY(const Error refused, co_await refusal_of(b.identity, tokens.access_token));
    EXPECT_EQ(refused.reason, reason::kAccessRevoked);
    co_return Result<void>();
}

TEST(TwoNodes, a_session_that_one_revokes_ends_at_the_other) { run(revoke_elsewhere); }

Task<Result<void>> revoke_by_a_slow_clock(Shared& shared, Node& a, Node& b) {
    CO_TRY_VOID(co_await settle(a));
    std::string password = kPassword;
    CO_TRY(const Tokens tokens, co_await sign_in(a.identity, a.identity, std::move(password)));
    CO_TRY_VOID(co_await b.identity.verifier().verify(tokens.access_token));
    // As a node whose clock is ten minutes slow would write it.
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"UPDATE identity_sessions SET revoked = $1", {(shared.clock.now() - Millis(600'000)).ms}});
    batch.push_back({"UPDATE region_nodes SET beat = beat + 1, clock_ms = $1 WHERE run = $2",
                     {(shared.clock.now() - Millis(600'000)).ms, sql::Blob{a.nodes.run()}}});
    CO_TRY_VOID(co_await a.database->write(std::move(batch)));
    CO_TRY_VOID(co_await b.nodes.beat());
    CO_TRY(const Error refused, co_await refusal_of(b.identity, tokens.access_token));
    EXPECT_EQ(refused.reason, reason::kAccessRevoked);
    co_return Result<void>();
}

TEST(TwoNodes, a_revocation_counts_also_when_the_clock_of_its_node_is_slow) {
    run(revoke_by_a_slow_clock);
}

Task<Result<void>> guess_at_both(Shared& shared, Node& a, Node& b) {
    CO_TRY_VOID(co_await settle(a));
    Error last;
    for (int i = 0; i < 6; ++i) {
        Identity& at = i % 2 == 0 ? a.identity : b.identity;
        std::string password = "Falsch-1234";
        const auto wrong = co_await sign_in(at, at, std::move(password));
        last = wrong.error();
    }
    EXPECT_EQ(last.reason, reason::kTooManyAttempts);
    shared.clock.pass(Millis(1'001));
    std::string password = kPassword;
    CO_TRY_VOID(co_await sign_in(b.identity, a.identity, std::move(password)));
    co_return Result<void>();
}

TEST(TwoNodes, guesses_are_counted_together) { run(guess_at_both); }

Task<Result<void>> upkeep_of_the_other(Shared& shared, Node& a, Node& b) {
    // An intent of a, as it is while the directory is asked.
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"INSERT INTO claim_intents (claim_id, state, keys, pool, run, expires) "
         "VALUES ($1, 'intent', $2, 'Health1', $3, $4)",
         {sql::Blob{std::string(16, 'c')}, sql::Blob{std::string(16, 'k')},
          sql::Blob{a.nodes.run()}, (shared.clock.now() + Seconds(3600)).ms}});
    CO_TRY_VOID(co_await a.database->write(std::move(batch)));
    directory::ClaimsOptions options;
    options.run = b.nodes.run();
    options.lives = [&b](std::string_view run) { return b.nodes.lives(run); };
    Users users(*b.database, b.keyring, io::system_clock(), [](const auto&) { return nullptr; });
    directory::RegionKeys region_keys(*b.database, shared.clock, {});
    directory::Claims claims(b.directory, region_keys, *b.database, shared.clock,
                             io::system_random(), users, options);
    CO_TRY_VOID(co_await b.nodes.beat());
    CO_TRY(auto report, co_await claims.replay());
    EXPECT_EQ(report.released, 0u);
    // Now a is dead.
    for (int i = 0; i < 12; ++i) {
        shared.clock.pass(Millis(1'000));
        CO_TRY_VOID(co_await b.nodes.beat());
    }
    CO_TRY(report, co_await claims.replay());
    EXPECT_EQ(report.released, 1u);
    co_return Result<void>();
}

TEST(TwoNodes, a_claim_under_way_is_left_alone_while_its_node_lives) { run(upkeep_of_the_other); }

Task<Result<void>> cut_off(Shared& shared, Node& a, Node&) {
    CO_TRY_VOID(co_await settle(a));
    std::string password = kPassword;
    CO_TRY(const Tokens tokens, co_await sign_in(a.identity, a.identity, std::move(password)));
    CO_TRY_VOID(co_await a.identity.verifier().verify(tokens.access_token));
    a.identity.verifier().revocations_known(shared.clock.monotonic() - Millis(10'001));
    const auto found = a.identity.verifier().lookup(tokens.access_token);
    EXPECT_EQ(found.error().code, Code::unavailable);
    co_return Result<void>();
}

TEST(TwoNodes, a_node_that_cannot_read_revocations_takes_no_tokens) { run(cut_off); }

}  // namespace
}  // namespace domicile::identity
