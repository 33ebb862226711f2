#include "federation/metadata.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace domicile::federation {
namespace {

json::object document(const std::string& origin = "https://login.example") {
    return {{"issuer", "https://login.example"},
            {"authorization_endpoint", origin + "/authorize"},
            {"token_endpoint", origin + "/token"},
            {"jwks_uri", origin + "/keys"}};
}

Result<Metadata> parse(const json::object& document) {
    return parse_metadata(json::serialize(document), "https://login.example");
}

TEST(Metadata, what_is_not_said_is_as_the_standard_has_it) {
    const auto found = parse(document());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->token_endpoint.target, "/token");
    EXPECT_TRUE(found->takes_basic);
    EXPECT_FALSE(found->answers_iss);
    EXPECT_FALSE(found->userinfo_endpoint);
}

TEST(Metadata, a_provider_that_takes_secrets_in_the_form_only_is_known) {
    json::object said = document();
    said["token_endpoint_auth_methods_supported"] = json::array{"client_secret_post"};
    said["authorization_response_iss_parameter_supported"] = true;
    said["userinfo_endpoint"] = "https://login.example/me";
    const auto found = parse(said);
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->takes_basic);
    EXPECT_TRUE(found->answers_iss);
    EXPECT_EQ(found->userinfo_endpoint->target, "/me");
}

TEST(Metadata, a_document_of_another_issuer_is_refused) {
    json::object said = document();
    said["issuer"] = "https://login.example/";
    EXPECT_FALSE(parse(said));
}

TEST(Metadata, a_provider_with_tls_leads_nowhere_without_it) {
    for (const char* origin : {"http://login.example", "http://127.0.0.1:8080", "ftp://x", ""}) {
        EXPECT_FALSE(parse(document(origin))) << origin;
    }
}

TEST(Metadata, a_document_that_lacks_an_endpoint_is_refused) {
    for (const char* name : {"authorization_endpoint", "token_endpoint", "jwks_uri", "issuer"}) {
        json::object said = document();
        said.erase(name);
        EXPECT_FALSE(parse(said)) << name;
    }
}

}  // namespace
}  // namespace domicile::federation
