// Passkeys and sign-in by choice: made by whoever is signed in, good for one answer each, the same
// for people who do not exist.
#include <memory>
#include <set>

#include "identity/passkeys.h"
#include "identity/testing.h"
#include "webauthn/testing.h"

namespace domicile::identity::testing {
namespace {

using webauthn::testing::Authenticator;

constexpr const char* kAnna = "anna@example.de";
constexpr const char* kNobody = "nobody@example.de";

class PasskeyTest : public IdentityTest {
  protected:
    PasskeyTest() {
        config::Pool& pool = config_.pools[0];
        pool.clients[0].flows.push_back(config::AuthFlow::user_auth);
        config::Client other = pool.clients[0];
        other.name = "other";
        other.id = "client2";
        other.flows = {config::AuthFlow::user_password_auth};
        pool.clients.push_back(other);
        pool.passkeys.emplace().relying_party_id = "example.com";
        clock = &clock_;
    }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
    static directory::testing::StillClock* clock;
};
directory::testing::StillClock* PasskeyTest::clock = nullptr;

std::string challenge_in(const std::string& options) {
    const json::object asked = *parse_json_object(options);
    return *from_base64url(std::string(asked.at("challenge").as_string()));
}

Task<Result<std::string>> begin(Identity& identity, std::string access_token) {
    AccessTokenRequest request{std::move(access_token)};
    CO_TRY(const PasskeyOptions made,
           co_await identity.passkeys().start_registration(std::move(request)));
    co_return made.options;
}

Task<Result<void>> complete(Identity& identity, std::string access_token, std::string credential) {
    PasskeyRequest request{std::move(access_token), std::move(credential)};
    CO_TRY_VOID(co_await identity.passkeys().complete_registration(std::move(request)));
    co_return Result<void>();
}

Task<Result<void>> make(Identity& identity, std::string access_token, Authenticator authenticator) {
    CO_TRY(const std::string options, co_await begin(identity, access_token));
    std::string credential = authenticator.make(challenge_in(options));
    co_return co_await complete(identity, std::move(access_token), std::move(credential));
}

// Somebody with a passkey, signed in.
Task<Result<Tokens>> anna(Identity& identity, Authenticator authenticator) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(Tokens tokens, co_await srp_sign_in(identity, kAnna, kPassword));
    CO_TRY_VOID(co_await make(identity, tokens.access_token, std::move(authenticator)));
    co_return tokens;
}

Task<Result<Challenge>> choose(Identity& identity, std::string username,
                               std::optional<std::string> preferred = "WEB_AUTHN") {
    ChoiceRequest request;
    request.client_id = "client1";
    request.username = std::move(username);
    request.preferred = std::move(preferred);
    CO_TRY(const Tokens asked, co_await identity.passkeys().choose(std::move(request)));
    co_return *asked.challenge;
}

std::string challenge_of(const Challenge& asked) {
    return challenge_in(asked.parameters.at("CREDENTIAL_REQUEST_OPTIONS"));
}

Task<Result<Tokens>> answer(Identity& identity, Challenge asked, std::string credential,
                            std::string username = kAnna) {
    ChoiceAnswerRequest request;
    request.client_id = "client1";
    request.challenge = asked.name;
    request.session = asked.session;
    if (asked.name == kSelect) request.choice = kByPasskey;
    request.proof.username = std::move(username);
    request.proof.credential = std::move(credential);
    return identity.passkeys().answer(std::move(request));
}

// The reason why a sign-in with it fails; empty when it does not.
Task<Result<std::string>> why(Identity& identity, Authenticator authenticator,
                              std::string username = kAnna, std::string user_handle = "") {
    CO_TRY(const Challenge asked, co_await choose(identity, username));
    std::string credential = authenticator.use(challenge_of(asked), user_handle);
    const auto done = co_await answer(identity, asked, std::move(credential), std::move(username));
    if (done) co_return std::string();
    co_return done.error().reason;
}

class Journeys : public PasskeyTest {
  public:
    static Task<Result<void>> whole_way(Identity& identity) {
        Authenticator authenticator;
        CO_TRY(const Tokens tokens, co_await anna(identity, authenticator));
        AccessTokenRequest asks{tokens.access_token};
        CO_TRY(const AuthFactors has, co_await identity.passkeys().factors(std::move(asks)));
        EXPECT_EQ(has.factors, (std::vector<std::string>{"PASSWORD", "WEB_AUTHN"}));
        CO_TRY(const Challenge asked, co_await choose(identity, kAnna));
        EXPECT_EQ(asked.name, "WEB_AUTHN");
        const std::vector<std::string> all = {"PASSWORD", "PASSWORD_SRP", "WEB_AUTHN"};
        EXPECT_EQ(asked.available, all);
        const std::string credential = authenticator.use(challenge_of(asked));
        CO_TRY(const Tokens got, co_await answer(identity, asked, credential));
        EXPECT_FALSE(got.challenge);
        EXPECT_TRUE(got.refresh_token);
        // The same answer again.
        const auto again = co_await answer(identity, asked, credential);
        EXPECT_EQ(again.error().reason, reason::kSessionInvalid);
        // Chosen from the list, with the answer at once.
        CO_TRY(const Challenge list, co_await choose(identity, kAnna, std::nullopt));
        EXPECT_EQ(list.name, "SELECT_CHALLENGE");
        CO_TRY_VOID(co_await answer(identity, list, authenticator.use(challenge_of(list))));
        co_return Result<void>();
    }

