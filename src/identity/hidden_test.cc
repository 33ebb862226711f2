// Sign-up with an address that is somebody's, in a pool that does not reveal it (ADR 0032).
#include <algorithm>

#include "identity/administration.h"
#include "identity/home.h"
#include "identity/testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kAnna = "anna@example.de";
constexpr const char* kFree = "free@example.de";
constexpr const char* kAnothers = "Anders-1234";
constexpr Millis kHour{3'600'000};

using HiddenTest = IdentityTest;

SignUpRequest asked(std::string username, std::string email, std::string password = kAnothers) {
    return {"client1",
            std::move(username),
            std::move(password),
            {{"email", std::move(email)}, {"custom:country", "DE"}}};
}

// What whoever signs up can see of it, but for the sub.
std::string shape_of(const Result<SignUpResult>& done) {
    if (!done) return done.error().reason;
    std::string out = done->confirmed ? "confirmed" : "unconfirmed";
    if (done->delivery) out += " " + done->delivery->medium + " " + done->delivery->destination;
    return out + " " + std::to_string(done->sub.size());
}

Task<Result<std::size_t>> mails_about(Identity& identity, std::string word) {
    return mails_once(identity, 0, std::move(word));
}
Task<Result<bool>> until_told(Identity& identity, std::size_t count) {
    CO_TRY(const std::size_t now, co_await mails_once(identity, count, "tried to sign up"));
    co_return now == count;
}

Task<Result<void>> alike(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    auto again = asked(kAnna, kAnna), fresh = asked(kFree, kFree);
    const auto taken = co_await identity.sign_up(again);
    const auto free = co_await identity.sign_up(fresh);
    EXPECT_EQ(shape_of(taken), "unconfirmed EMAIL a***@e*** 36");
    EXPECT_EQ(shape_of(free), "unconfirmed EMAIL f***@e*** 36");
    // The same sign-up again is the same one; with another password it is nobody's.
    for (const bool is_taken : {true, false}) {
        SignUpRequest request = is_taken ? again : fresh;
        CO_TRY(const SignUpResult repeated, co_await identity.sign_up(request));
        EXPECT_EQ(repeated.sub, (is_taken ? taken : free)->sub);
        request.password = "Drittes-1234";
        const auto strangers = co_await identity.sign_up(std::move(request));
        EXPECT_EQ(shape_of(strangers), shape_of(is_taken ? taken : free));
        if (strangers) {
            EXPECT_NE(strangers->sub, (is_taken ? taken : free)->sub);
        }
    }
    CO_TRY(const bool told, co_await until_told(identity, 2));  // both owners, once each
    EXPECT_TRUE(told);
    CO_TRY_VOID(co_await srp_sign_in(identity, kAnna, kPassword));
    const auto others = co_await srp_sign_in(identity, kAnna, kAnothers);
    EXPECT_EQ(others.error().reason, reason::kWrongCredentials);
    co_return Result<void>();
}

