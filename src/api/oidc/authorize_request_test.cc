#include "api/oidc/authorize_request.h"

#include <gtest/gtest.h>

namespace domicile::api::oidc {
namespace {

// The example of RFC 7636, appendix B.
constexpr const char* kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

config::Client public_client() {
    config::Client out;
    out.id = "spa";
    out.oauth.emplace();
    out.oauth->redirect_uris = {"https://app.example/cb", "own:/cb?a=b"};
    return out;
}

Form request(const std::string& more = "") {
    return *Form::parse(
        "client_id=spa&redirect_uri=https://app.example/cb&response_type=code&"
        "scope=openid&code_challenge_method=S256&code_challenge=" +
        std::string(kChallenge) + more);
}

std::string error_of(const Form& form, const config::Client& client) {
    const auto read = read_authorize(form, &client);
    return read ? "" : read.error().error;
}

TEST(authorize_request, is_read_whole) {
    const config::Client client = public_client();
    const auto read = read_authorize(request("&state=s&nonce=n&max_age=60&prompt=login"), &client);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->asked.client_id, "spa");
    EXPECT_EQ(read->asked.redirect_uri, "https://app.example/cb");
    EXPECT_EQ(read->asked.scope, "openid");
    EXPECT_EQ(read->asked.nonce, "n");
    EXPECT_EQ(read->asked.code_challenge, kChallenge);
    EXPECT_EQ(read->state, "s");
    EXPECT_EQ(read->max_age_seconds, 60);
    EXPECT_TRUE(read->shows);
    EXPECT_TRUE(read->shows_anew);
}

TEST(authorize_request, without_a_scope_asks_for_all_that_the_client_has) {
    const config::Client client = public_client();
    Form form = request();
    form.remove("scope");
    const auto read = read_authorize(form, &client);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->asked.scope, "openid email phone profile");
}

TEST(authorize_request, an_address_that_is_not_the_clients_is_told_nothing) {
    const config::Client client = public_client();
    for (const char* uri : {"https://app.example/cb/", "https://app.example/CB",
                            "https://app.example/cb?x=1", "own:/cb", "https://app.example"}) {
        Form form = request();
        form.remove("redirect_uri");
        form.add("redirect_uri", uri);
        const auto read = read_authorize(form, &client);
        ASSERT_FALSE(read) << uri;
        EXPECT_FALSE(read.error().redirect_uri) << uri;
    }
    EXPECT_FALSE(read_authorize(request(), nullptr).error().redirect_uri);
    config::Client other = public_client();
    other.oauth.reset();
    EXPECT_FALSE(read_authorize(request(), &other).error().redirect_uri);
}

TEST(authorize_request, a_client_without_a_secret_has_to_prove_itself_by_pkce) {
    config::Client client = public_client();
    Form form = request();
    form.remove("code_challenge");
    EXPECT_EQ(error_of(form, client), "invalid_request");  // a method without a challenge
    form.remove("code_challenge_method");
    EXPECT_EQ(error_of(form, client), "invalid_request");
    client.secret_file = "secret";
    EXPECT_EQ(error_of(form, client), "");
    EXPECT_EQ(error_of(request(), client), "");
}

TEST(authorize_request, what_the_client_may_not_do_is_refused_by_name) {
    config::Client client = public_client();
    client.oauth->scopes = {"openid"};
    Form form = request();
    form.remove("scope");
    form.add("scope", "openid  email");
    EXPECT_EQ(error_of(form, client), "invalid_scope");
    client.oauth->grants = {config::Grant::client_credentials};
    EXPECT_EQ(error_of(request(), client), "unauthorized_client");
}

TEST(authorize_request, an_answer_keeps_the_query_of_its_address) {
    Form parameters;
    parameters.add("code", "a b");
    EXPECT_EQ(with_parameters("https://a.example/cb", parameters),
              "https://a.example/cb?code=a%20b");
    EXPECT_EQ(with_parameters("own:/cb?a=b", parameters), "own:/cb?a=b&code=a%20b");
}

TEST(authorize_request, for_the_own_account_only_the_client_counts) {
    config::Client client = public_client();
    const Form form = *Form::parse("client_id=spa&lang=de&own_account=1");
    const auto read = read_authorize(form, &client);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->account_query, "client_id=spa&lang=de&own_account=1");
    EXPECT_TRUE(identity::is_for_account(read->asked));
    EXPECT_TRUE(read->shows_anew);
    // Whatever else an application asks for with it, nothing is granted.
    const auto both = read_authorize(request("&own_account=1"), &client);
    ASSERT_TRUE(both);
    EXPECT_TRUE(both->asked.redirect_uri.empty());
    EXPECT_TRUE(both->asked.scope.empty());
    const auto other = read_authorize(request("&own_account=2"), &client);
    ASSERT_TRUE(other);
    EXPECT_FALSE(other->account_query);
    EXPECT_FALSE(identity::is_for_account(other->asked));
    client.oauth->grants = {config::Grant::client_credentials};
    const auto refused = read_authorize(form, &client);
    ASSERT_FALSE(refused);
    EXPECT_FALSE(refused.error().redirect_uri);
}

}  // namespace
}  // namespace domicile::api::oidc