    static Task<Result<void>> refusals(Identity& identity) {
        Authenticator good;
        good.counter = 5;
        CO_TRY(const Tokens tokens, co_await anna(identity, good));
        good.counter = 7;
        CO_TRY(const std::string fine, co_await why(identity, good));
        EXPECT_EQ(fine, "");
        // A copy whose counter goes back, or stands still.
        for (const std::uint32_t counter : {7u, 6u, 0u}) {
            Authenticator copy = good;
            copy.counter = counter;
            CO_TRY(const std::string reason, co_await why(identity, copy));
            EXPECT_EQ(reason, reason::kWrongCredentials) << counter;
        }
        good.counter = 8;
        Authenticator other = good;
        other.origin = "https://example.org";
        CO_TRY(const std::string origin, co_await why(identity, other));
        EXPECT_EQ(origin, reason::kWrongCredentials);
        other = good;
        other.relying_party_id = "example.org";
        CO_TRY(const std::string party, co_await why(identity, other));
        EXPECT_EQ(party, reason::kWrongCredentials);
        other = good;
        other.key = *crypto::SigningKey::generate(crypto::Algorithm::es256);
        CO_TRY(const std::string key, co_await why(identity, other));
        EXPECT_EQ(key, reason::kWrongCredentials);
        other = good;
        other.id = "another credential";
        CO_TRY(const std::string id, co_await why(identity, other));
        EXPECT_EQ(id, reason::kWrongCredentials);
        CO_TRY(const std::string handle, co_await why(identity, good, kAnna, "somebody else"));
        EXPECT_EQ(handle, reason::kWrongCredentials);
        CO_TRY(const std::string still, co_await why(identity, good));
        EXPECT_EQ(still, "");
        co_return Result<void>();
    }

    static Task<Result<void>> nobody(Identity& identity) {
        Authenticator authenticator;
        CO_TRY(const Tokens tokens, co_await anna(identity, authenticator));
        for (const char* preferred : {"WEB_AUTHN", "PASSWORD", "PASSWORD_SRP", "EMAIL_OTP"}) {
            CO_TRY(const Challenge known, co_await choose(identity, kAnna, preferred));
            CO_TRY(const Challenge unknown,
                   co_await choose(identity, "otto@example.de", preferred));
            EXPECT_EQ(known.name, unknown.name);
            EXPECT_EQ(known.available, unknown.available);
            EXPECT_EQ(known.session.size() + std::string_view("otto@example.de").size() -
                          std::string_view(kAnna).size(),
                      unknown.session.size());
            EXPECT_EQ(known.parameters.size(), unknown.parameters.size());
            for (const auto& [name, value] : known.parameters) {
                EXPECT_EQ(value.size(), unknown.parameters.at(name).size());
            }
        }
        CO_TRY(const std::string reason, co_await why(identity, authenticator, kNobody));
        EXPECT_EQ(reason, reason::kWrongCredentials);
        // Somebody's challenge is of no use under another name.
        CO_TRY(const Challenge asked, co_await choose(identity, kNobody));
        const auto other = co_await answer(identity, asked, authenticator.use(challenge_of(asked)));
        EXPECT_EQ(other.error().reason, reason::kSessionInvalid);
        co_return Result<void>();
    }

