// Another OpenID provider that the tests play, and people who come from it.
#pragma once

#include <array>
#include <string>

#include "crypto/hash.h"
#include "identity/external.h"
#include "identity/oauth.h"
#include "identity/testing.h"

namespace domicile::identity::testing {

inline constexpr const char* kCallback = "https://app.example/cb";
inline constexpr const char* kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

template <class T>
std::string reason_of(const Result<T>& result) {
    return result ? "" : result.error().reason;
}

// Its ID tokens are the subjects themselves.
class Played : public ExternalProviders {
  public:
    Task<Result<ExternalPerson>> identify(const config::Pool*, ExternalProof proof) override {
        if (proof.id_token.empty()) {
            co_return fail(Code::unauthenticated, "No.", reason::kProviderAnswer);
        }
        co_return ExternalPerson{proof.id_token, attributes};
    }
    Attributes attributes = {{"email", "otto@partner.example"},
                             {"email_verified", "true"},
                             {"name", "Otto"},
                             {"custom:country", "DE"}};
};
inline Played* played = nullptr;

class ExternalTest : public IdentityTest {
  protected:
    ExternalTest() {
        config::OAuth oauth;
        oauth.redirect_uris = {kCallback};
        oauth.scopes.emplace_back(config::kUserPoolScope);
        oauth.identity_providers = {"COGNITO", "Partner"};
        config_.pools[0].clients[0].oauth = oauth;
        config_.pools[0].clients[0].flows.push_back(config::AuthFlow::user_password_auth);
        config::IdentityProvider provider;
        provider.name = "Partner";
        config_.pools[0].identity_providers.push_back(provider);
        provider.name = "Another";
        config_.pools[0].identity_providers.push_back(provider);
        providers_ = played = &played_;
    }
    ~ExternalTest() override { played = nullptr; }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }

    Played played_;
};

inline Task<Result<ExternalOutcome>> come(Identity& identity, std::string subject,
                                          Attributes answers = Attributes(),
                                          std::string provider = "Partner") {
    BrowserExternal request;
    request.asked = {"client1", kCallback, "openid aws.cognito.signin.user.admin", "n-1",
                     to_base64url(crypto::sha256(kVerifier))};
    request.proof.provider = std::move(provider);
    request.proof.id_token = std::move(subject);
    request.answers = std::move(answers);
    co_return co_await identity.oauth().external(std::move(request));
}

inline Task<Result<Tokens>> sign_in(Identity& identity, std::string subject) {
    CO_TRY(const ExternalOutcome outcome, co_await come(identity, std::move(subject)));
    RedeemRequest redeem{"client1", outcome.authorized.code.value_or(""), kCallback, kVerifier};
    CO_TRY(GrantedTokens granted, co_await identity.oauth().redeem(std::move(redeem)));
    co_return std::move(granted.tokens);
}

inline Task<Result<std::string>> sub_of(Identity& identity, std::string subject) {
    CO_TRY(const Tokens tokens, co_await sign_in(identity, std::move(subject)));
    CO_TRY(const TokenPtr id, co_await identity.verifier().verify(tokens.id_token));
    co_return id->sub;
}

}  // namespace domicile::identity::testing
