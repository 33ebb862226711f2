#include "federation/id_token.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace domicile::federation {
namespace {

constexpr Timestamp kNow{1'900'000'000'000};
const Expected kExpected{"https://login.example", "domicile", "the nonce", "an access token"};

json::object claims() {
    return {
        {"iss", "https://login.example"}, {"aud", "domicile"},     {"sub", "17"},
        {"nonce", "the nonce"},           {"iat", kNow.seconds()}, {"exp", kNow.seconds() + 300}};
}

bool is_good(const json::object& said) { return check_id_token(said, kExpected, kNow).has_value(); }

json::object with(const char* name, json::value value) {
    json::object out = claims();
    out[name] = std::move(value);
    return out;
}
json::object without(const char* name) {
    json::object out = claims();
    out.erase(name);
    return out;
}

TEST(IdToken, a_good_one_names_its_subject) {
    EXPECT_EQ(check_id_token(claims(), kExpected, kNow), "17");
}

TEST(IdToken, each_claim_that_has_to_be_there_is_asked_for) {
    for (const char* name : {"iss", "aud", "sub", "nonce", "iat", "exp"}) {
        EXPECT_FALSE(is_good(without(name))) << name;
    }
}

TEST(IdToken, another_issuer_nonce_or_audience_is_refused) {
    EXPECT_FALSE(is_good(with("iss", "https://login.example/")));
    EXPECT_FALSE(is_good(with("nonce", "another")));
    EXPECT_FALSE(is_good(with("nonce", 1)));
    EXPECT_FALSE(is_good(with("aud", "another")));
    EXPECT_FALSE(is_good(with("aud", json::array{})));
}

TEST(IdToken, of_several_audiences_azp_says_whose_it_is) {
    json::object said = with("aud", json::array{"another", "domicile"});
    EXPECT_FALSE(is_good(said));
    said["azp"] = "another";
    EXPECT_FALSE(is_good(said));
    said["azp"] = "domicile";
    EXPECT_TRUE(is_good(said));
    EXPECT_TRUE(is_good(with("aud", json::array{"domicile"})));
    EXPECT_FALSE(is_good(with("azp", "another")));
}

TEST(IdToken, it_is_of_now) {
    EXPECT_TRUE(is_good(with("exp", kNow.seconds() - 29)));
    EXPECT_FALSE(is_good(with("exp", kNow.seconds() - 30)));
    EXPECT_FALSE(is_good(with("exp", "tomorrow")));
    EXPECT_FALSE(is_good(with("exp", -1)));
    EXPECT_FALSE(is_good(with("iat", kNow.seconds() + 31)));
    EXPECT_FALSE(is_good(with("iat", kNow.seconds() - 900)));
    EXPECT_FALSE(is_good(with("nbf", kNow.seconds() + 31)));
    EXPECT_TRUE(is_good(with("nbf", kNow.seconds() + 30)));
}

TEST(IdToken, at_hash_binds_the_access_token_where_it_is_there) {
    const std::string half = crypto::sha256(*kExpected.access_token).substr(0, 16);
    EXPECT_TRUE(is_good(with("at_hash", json::value(to_base64url(half)))));
    EXPECT_FALSE(is_good(with("at_hash", "another")));
}

TEST(IdToken, an_error_never_says_what_was_claimed) {
    const auto refused = check_id_token(with("nonce", "a secret"), kExpected, kNow);
    ASSERT_FALSE(refused);
    EXPECT_FALSE(refused.error().message.contains("secret"));
    EXPECT_EQ(refused.error().reason, identity::reason::kProviderAnswer);
}

config::IdentityProvider provider() {
    config::IdentityProvider out;
    out.name = "Partner";
    out.attributes = {{"email", "email"}, {"name", "display"}, {"custom:level", "level"}};
    return out;
}

TEST(IdToken, claims_become_the_attributes_that_they_are_mapped_to) {
    const json::object said{{"email", "a@b.example"},
                            {"email_verified", true},
                            {"display", "A"},
                            {"level", 3},
                            {"phone_number", "+49"}};
    const identity::Attributes expected{
        {"email", "a@b.example"}, {"email_verified", "true"}, {"name", "A"}, {"custom:level", "3"}};
    EXPECT_EQ(map_claims(provider(), said), expected);
    EXPECT_FALSE(lacks_claims(provider(), said));
}

TEST(IdToken, an_address_is_verified_only_where_the_provider_says_so_of_this_one) {
    const auto verified = [](const config::IdentityProvider& from, const json::object& said) {
        return map_claims(from, said)["email_verified"];
    };
    EXPECT_EQ(verified(provider(), {{"email", "a@b.example"}}), "false");
    EXPECT_EQ(verified(provider(), {{"email", "a@b.example"}, {"email_verified", "yes"}}), "false");
    EXPECT_EQ(verified(provider(), {{"email_verified", true}}), "false");
    config::IdentityProvider other = provider();
    other.attributes["email"] = "upn";
    EXPECT_EQ(verified(other, {{"upn", "a@b.example"}, {"email_verified", true}}), "false");
    other.attributes["email_verified"] = "xms_edov";
    EXPECT_EQ(verified(other, {{"upn", "a@b.example"}, {"xms_edov", true}}), "true");
}

TEST(IdToken, what_is_no_text_is_left_out) {
    const json::object said{{"email", json::array{"a@b.example"}}, {"display", nullptr}};
    EXPECT_EQ(map_claims(provider(), said), (identity::Attributes{{"email_verified", "false"}}));
    EXPECT_TRUE(lacks_claims(provider(), said));
}

}  // namespace
}  // namespace domicile::federation
