// Making and using passkeys: what Chromium's authenticator answers is taken, and whatever of it is
// not as it should be is refused for its own reason.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <sstream>

#include "webauthn/ceremony.h"
#include "webauthn/options.h"
#include "webauthn/testing.h"

namespace domicile::webauthn {
namespace {

using testing::Authenticator;

const Expected kExpected{"the challenge", "example.com", {}, false};

Result<NewCredential> registered(const Authenticator& authenticator,
                                 const Expected& expected = kExpected) {
    TRY(const auto response, read_registration_response(authenticator.make("the challenge")));
    return verify_registration(response, expected);
}

Result<Assertion> asserted(const Authenticator& authenticator,
                           const Expected& expected = kExpected) {
    TRY(const auto response, read_assertion_response(authenticator.use("the challenge")));
    return verify_assertion(response, expected, authenticator.cose_key());
}

// Refused for the reason when it is made, and when it is used.
void expect_refused(const char* why, const std::function<void(Authenticator&)>& change,
                    const Expected& expected = kExpected) {
    Authenticator authenticator;
    ASSERT_TRUE(registered(authenticator));
    change(authenticator);
    const auto made = registered(authenticator, expected);
    const auto used = asserted(authenticator, expected);
    ASSERT_FALSE(made) << why;
    ASSERT_FALSE(used) << why;
    EXPECT_EQ(made.error().reason, why);
    EXPECT_EQ(used.error().reason, why);
}

json::object chromium_vectors() {
    std::ifstream file(DOMICILE_TESTDATA "/chromium_vectors.json");  // by make_vectors.mjs
    std::stringstream text;
    text << file.rdbuf();
    return parse_json_object(text.str()).value();
}

TEST(WebAuthn, what_chromium_makes_and_uses_is_taken_for_every_kind_of_key) {
    const json::object vectors = chromium_vectors();
    ASSERT_EQ(vectors.size(), 3u);
    for (const auto& vector : vectors) {
        const json::object& of = vector.value().as_object();
        const auto made = read_registration_response(json::serialize(of.at("made")));
        const auto used = read_assertion_response(json::serialize(of.at("got")));
        ASSERT_TRUE(made && used);
        EXPECT_EQ(made->transports, std::vector<std::string>{"internal"});
        EXPECT_EQ(made->attachment, "platform");
        Expected expected{"challenge of the registration", "localhost", {}, true};
        const auto credential = verify_registration(*made, expected);
        ASSERT_TRUE(credential) << vector.key() << credential.error().message;
        EXPECT_EQ(credential->credential.id, used->id);
        EXPECT_TRUE(credential->user_verified);
        expected.challenge = "challenge of the assertion";
        const auto assertion = verify_assertion(*used, expected, credential->credential.public_key);
        ASSERT_TRUE(assertion) << vector.key() << assertion.error().message;
        EXPECT_TRUE(counter_goes_on(credential->counter, assertion->counter));
        EXPECT_EQ(used->user_handle, "user" + std::string(vector.key()));
        for (std::size_t at : {std::size_t{5}, used->signature.size() - 1}) {
            AssertionResponse other = *used;
            other.signature[at] ^= 1;
            EXPECT_FALSE(verify_assertion(other, expected, credential->credential.public_key));
        }
        AssertionResponse longer = *used;
        longer.signature += '\0';
        EXPECT_FALSE(verify_assertion(longer, expected, credential->credential.public_key));
        AssertionResponse counted = *used;
        counted.authenticator_data.back() ^= 1;
        const auto refused = verify_assertion(counted, expected, credential->credential.public_key);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().reason, reason::kSignature);
    }
}

TEST(WebAuthn, another_challenge_origin_or_relying_party_is_refused) {
    expect_refused(reason::kChallenge, [](auto&) {}, {"another", "example.com", {}, false});
    expect_refused(reason::kOrigin, [](auto& is) { is.origin = "https://example.com.evil.org"; });
    expect_refused(reason::kOrigin, [](auto& is) { is.origin = "http://example.com"; });
    expect_refused(reason::kOrigin, [](auto& is) { is.cross_origin = true; });
    expect_refused(reason::kRelyingParty,
                   [](auto& is) { is.relying_party_id = "app.example.com"; });
    const Expected listed{"the challenge", "example.com", {"https://example.com"}, false};
    expect_refused(reason::kOrigin, [](auto&) {}, listed);
    Authenticator authenticator;
    authenticator.origin = "https://example.com";
    EXPECT_TRUE(registered(authenticator, listed));
    EXPECT_TRUE(asserted(authenticator, listed));
}

TEST(WebAuthn, its_user_has_to_be_there_and_to_be_verified_where_that_is_asked_for) {
    expect_refused(reason::kMalformed, [](auto& is) { is.present = false; });
    const Expected verified{"the challenge", "example.com", {}, true};
    expect_refused(reason::kUnsupported, [](auto& is) { is.verifies = false; }, verified);
    Authenticator authenticator;
    authenticator.verifies = false;
    EXPECT_FALSE(asserted(authenticator)->user_verified);
    authenticator.verifies = true;
    EXPECT_TRUE(asserted(authenticator, verified)->user_verified);
}

TEST(WebAuthn, a_signature_of_another_key_is_refused) {
    const Authenticator one, other;
    const auto response = read_assertion_response(other.use("the challenge"));
    const auto refused = verify_assertion(*response, kExpected, one.cose_key());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, reason::kSignature);
}

