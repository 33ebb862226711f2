// An issuer on this machine, whose documents a test changes, and the tokens that it signs.
#include "gateway/issuer.h"

#include <gmock/gmock.h>

#include "base/json.h"
#include "crypto/jwt.h"
#include "http/testing.h"

namespace domicile::gateway {
namespace {

using crypto::Algorithm;
using crypto::SigningKey;
using http::soon;
using identity::TokenPtr;
using io::Task;

const SigningKey& key(const std::string& name, Algorithm algorithm = Algorithm::es256) {
    static std::map<std::string, SigningKey> keys;
    auto found = keys.find(name);
    if (found == keys.end())
        found = keys.emplace(name, std::move(*SigningKey::generate(algorithm))).first;
    return found->second;
}

struct Login {
    Login() {
        server = http::serve([this](http::Exchange& exchange) { return answer(exchange); });
    }
    std::string url() const { return "http://" + server->local().to_string(); }

    Task<Result<void>> answer(http::Exchange& exchange) {
        http::ResponseHead head;
        head.status = status;
        if (exchange.request().path == "/.well-known/openid-configuration") {
            ++discoveries;
            const std::string body = json::serialize(json::object{
                {"issuer", url()}, {"jwks_uri", jwks_uri.empty() ? url() + "/keys" : jwks_uri}});
            co_return co_await exchange.respond(std::move(head), body);
        }
        ++fetches;
        if (status == 302) head.add("Location", url() + "/elsewhere");
        const std::string body = keys_text();
        while (held) co_await io::sleep_for(Millis(1));
        co_return co_await exchange.respond(std::move(head), body);
    }
    std::string keys_text() const {
        if (!text.empty()) return text;
        json::array list;
        for (const std::string& name : names) list.push_back(key(name).public_jwk());
        return json::serialize(json::object{{"keys", list}});
    }

    std::vector<std::string> names = {"a"};
    std::string text, jwks_uri;
    int status = 200, discoveries = 0, fetches = 0;
    bool held = false;
    std::unique_ptr<http::Server> server;
};

struct Setting {
    Setting() {
        options.issuer = login.url();
        options.audience = {"diary", "other"};
    }
    Issuer& issuer() {
        if (made == nullptr) {
            made = std::make_unique<Issuer>("partner", options,
                                            std::set<std::string>{"eu-central-1", "us-east-2"});
            made->start();
        }
        return *made;
    }
    json::object claims() const {
        return {{"iss", login.url()},
                {"sub", "auth0|17"},
                {"aud", "diary"},
                {"exp", io::system_clock().now().seconds() + 600}};
    }
    std::string token(const std::string& name = "a") const {
        return crypto::sign_jwt(key(name), claims());
    }
    Task<bool> close() {
        if (made != nullptr) co_await made->stop();
        co_await login.server->stop(soon());
        co_return true;
    }

