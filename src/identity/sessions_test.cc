// Sessions as people and administrators see them, and how one is ended.
#include "identity/administration.h"
#include "identity/session_types.h"
#include "identity/testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kAnna = "anna@example.de";

class SessionsTest : public IdentityTest {
  protected:
    SessionsTest() {
        config_.pools[0].clients[0].flows.push_back(config::AuthFlow::user_password_auth);
        clock = &clock_;
    }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
    static directory::testing::StillClock* clock;
};
directory::testing::StillClock* SessionsTest::clock = nullptr;

Task<Result<Tokens>> enter(Identity& identity, std::string name = kAnna) {
    PasswordRequest request{"client1", std::move(name), kPassword};
    return identity.sign_in_with_password(std::move(request));
}

Task<Result<SessionPage>> listed(Identity& identity, const Tokens& tokens, std::string token = "") {
    ListSessionsRequest request{tokens.access_token, std::move(token)};
    return identity.list_sessions(std::move(request));
}

Task<Result<Done>> end(Identity& identity, const Tokens& tokens, std::string id) {
    EndSessionRequest request{tokens.access_token, std::move(id)};
    return identity.end_session(std::move(request));
}

AdminEndSessionRequest by_administrator(std::string id) {
    AdminEndSessionRequest out;
    out.who = {"DOMKTEST", "eu-central-1"};
    out.pool = "Health1";
    out.username = kAnna;
    out.session_id = std::move(id);
    return out;
}

// Empty when both of its tokens are good.
Task<std::string> state_of(Identity& identity, const Tokens& tokens) {
    AccessTokenRequest who{tokens.access_token};
    const auto user = co_await identity.get_user(std::move(who));
    RefreshRequest refresh{"client1", *tokens.refresh_token};
    refresh.takes_next = true;
    const auto refreshed = co_await identity.refresh(std::move(refresh));
    if (user && refreshed) co_return std::string();
    if (user || refreshed) co_return std::string("one of them");
    co_return user.error().reason + " " + refreshed.error().reason;
}

class SessionsOwn : public SessionsTest {
  public:
    static Task<Result<void>> listing(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens first, co_await enter(identity));
        pass(*clock, identity, Millis(1000));
        CO_TRY(const Tokens second, co_await enter(identity));
        CO_TRY(const SessionPage page, co_await listed(identity, first));
        EXPECT_EQ(page.sessions.size(), 2u);
        EXPECT_TRUE(page.token.empty());
        const SessionDescription &newer = page.sessions.at(0), &older = page.sessions.at(1);
        EXPECT_EQ(newer.created_ms, older.created_ms + 1000);
        EXPECT_TRUE(older.current && !newer.current);
        EXPECT_EQ(newer.client_id, "client1");
        EXPECT_EQ(newer.id.size(), 28u);
        EXPECT_TRUE(newer.id.starts_with("tkn"));
        EXPECT_FALSE(newer.active_ms);  // nothing is kept of it
        CO_TRY(const SessionPage other, co_await listed(identity, second));
        EXPECT_TRUE(other.sessions.at(0).current && !other.sessions.at(1).current);
        co_return Result<void>();
    }

    static Task<Result<void>> ending(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens lost, co_await enter(identity));
        CO_TRY(const SessionPage before, co_await listed(identity, lost));
        const std::string id = before.sessions.at(0).id;
        const auto current = co_await end(identity, lost, id);
        EXPECT_EQ(current.error().message, "The current session cannot be revoked.");
        CO_TRY(const Tokens here, co_await enter(identity));
        CO_TRY_VOID(co_await end(identity, here, id));
        const std::string state = co_await state_of(identity, lost);
        EXPECT_EQ(state, "access_revoked refresh_revoked");
        const std::string kept = co_await state_of(identity, here);
        EXPECT_EQ(kept, "");
        CO_TRY(const SessionPage after, co_await listed(identity, here));
        EXPECT_EQ(after.sessions.size(), 1u);
        const std::vector<std::string> none = {
            id,      "", "tkn", std::string("tkn") + std::string(25, 'z'), "sso" + id.substr(3),
            id + "0"};
        for (const std::string& bad : none) {
            const auto unknown = co_await end(identity, here, bad);
            EXPECT_EQ(unknown.error().reason, reason::kUnknownSession) << bad;
        }
        co_return Result<void>();
    }

    static Task<Result<void>> of_others(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        AdminCreateRequest create;
        create.who = {"DOMKTEST", "eu-central-1"};
        create.pool = "Health1";
        create.username = "eve@example.de";
        create.attributes = {{"email", "eve@example.de"}, {"custom:country", "DE"}};
        create.send_mail = false;
        CO_TRY_VOID(co_await identity.administration().create(std::move(create)));
        AdminPasswordRequest password{
            {"DOMKTEST", "eu-central-1"}, "Health1", "eve@example.de", kPassword, true};
        CO_TRY_VOID(co_await identity.administration().set_password(std::move(password)));
        CO_TRY(const Tokens anna, co_await enter(identity));
        CO_TRY(const Tokens eve, co_await enter(identity, "eve@example.de"));
        CO_TRY(const SessionPage of_anna, co_await listed(identity, anna));
        EXPECT_EQ(of_anna.sessions.size(), 1u);
        const auto foreign = co_await end(identity, eve, of_anna.sessions.at(0).id);
        EXPECT_EQ(foreign.error().reason, reason::kUnknownSession);
        const std::string kept = co_await state_of(identity, anna);
        EXPECT_EQ(kept, "");
        co_return Result<void>();
    }

    static Task<Result<void>> paging(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        Tokens last;
        for (int i = 0; i < 61; ++i) {
            CO_TRY(last, co_await enter(identity));
        }
        CO_TRY(const SessionPage first, co_await listed(identity, last));
        EXPECT_EQ(first.sessions.size(), 60u);
        CO_TRY(const SessionPage second, co_await listed(identity, last, first.token));
        EXPECT_EQ(second.sessions.size(), 1u);
        EXPECT_TRUE(second.token.empty());
        for (const SessionDescription& session : first.sessions) {
            EXPECT_NE(session.id, second.sessions.at(0).id);
        }
        const auto forged = co_await listed(identity, last, "x");
        EXPECT_EQ(forged.error().reason, reason::kPageToken);
        co_return Result<void>();
    }

    static Task<Result<void>> over(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY_VOID(co_await enter(identity));
        pass(*clock, identity, Millis(std::int64_t{31} * 86'400'000));
        CO_TRY(const Tokens now, co_await enter(identity));
        CO_TRY(const SessionPage page, co_await listed(identity, now));
        EXPECT_EQ(page.sessions.size(), 1u);
        co_return Result<void>();
    }
};
TEST_F(SessionsOwn, are_listed_with_what_is_kept_of_them) { check(listing); }
TEST_F(SessionsOwn, one_that_is_ended_is_of_no_use_and_the_others_go_on) { check(ending); }
TEST_F(SessionsOwn, are_nobody_elses) { check(of_others); }
TEST_F(SessionsOwn, come_in_pages) { check(paging); }
TEST_F(SessionsOwn, that_are_over_are_not_listed) { check(over); }