    static Task<Result<void>> registrations(Identity& identity) {
        Authenticator authenticator;
        CO_TRY(const Tokens tokens, co_await anna(identity, authenticator));
        const std::string& access = tokens.access_token;
        CO_TRY(const std::string options, co_await begin(identity, access));
        EXPECT_NE(options.find(to_base64url(authenticator.id)), std::string::npos);  // excluded
        const std::string challenge = challenge_in(options);
        const auto twice = co_await complete(identity, access, authenticator.make(challenge));
        EXPECT_EQ(twice.error().reason, reason::kSchema);
        authenticator.id = "credential 2 of 16";
        const auto used = co_await complete(identity, access, authenticator.make(challenge));
        EXPECT_EQ(used.error().reason, reason::kPasskeyChallenge);
        const auto own = co_await complete(identity, access, authenticator.make("my own"));
        EXPECT_EQ(own.error().reason, reason::kPasskeyChallenge);
        CO_TRY(const std::string old, co_await begin(identity, access));
        pass(*clock, identity, Challenges::kLifetime);
        const auto late =
            co_await complete(identity, access, authenticator.make(challenge_in(old)));
        EXPECT_EQ(late.error().reason, reason::kPasskeyChallenge);
        PasswordRequest enter{"client2", kAnna, kPassword};
        CO_TRY(const Tokens elsewhere, co_await identity.sign_in_with_password(std::move(enter)));
        CO_TRY(const std::string theirs, co_await begin(identity, elsewhere.access_token));
        const auto mixed =
            co_await complete(identity, access, authenticator.make(challenge_in(theirs)));
        EXPECT_EQ(mixed.error().reason, reason::kPasskeyClient);
        authenticator.origin = "https://example.org";
        const auto origin = co_await make(identity, access, authenticator);
        EXPECT_EQ(origin.error().reason, webauthn::reason::kOrigin);
        authenticator.origin = "https://example.com";
        authenticator.relying_party_id = "app.example.com";
        const auto party = co_await make(identity, access, authenticator);
        EXPECT_EQ(party.error().reason, webauthn::reason::kRelyingParty);
        co_return Result<void>();
    }

    static Task<Result<void>> many(Identity& identity) {
        Authenticator authenticator;
        CO_TRY(const Tokens tokens, co_await anna(identity, authenticator));
        for (std::int64_t i = 1; i < kPasskeysMax; ++i) {
            authenticator.id = "credential " + std::to_string(i);
            CO_TRY_VOID(co_await make(identity, tokens.access_token, authenticator));
        }
        authenticator.id = "one more credential";
        const auto more = co_await make(identity, tokens.access_token, authenticator);
        EXPECT_EQ(more.error().reason, reason::kTooManyPasskeys);
        std::set<std::string> seen;
        PasskeyPage page;
        do {
            PasskeyListRequest request{tokens.access_token, page.token, 7};
            CO_TRY(page, co_await identity.passkeys().list(std::move(request)));
            EXPECT_LE(page.passkeys.size(), 7u);
            for (const auto& passkey : page.passkeys) {
                EXPECT_TRUE(seen.insert(passkey.credential_id).second);
                EXPECT_EQ(passkey.relying_party_id, "example.com");
                EXPECT_EQ(passkey.attachment, "platform");
            }
        } while (!page.token.empty());
        EXPECT_EQ(seen.size(), static_cast<std::size_t>(kPasskeysMax));
        PasskeyDeleteRequest gone{tokens.access_token, *seen.begin()};
        CO_TRY_VOID(co_await identity.passkeys().remove(gone));
        const auto again = co_await identity.passkeys().remove(gone);
        EXPECT_EQ(again.error().reason, reason::kUnknownPasskey);
        CO_TRY_VOID(co_await make(identity, tokens.access_token, authenticator));
        co_return Result<void>();
    }

    static Task<Result<void>> leave(Identity& identity) {
        Authenticator authenticator;
        CO_TRY(const Tokens tokens, co_await anna(identity, authenticator));
        CO_TRY(const Challenge asked, co_await choose(identity, kAnna));
        AccessTokenRequest request{tokens.access_token};
        CO_TRY_VOID(co_await identity.delete_user(std::move(request)));
        const auto late = co_await answer(identity, asked, authenticator.use(challenge_of(asked)));
        EXPECT_EQ(late.error().reason, reason::kWrongCredentials);
        co_return Result<void>();
    }