    Login login;
    config::JwtIssuer options;
    std::unique_ptr<Issuer> made;
};

// What is wrong with it, or "".
Task<std::string> verdict(Setting& setting, std::string token) {
    auto found = setting.issuer().lookup(token);
    if (found && *found == nullptr) found = co_await setting.issuer().verify(token);
    co_return found ? "" : std::string(to_string(found.error().code));
}

HTTP_TEST(issuer, a_token_is_checked_with_the_keys_that_discovery_leads_to) {
    Setting setting;
    const std::string good = setting.token();
    EXPECT_EQ(co_await verdict(setting, good), "");
    const auto hit = setting.issuer().lookup(good);
    CO_ASSERT(hit && *hit != nullptr);
    EXPECT_EQ((*hit)->sub, "auth0|17");
    EXPECT_EQ((*hit)->home, "");
    EXPECT_EQ((*hit)->claims.at("aud"), json::value("diary"));
    EXPECT_EQ(setting.login.discoveries, 1);
    EXPECT_EQ(setting.login.fetches, 1);
    co_return co_await setting.close();
}

HTTP_TEST(issuer, keys_of_both_algorithms_from_a_url_that_was_given) {
    Setting setting;
    setting.options.jwks_url = setting.login.url() + "/keys?v=2";
    setting.login.names = {"a", "rsa"};
    (void)key("rsa", Algorithm::rs256);
    EXPECT_EQ(co_await verdict(setting, setting.token("rsa")), "");
    EXPECT_EQ(co_await verdict(setting, setting.token("a")), "");
    EXPECT_EQ(setting.login.discoveries, 0);
    co_return co_await setting.close();
}

HTTP_TEST(issuer, claims_that_are_not_for_us_are_refused_before_any_key_is_looked_for) {
    Setting setting;
    EXPECT_EQ(co_await verdict(setting, setting.token()), "");
    const std::int64_t now = io::system_clock().now().seconds();
    const json::array changes = {
        {"iss", "https://elsewhere.example"},
        {"iss", setting.login.url() + "/"},
        {"iss", nullptr},
        {"aud", "diary2"},
        {"aud", json::array{"x", "y"}},
        {"aud", json::array{}},
        {"aud", nullptr},
        {"aud", 1},
        {"exp", now - 31},
        {"exp", nullptr},
        {"exp", "9999999999"},
        {"exp", -1},
        {"exp", 1e300},
        {"nbf", now + 60},
        {"nbf", "soon"},
        {"sub", ""},
        {"sub", nullptr},
        {"sub", std::string(256, 's')},
    };
    for (const json::value& change : changes) {
        const std::string name(change.at(0).as_string());
        const json::value& value = change.at(1);
        json::object claims = setting.claims();
        claims[name] = value;
        if (value.is_null()) claims.erase(name);
        std::string token = crypto::sign_jwt(key("nobody's"), claims);
        EXPECT_EQ(co_await verdict(setting, token), "unauthenticated") << name << value;
        token = crypto::sign_jwt(key("a"), claims);
        EXPECT_EQ(co_await verdict(setting, token), "unauthenticated") << name << value;
    }
    EXPECT_EQ(setting.login.fetches, 1);
    co_return co_await setting.close();
}

HTTP_TEST(issuer, audiences_clocks_and_fractions_are_taken_as_the_standard_has_them) {
    Setting setting;
    const std::int64_t now = io::system_clock().now().seconds();
    const json::array changes = {
        {"aud", json::array{"x", "other"}},      {"exp", now - 5},  // within the leeway
        {"exp", static_cast<double>(now) + 0.5}, {"nbf", now + 5}, {"nbf", now - 100},
        {"sub", std::string(255, 's')}};
    for (const json::value& change : changes) {
        const std::string name(change.at(0).as_string());
        const json::value& value = change.at(1);
        json::object claims = setting.claims();
        claims[name] = value;
        std::string token = crypto::sign_jwt(key("a"), claims);
        EXPECT_EQ(co_await verdict(setting, token), "") << name << value;
    }
    json::object claims = setting.claims();
    claims.erase("aud");
    claims["client_id"] = "diary";
    std::string token = crypto::sign_jwt(key("a"), claims);
    EXPECT_EQ(co_await verdict(setting, token), "") << "Cognito's access tokens have no audience";
    co_return co_await setting.close();
}

HTTP_TEST(issuer, a_signature_that_is_another_ones_is_refused) {
    Setting setting;
    std::string token = setting.token();
    const std::size_t dot = token.rfind('.');
    const std::string other = setting.token("b");
    const std::string forged = token.substr(0, dot) + other.substr(other.rfind('.'));
    EXPECT_EQ(co_await verdict(setting, forged), "unauthenticated");
    EXPECT_EQ(co_await verdict(setting, token.substr(0, dot + 1)), "unauthenticated");
    EXPECT_EQ(co_await verdict(setting, "x.y.z"), "unauthenticated");
    EXPECT_EQ(co_await verdict(setting, std::string(9000, 'x')), "unauthenticated");
    co_return co_await setting.close();
}

HTTP_TEST(issuer, the_home_is_what_the_claim_says_if_it_is_a_region) {
    Setting setting;
    setting.options.home_claim = "https://diary.example/home";
    for (const json::value& value : json::array{"eu-central-1", "mars", 7}) {
        const std::string home = value == "eu-central-1" ? "eu-central-1" : "";
        json::object claims = setting.claims();
        claims["https://diary.example/home"] = value;
        const std::string token = crypto::sign_jwt(key("a"), claims);
        const auto verified = co_await setting.issuer().verify(token);
        CO_ASSERT(verified);
        EXPECT_EQ((*verified)->home, home);
    }
    co_return co_await setting.close();
}

Task<void> expect_good(Setting* setting, std::string token, int* good, int* ended) {
    const std::string wrong = co_await verdict(*setting, std::move(token));
    EXPECT_EQ(wrong, "");
    *good += wrong.empty() ? 1 : 0;
    ++*ended;
}

HTTP_TEST(issuer, a_new_key_is_good_from_its_first_token_on_for_all_who_come_at_once) {
    Setting setting;
    EXPECT_EQ(co_await verdict(setting, setting.token()), "");
    for (const std::string name : {"b", "c"}) {
        setting.login.names.push_back(name);
        int good = 0, ended = 0;
        for (int i = 0; i < 50; ++i) {
            json::object claims = setting.claims();
            claims["jti"] = i;
            io::spawn(expect_good(&setting, crypto::sign_jwt(key(name), claims), &good, &ended));
        }
        while (ended < 50) co_await io::sleep_for(Millis(1));
        EXPECT_EQ(good, 50);
    }
    EXPECT_LE(setting.login.fetches, 3) << "who waits shares a fetch";
    EXPECT_EQ(co_await verdict(setting, setting.token("a")), "") << "as long as it is published";
    co_return co_await setting.close();
}

HTTP_TEST(issuer, a_key_published_while_a_fetch_is_under_way_is_found_by_the_next) {
    Setting setting;
    setting.login.held = true;
    (void)setting.issuer();
    while (setting.login.fetches == 0) co_await io::sleep_for(Millis(1));
    setting.login.names = {"a", "b"};  // not in what is on its way
    int good = 0, ended = 0;
    io::spawn(expect_good(&setting, setting.token("b"), &good, &ended));
    setting.login.held = false;
    while (ended < 1) co_await io::sleep_for(Millis(1));
    EXPECT_EQ(good, 1);
    EXPECT_EQ(setting.login.fetches, 2);
    co_return co_await setting.close();
}

HTTP_TEST(issuer, made_up_key_ids_cost_the_issuer_one_fetch_a_second_at_most) {
    Setting setting;
    EXPECT_EQ(co_await verdict(setting, setting.token()), "");
    const Instant start = io::Executor::current().clock().monotonic();
    int ended = 0;
    for (int i = 0; i < 30; ++i) {
        struct Ask {
            static Task<void> run(Setting* setting, std::string token, int* ended) {
                EXPECT_EQ(co_await verdict(*setting, std::move(token)), "unauthenticated");
                ++*ended;
            }
        };
        io::spawn(Ask::run(&setting, setting.token("nobody " + std::to_string(i)), &ended));
    }
    while (ended < 30) co_await io::sleep_for(Millis(1));
    const Millis taken = io::Executor::current().clock().monotonic() - start;
    EXPECT_LE(setting.login.fetches, 2 + taken / Seconds(1));
    co_return co_await setting.close();
}

HTTP_TEST(issuer, a_key_that_was_taken_back_counts_no_more_also_for_tokens_seen_before) {
    Setting setting;
    const std::string old = setting.token("a");
    EXPECT_EQ(co_await verdict(setting, old), "");
    setting.login.names = {"b"};
    EXPECT_EQ(co_await verdict(setting, setting.token("b")), "");
    EXPECT_EQ(co_await verdict(setting, old), "unauthenticated");
    co_return co_await setting.close();
}

HTTP_TEST(issuer, while_the_issuer_is_down_its_known_keys_go_on_and_unknown_ones_are_unsure) {
    Setting setting;
    EXPECT_EQ(co_await verdict(setting, setting.token()), "");
    setting.login.status = 500;
    EXPECT_EQ(co_await verdict(setting, setting.token("b")), "unavailable");
    EXPECT_EQ(co_await verdict(setting, setting.token("a")), "");
    const int before = setting.login.fetches + setting.login.discoveries;
    EXPECT_EQ(co_await verdict(setting, setting.token("b")), "unavailable");
    EXPECT_EQ(setting.login.fetches + setting.login.discoveries, before) << "is left in peace";
    co_return co_await setting.close();
}

HTTP_TEST(issuer, keys_that_could_not_be_refreshed_for_too_long_count_for_nothing) {
    Setting setting;
    setting.options.stale_seconds = 0;  // from the next millisecond on
    const std::string token = setting.token();
    (void)setting.issuer();
    while (setting.login.fetches == 0) co_await io::sleep_for(Millis(1));
    setting.login.status = 503;
    std::string verdict_then;
    while (verdict_then != "unavailable") {
        verdict_then = co_await verdict(setting, token);
        EXPECT_NE(verdict_then, "unauthenticated");
        co_await io::sleep_for(Millis(1));
    }
    co_return co_await setting.close();
}

// What the issuer says in place of its keys, and that it leads to nothing.
Task<bool> refused(Setting& setting) {
    EXPECT_EQ(co_await verdict(setting, setting.token()), "unavailable");
    EXPECT_LE(setting.login.fetches, 1);
    co_return co_await setting.close();
}

HTTP_TEST(issuer, a_redirect_is_not_followed) {
    Setting setting;
    setting.options.jwks_url = setting.login.url() + "/keys";
    setting.login.status = 302;
    co_return co_await refused(setting);
}

HTTP_TEST(issuer, a_document_that_is_too_large_is_not_read_to_its_end) {
    Setting setting;
    std::string text = setting.login.keys_text();
    text.pop_back();
    setting.login.text = text + ",\"x\":\"" + std::string(8 << 20, 'x') + "\"}";
    co_return co_await refused(setting);
}

HTTP_TEST(issuer, a_discovery_document_that_leads_away_from_tls_is_not_believed) {
    Setting setting;
    setting.login.jwks_uri = "http://192.0.2.1/keys";
    co_return co_await refused(setting);
}

HTTP_TEST(issuer, no_answer_is_no_keys) {
    Setting setting;
    const auto gone =
        http::serve([](http::Exchange& exchange) { return exchange.respond({}, ""); });
    setting.options.jwks_url = "http://" + gone->local().to_string() + "/keys";
    co_await gone->stop(soon());
    co_return co_await refused(setting);
}

}  // namespace
}  // namespace domicile::gateway