class SessionsRotating : public SessionsTest {
  public:
    SessionsRotating() {
        config_.pools[0].clients[0].refresh_token_rotation = config::RefreshRotation{0};
    }

    static Task<Result<void>> used(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens tokens, co_await enter(identity));
        CO_TRY(const SessionPage fresh, co_await listed(identity, tokens));
        const auto created = fresh.sessions.at(0).created_ms;
        EXPECT_EQ(fresh.sessions.at(0).active_ms, created);
        pass(*clock, identity, Millis(5000));
        RefreshRequest refresh{"client1", *tokens.refresh_token, true};
        CO_TRY_VOID(co_await identity.refresh(std::move(refresh)));
        CO_TRY(const SessionPage later, co_await listed(identity, tokens));
        EXPECT_EQ(later.sessions.at(0).active_ms, created + 5000);
        co_return Result<void>();
    }
};
TEST_F(SessionsRotating, the_last_use_is_told_where_each_one_is_kept) { check(used); }

class SessionsAdministered : public SessionsTest {
  public:
    static Task<Result<void>> ending(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens one, co_await enter(identity));
        pass(*clock, identity, Millis(1000));
        CO_TRY(const Tokens other, co_await enter(identity));
        Administration& administration = identity.administration();
        AdminListSessionsRequest list{{"DOMKTEST", "eu-central-1"}, "Health1", kAnna, ""};
        CO_TRY(const SessionPage page, co_await administration.list_sessions(list));
        EXPECT_EQ(page.sessions.size(), 2u);
        EXPECT_FALSE(page.sessions.at(0).current || page.sessions.at(1).current);
        AdminEndSessionRequest request = by_administrator(page.sessions.at(1).id);
        CO_TRY_VOID(co_await administration.end_session(request));
        const auto again = co_await administration.end_session(request);
        EXPECT_EQ(again.error().reason, reason::kUnknownSession);
        request.username = "nobody@example.de";
        const auto nobody = co_await administration.end_session(request);
        EXPECT_EQ(nobody.error().reason, reason::kUserUnknown);
        const std::string ended = co_await state_of(identity, one);
        EXPECT_EQ(ended, "access_revoked refresh_revoked");
        const std::string kept = co_await state_of(identity, other);
        EXPECT_EQ(kept, "");
        co_return Result<void>();
    }
};
TEST_F(SessionsAdministered, a_session_is_ended_by_an_administrator) { check(ending); }

TEST(SessionId, is_the_origin_written_otherwise) {
    const std::vector<std::string> all = {
        "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000023",
        "ffffffff-ffff-ffff-ffff-ffffffffffff", "0f8fad5b-d9cb-469f-a165-70867728950e"};
    for (const std::string& one : all) EXPECT_EQ(origin_jti_of(session_id(one)), one);
    EXPECT_EQ(session_id(all[1]), "tkn" + std::string(24, '0') + "z");
    EXPECT_EQ(origin_jti_of(session_id(all[0]) + "0"), "");
    // One more than fits.
    std::string more = session_id(all[2]);
    ++more.back();
    EXPECT_EQ(origin_jti_of(more), "");
}

}  // namespace
}  // namespace domicile::identity::testing