    static Task<Result<void>> set_up(Identity& identity) {
        lasting = std::make_unique<Authenticator>();
        CO_TRY_VOID(co_await anna(identity, *lasting));
        co_return Result<void>();
    }
    static Task<Result<Tokens>> enter(Identity& identity, bool verifies) {
        lasting->verifies = verifies;
        CO_TRY(const Challenge asked, co_await choose(identity, kAnna));
        std::string credential = lasting->use(challenge_of(asked));
        co_return co_await answer(identity, asked, std::move(credential));
    }
    static Task<Result<void>> two_factors(Identity& identity) {
        CO_TRY(const Tokens got, co_await enter(identity, true));
        EXPECT_FALSE(got.challenge);
        CO_TRY(const Tokens more, co_await enter(identity, false));
        EXPECT_EQ(more.challenge->name, "MFA_SETUP");
        co_return Result<void>();
    }
    static Task<Result<void>> one_factor(Identity& identity) {
        CO_TRY(const Tokens got, co_await enter(identity, true));
        EXPECT_EQ(got.challenge->name, "MFA_SETUP");
        co_return Result<void>();
    }
    static std::unique_ptr<Authenticator> lasting;

    static Task<Result<void>> passwords(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        for (const char* password : {kPassword, "Falsch-1234"}) {
            for (const char* preferred : {"PASSWORD", "SELECT_CHALLENGE"}) {
                CO_TRY(const Challenge asked, co_await choose(identity, kAnna, preferred));
                EXPECT_EQ(asked.name, preferred);
                ChoiceAnswerRequest request;
                request.client_id = "client1";
                request.challenge = asked.name;
                request.session = asked.session;
                request.choice = kByPassword;
                request.proof.username = kAnna;
                request.proof.password = password;
                const auto got = co_await identity.passkeys().answer(request);
                EXPECT_EQ(got.has_value(), std::string_view(password) == kPassword);
                const auto again = co_await identity.passkeys().answer(std::move(request));
                EXPECT_EQ(again.error().reason, reason::kSessionInvalid);
            }
        }
        co_return Result<void>();
    }

    static Task<Result<void>> without(Identity& identity) {
        CO_TRY_VOID(co_await sign_up_and_confirm(identity));
        CO_TRY(const Tokens tokens, co_await srp_sign_in(identity, kAnna, kPassword));
        const auto made = co_await begin(identity, tokens.access_token);
        EXPECT_EQ(made.error().reason, reason::kPasskeysOff);
        CO_TRY(const Challenge asked, co_await choose(identity, kAnna));
        EXPECT_EQ(asked.name, "SELECT_CHALLENGE");
        EXPECT_TRUE(asked.parameters.empty());
        ChoiceRequest request;
        request.client_id = "client2";
        request.username = kAnna;
        const auto refused = co_await identity.passkeys().choose(std::move(request));
        EXPECT_EQ(refused.error().reason, reason::kFlowNotEnabled);
        co_return Result<void>();
    }
};
std::unique_ptr<Authenticator> Journeys::lasting;

TEST_F(Journeys, a_passkey_signs_in_once_for_each_challenge) { check(whole_way); }
TEST_F(Journeys, copies_other_keys_origins_and_relying_parties_are_refused) { check(refusals); }
TEST_F(Journeys, people_who_do_not_exist_are_asked_and_answered_alike) { check(nobody); }
TEST_F(Journeys, a_registration_is_for_one_passkey_of_one_client_and_ends) { check(registrations); }
TEST_F(Journeys, people_have_at_most_twenty_listed_in_pages) { check(many); }
TEST_F(Journeys, passkeys_go_with_the_person) {
    check(leave);
    EXPECT_EQ(rows_of("identity_passkeys"), 0);
}
TEST_F(Journeys, a_passkey_stands_for_both_factors_where_the_pool_says_so) {
    check(set_up);
    config_.pools[0].mfa = config::Mfa::required;
    check(one_factor);
    config_.pools[0].passkeys->factor = config::PasskeyFactor::multi_factor_with_user_verification;
    check(two_factors);
}
TEST_F(Journeys, a_choice_of_a_password_takes_one_answer) { check(passwords); }
TEST_F(Journeys, a_pool_without_passkeys_offers_none) {
    config_.pools[0].passkeys.reset();
    check(without);
}

}  // namespace
}  // namespace domicile::identity::testing