TEST_F(HiddenTest, a_taken_address_is_answered_like_a_free_one_and_its_owner_is_told) {
    const auto done = run(alike);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

Task<Result<std::vector<std::string>>> wrong_codes(Identity& identity, std::string username,
                                                   std::string code) {
    std::vector<std::string> out;
    for (int i = 0; i < 6; ++i) {
        ConfirmRequest confirm{"client1", username, code};
        const auto done = co_await identity.confirm_sign_up(std::move(confirm));
        out.push_back(done ? "confirmed" : done.error().reason);
    }
    ResendRequest resend{"client1", std::move(username)};
    CO_TRY(const CodeDelivery delivery, co_await identity.resend_code(std::move(resend)));
    out.push_back(delivery.destination);
    co_return out;
}

Task<Result<void>> codes(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    // The mail goes to the attribute, which is another address.
    CO_TRY_VOID(co_await identity.sign_up(asked(kFree, "mail@example.org")));
    CO_TRY_VOID(co_await identity.sign_up(asked(kAnna, "else@example.org")));
    CO_TRY(std::string code, co_await code_about(identity, "verification"));
    code = wrong_code(std::move(code));
    CO_TRY(const auto of_free, co_await wrong_codes(identity, kFree, code));
    CO_TRY(const auto of_taken, co_await wrong_codes(identity, kAnna, code));
    const std::string mismatch = reason::kCodeMismatch;
    EXPECT_EQ(of_free, (std::vector{mismatch, mismatch, mismatch, mismatch, mismatch,
                                    std::string(reason::kCodeExpired), std::string("f***@e***")}));
    EXPECT_EQ(std::vector(of_taken.begin(), of_taken.end() - 1),
              std::vector(of_free.begin(), of_free.end() - 1));
    EXPECT_EQ(of_taken.back(), "a***@e***");
    // Nobody was sent a code for a sign-up that came to nothing.
    CO_TRY(const std::size_t sent, co_await mails_about(identity, "verification"));
    EXPECT_EQ(sent, 3u);  // Anna's, the free one's, and again
    co_return Result<void>();
}

TEST_F(HiddenTest, no_code_fits_and_it_is_answered_as_a_wrong_one) {
    const auto done = run(codes);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

Task<Result<void>> with_annas_address(Identity& identity) {
    CO_TRY_VOID(co_await identity.sign_up(asked(kAnna, kAnna)));
    Home& here = identity.administration().here();
    const Administrator who{"DOMKTEST", ""};
    for (const char* attribute : {"", "email"}) {
        UserFilter filter;
        filter.attribute = attribute;
        filter.value = *attribute == '\0' ? "" : kAnna;
        if (*attribute != '\0') filter.match = UserFilter::Match::equal;
        CO_TRY(const PersonPage page, co_await here.list_people(who, "Health1", filter, "", 60));
        EXPECT_EQ(page.people.size(), 1u);
    }
    co_return Result<void>();
}

TEST_F(HiddenTest, it_ends_like_a_sign_up_that_is_not_confirmed_and_nobody_is_listed) {
    ASSERT_TRUE(run(sign_up_and_confirm));
    const auto done = run(with_annas_address);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    EXPECT_EQ(rows_of("identity_users"), 2);
    clock_.pass(kHour + Millis(1));
    ASSERT_TRUE(run([](Identity&) -> Task<Result<void>> { co_return Result<void>(); }));
    EXPECT_EQ(rows_of("identity_users"), 1);
}

Task<Result<void>> many(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    for (int i = 0; i < 4; ++i) {
        CO_TRY_VOID(co_await identity.sign_up(asked("name" + std::to_string(i), kAnna)));
    }
    // In the order in which they were asked for.
    CO_TRY_VOID(co_await identity.sign_up(asked(kFree, kFree)));
    CO_TRY_VOID(co_await identity.sign_up(asked(kFree, kFree, "Drittes-1234")));
    CO_TRY(const bool told, co_await until_told(identity, 2));
    EXPECT_TRUE(told);
    co_return Result<void>();
}

TEST_F(HiddenTest, owners_get_one_mail_at_once_and_no_more_for_an_hour) {
    const auto done = run(many);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

Task<Result<void>> names(Identity& identity) {
    CO_TRY_VOID(co_await identity.sign_up(asked("anna", kAnna)));
    CO_TRY(std::string code, co_await code_about(identity, "verification"));
    ConfirmRequest confirm{"client1", "anna", std::move(code)};
    CO_TRY_VOID(co_await identity.confirm_sign_up(std::move(confirm)));
    const auto taken = co_await identity.sign_up(asked("anna", kFree));
    EXPECT_EQ(shape_of(taken), reason::kUserExists);
    const auto address = co_await identity.sign_up(asked("berta", kAnna));
    EXPECT_EQ(shape_of(address), "unconfirmed EMAIL a***@e*** 36");
    CO_TRY(const bool told, co_await until_told(identity, 1));
    EXPECT_TRUE(told);
    co_return Result<void>();
}

TEST_F(HiddenTest, a_name_that_is_no_address_is_said_to_be_taken) {
    const auto done = run(names);
    ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
}

}  // namespace
}  // namespace domicile::identity::testing
