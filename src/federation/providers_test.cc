// A provider on this machine, whose answers a test bends.
#include "federation/providers.h"

#include <gmock/gmock.h>

#include "base/encoding.h"
#include "http/testing.h"
#include "io/testing.h"

namespace domicile::federation {
namespace {

namespace reason = identity::reason;
using crypto::Algorithm;
using crypto::SigningKey;
using http::soon;
using identity::ExternalPerson;
using identity::ExternalProof;
using io::Task;
using ::testing::HasSubstr;
using ::testing::Not;

const SigningKey& key(const std::string& name) {
    static std::map<std::string, SigningKey> keys;
    auto found = keys.find(name);
    if (found == keys.end())
        found = keys.emplace(name, std::move(*SigningKey::generate(Algorithm::es256))).first;
    return found->second;
}

struct Setting {
    Setting() {
        server = http::serve([this](http::Exchange& exchange) { return answer(exchange); });
        provider.name = "Partner";
        provider.issuer = url();
        provider.client_id = "domicile";
        provider.attributes = {{"name", "name"}, {"email", "email"}};
        keep();
    }
    std::string url() const { return "http://" + server->local().to_string(); }
    void keep() {
        pool.identity_providers.clear();
        pool.identity_providers.push_back(provider);
    }

    Task<Result<void>> answer(http::Exchange& exchange) {
        http::ResponseHead head;
        const std::string path(exchange.request().path);
        authorization = exchange.request().headers.find("Authorization").value_or("");
        ++asked[path];
        head.status = path == down ? 503 : 200;
        std::string body;
        if (path == "/.well-known/openid-configuration") {
            body = json::serialize(
                json::object{{"issuer", url()},
                             {"authorization_endpoint", url() + "/authorize?tenant=1"},
                             {"token_endpoint", url() + "/token"},
                             {"userinfo_endpoint", url() + "/me"},
                             {"jwks_uri", url() + "/keys"},
                             {"token_endpoint_auth_methods_supported", methods}});
        } else if (path == "/keys") {
            json::array keys;
            keys.push_back(key(signs).public_jwk());
            body = json::serialize(json::object{{"keys", std::move(keys)}});
        } else if (path == "/token") {
            auto form = co_await exchange.read_all(10'000);
            posted = form ? *form : "";
            body = json::serialize(json::object{{"id_token", token()}, {"access_token", "at"}});
        } else {
            body = json::serialize(me);
        }
        if (path == garbage) body = "<html>";
        co_return co_await exchange.respond(std::move(head), body);
    }
    std::string token() const {
        const std::int64_t now = io::system_clock().now().seconds();
        json::object claims{{"iss", url()}, {"aud", "domicile"}, {"sub", "17"},   {"nonce", "n"},
                            {"iat", now},   {"exp", now + 300},  {"name", "Otto"}};
        return crypto::sign_jwt(key(signs), claims);
    }
    ExternalProof proof() const { return {"Partner", token(), "n", "at"}; }
    Task<bool> close() {
        co_await server->stop(soon());
        co_return true;
    }

    std::string down, garbage, signs = "a", authorization, posted;
    json::array methods = {"client_secret_basic"};
    json::object me{{"sub", "17"}, {"name", "Another"}, {"email", "o@b"}, {"email_verified", true}};
    std::map<std::string, int> asked;
    std::unique_ptr<http::Server> server;
    config::IdentityProvider provider;
    config::Pool pool;
    io::testing::TemporaryFolder folder;
    Providers providers{folder.path()};
};

Task<std::string> verdict(Setting& setting, ExternalProof proof) {
    const auto found = co_await setting.providers.identify(&setting.pool, std::move(proof));
    co_return found ? "" : std::string(found.error().reason);
}

Task<Result<ExternalProof>> redeem(Setting& setting,
                                   std::optional<std::string> iss = std::nullopt) {
    Providers::Answer answer{"the code", "https://idp/back", "the verifier", std::move(iss)};
    co_return co_await setting.providers.redeem(&setting.pool, "Partner", "n", std::move(answer));
}

HTTP_TEST(providers, what_a_token_lacks_is_asked_for_and_what_is_signed_counts_first) {
    Setting setting;
    const auto found = co_await setting.providers.identify(&setting.pool, setting.proof());
    CO_ASSERT(found);
    EXPECT_EQ(found->subject, "17");
    const identity::Attributes expected{
        {"name", "Otto"}, {"email", "o@b"}, {"email_verified", "true"}};
    EXPECT_EQ(found->attributes, expected);
    EXPECT_EQ(setting.authorization, "Bearer at");
    co_return co_await setting.close();
}

HTTP_TEST(providers, userinfo_of_somebody_else_is_refused) {
    Setting setting;
    setting.me["sub"] = "18";
    EXPECT_EQ(co_await verdict(setting, setting.proof()), reason::kProviderAnswer);
    setting.garbage = "/me";
    EXPECT_EQ(co_await verdict(setting, setting.proof()), reason::kProviderAnswer);
    setting.down = "/me";
    EXPECT_EQ(co_await verdict(setting, setting.proof()), reason::kProviderDown);
    co_return co_await setting.close();
}

HTTP_TEST(providers, a_new_key_is_looked_for_at_once_and_the_old_one_counts_no_more) {
    Setting setting;
    const ExternalProof old = setting.proof();
    EXPECT_EQ(co_await verdict(setting, old), "");
    EXPECT_EQ(co_await verdict(setting, old), "");
    EXPECT_EQ(setting.asked["/keys"], 1);
    setting.signs = "b";
    EXPECT_EQ(co_await verdict(setting, setting.proof()), "");
    EXPECT_EQ(setting.asked["/keys"], 2);
    EXPECT_EQ(co_await verdict(setting, old), reason::kProviderAnswer);
    co_return co_await setting.close();
}

HTTP_TEST(providers, what_was_published_is_good_while_the_provider_is_down) {
    Setting setting;
    setting.me.erase("email");
    EXPECT_EQ(co_await verdict(setting, setting.proof()), "");
    setting.down = "/keys";
    EXPECT_EQ(co_await verdict(setting, setting.proof()), "");
    Setting other;
    other.down = "/.well-known/openid-configuration";
    EXPECT_EQ(co_await verdict(other, other.proof()), reason::kProviderDown);
    // It is not asked again by everybody.
    EXPECT_EQ(co_await verdict(other, other.proof()), reason::kProviderDown);
    EXPECT_EQ(other.asked[other.down], 1);
    (void)co_await other.close();
    co_return co_await setting.close();
}

HTTP_TEST(providers, a_code_is_redeemed_with_the_verifier_and_the_secret) {
    Setting setting;
    EXPECT_TRUE(co_await redeem(setting));
    EXPECT_THAT(setting.posted, HasSubstr("client_id=domicile"));
    EXPECT_THAT(setting.posted, HasSubstr("code=the%20code"));
    EXPECT_THAT(setting.posted, HasSubstr("code_verifier=the%20verifier"));
    EXPECT_EQ(setting.authorization, "");
    std::ofstream(setting.folder.file("secret")) << "a:b\n";
    setting.provider.client_secret_file = "secret";
    setting.keep();
    EXPECT_TRUE(co_await redeem(setting));
    EXPECT_EQ(setting.authorization, "Basic " + to_base64("domicile:a%3Ab"));
    EXPECT_THAT(setting.posted, Not(HasSubstr("a%3Ab")));
    setting.provider.client_secret_file = "lost";
    setting.keep();
    const auto lost = co_await redeem(setting);
    EXPECT_FALSE(lost);
    co_return co_await setting.close();
}

HTTP_TEST(providers, the_answer_of_another_provider_is_not_redeemed) {
    Setting setting;
    std::optional<std::string> iss = "https://another.example";
    const auto other = co_await redeem(setting, iss);
    EXPECT_FALSE(other);
    EXPECT_EQ(setting.asked["/token"], 0);
    iss = setting.url();
    const auto own = co_await redeem(setting, iss);
    EXPECT_TRUE(own);
    co_return co_await setting.close();
}

HTTP_TEST(providers, a_browser_is_sent_with_all_that_binds_the_answer) {
    Setting setting;
    Providers::Begin begin{"https://idp/back", "s&", "n", "c", true, "o@b"};
    const auto url = co_await setting.providers.begin(&setting.pool, "Partner", std::move(begin));
    CO_ASSERT(url);
    EXPECT_EQ(*url, setting.url() +
                        "/authorize?tenant=1&response_type=code&client_id=domicile&redirect_uri="
                        "https%3A%2F%2Fidp%2Fback&scope=openid%20email%20profile&state=s%26&nonce=n"
                        "&code_challenge=c&code_challenge_method=S256&prompt=login"
                        "&login_hint=o%40b");
    co_return co_await setting.close();
}

}  // namespace
}  // namespace domicile::federation