TEST(WebAuthn, an_answer_to_one_ceremony_is_none_to_the_other) {
    const Authenticator authenticator;
    auto response = *read_assertion_response(authenticator.use("the challenge"));
    response.client_data = authenticator.client_data("webauthn.create", "the challenge");
    EXPECT_FALSE(verify_assertion(response, kExpected, authenticator.cose_key()));
    auto made = *read_registration_response(authenticator.make("the challenge"));
    made.client_data = authenticator.client_data("webauthn.get", "the challenge");
    EXPECT_FALSE(verify_registration(made, kExpected));
    made.client_data = authenticator.client_data("webauthn.create", "the challenge");
    made.id = "another credential";
    EXPECT_FALSE(verify_registration(made, kExpected));
}

TEST(WebAuthn, attestation_is_neither_asked_for_nor_believed) {
    Authenticator authenticator;
    authenticator.format = "packed";
    authenticator.statement = "\xa1" + testing::text("sig") + testing::bytes("of nobody");
    EXPECT_TRUE(registered(authenticator));
    authenticator.format = "none";
    EXPECT_FALSE(registered(authenticator));
}

TEST(WebAuthn, origins_are_the_relying_party_and_hosts_below_it) {
    for (const char* origin : {"https://example.com", "https://app.example.com:8443"}) {
        EXPECT_TRUE(is_origin_of(origin, "example.com")) << origin;
    }
    for (const char* origin :
         {"https://badexample.com", "https://com", "http://app.example.com", "https://example.com/",
          "https://example.com:", "https://example.com:x", "https://u@example.com", "example.com",
          "android:apk-key-hash:x", "", "null"}) {
        EXPECT_FALSE(is_origin_of(origin, "example.com")) << origin;
    }
    EXPECT_TRUE(is_origin_of("http://localhost:5173", "localhost"));
    EXPECT_TRUE(is_origin_of("http://app.localhost", "localhost"));
}

TEST(WebAuthn, a_counter_has_to_grow_if_there_is_one) {
    EXPECT_TRUE(counter_goes_on(0, 0));
    EXPECT_TRUE(counter_goes_on(0, 7));
    EXPECT_TRUE(counter_goes_on(7, 8));
    EXPECT_FALSE(counter_goes_on(7, 7));
    EXPECT_FALSE(counter_goes_on(7, 6));
    EXPECT_FALSE(counter_goes_on(7, 0));
}

TEST(WebAuthn, answers_that_are_none_are_malformed) {
    const Authenticator authenticator;
    const std::string good = authenticator.use("the challenge");
    ASSERT_TRUE(read_assertion_response(good));
    for (const auto& [from, to] : {std::pair<const char*, const char*>{"rawId", "rawI"},
                                   {"public-key", "password"},
                                   {"clientDataJSON", "clientData"},
                                   {"signature\":\"", "signature\":\"*"}}) {
        std::string bad = good;
        bad.replace(bad.find(from), std::string_view(from).size(), to);
        const auto refused = read_assertion_response(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().reason, reason::kMalformed);
    }
    EXPECT_FALSE(read_assertion_response("[]"));
    EXPECT_FALSE(read_registration_response(good));
    std::string data = authenticator.data(true);
    EXPECT_TRUE(read_authenticator_data(data));
    for (std::size_t size = 0; size < data.size(); ++size) {
        EXPECT_FALSE(read_authenticator_data(data.substr(0, size))) << size;
    }
    EXPECT_FALSE(read_authenticator_data(data + "x"));
}

TEST(WebAuthn, options_are_what_browsers_read) {
    const json::object asked = request_options({"example.com", "abc", "required", 1000});
    EXPECT_EQ(json::serialize(asked),
              R"({"challenge":"YWJj","timeout":1000,"rpId":"example.com","allowCredentials":[],)"
              R"("userVerification":"required"})");
    CreationRequest wanted;
    wanted.relying_party_id = "example.com";
    wanted.user_id = "u";
    wanted.known.push_back({"id", {"usb"}});
    const json::object made = creation_options(wanted);
    EXPECT_EQ(made.at("attestation").as_string(), "none");
    EXPECT_EQ(made.at("authenticatorSelection").at("residentKey").as_string(), "required");
    EXPECT_EQ(made.at("excludeCredentials").at(0).at("id").as_string(), "aWQ");
    EXPECT_EQ(made.at("pubKeyCredParams").at(0).at("alg").as_int64(), -7);
}

}  // namespace
}  // namespace domicile::webauthn
