#include "functions/authorizer.h"

#include <gtest/gtest.h>

namespace domicile::functions {
namespace {

HttpCall call(std::string path = "/entries/1") {
    HttpCall out;
    out.method = "GET";
    out.path = std::move(path);
    out.query = "key=k";
    out.route = "/entries/{id}";
    out.host = "app.example.org";
    out.request_id = "r-1";
    out.headers = {{"X-Token", "t"}};
    out.path_parameters = {{"id", "1"}};
    out.body = "not for it";
    out.time = Timestamp{1'795'378'613'123};
    out.domicile = {{"region", "r1"}};
    return out;
}

const std::string kArn = "arn:aws:execute-api:r1:000000000000:domicile/$default/GET/entries/1";

TEST(Authorizer, events_have_the_call_without_its_body) {
    EXPECT_EQ(method_arn("r1", call(), true), kArn);
    const json::object v2 = authorizer_event_v2(call(), kArn, {"t", "k"});
    EXPECT_EQ(v2.at("version"), "2.0");
    EXPECT_EQ(v2.at("type"), "REQUEST");
    EXPECT_EQ(v2.at("routeArn").as_string(), kArn);
    EXPECT_EQ(v2.at("identitySource"), (json::array{"t", "k"}));
    EXPECT_EQ(v2.at("routeKey"), "GET /entries/{id}");
    EXPECT_EQ(v2.at("headers"), (json::object{{"x-token", "t"}}));
    EXPECT_EQ(v2.at("requestContext").at("http").at("method"), "GET");
    EXPECT_FALSE(v2.contains("body") || v2.contains("isBase64Encoded"));

    const std::string arn = method_arn("r1", call(), false);
    EXPECT_EQ(arn, "arn:aws:execute-api:r1:000000000000:domicile/prod/GET/entries/1");
    const json::object v1 = authorizer_event_v1(call(), arn, {"t", "k"});
    EXPECT_EQ(v1.at("version"), "1.0");
    EXPECT_EQ(v1.at("methodArn").as_string(), arn);
    EXPECT_EQ(v1.at("identitySource"), "t,k");
    EXPECT_EQ(v1.at("authorizationToken"), "t,k");
    EXPECT_EQ(v1.at("httpMethod"), "GET");
    EXPECT_FALSE(v1.contains("body") || v1.contains("isBase64Encoded"));

    EXPECT_EQ(authorizer_token_event("caf\xe9", arn),
              (json::object{
                  {"type", "TOKEN"}, {"authorizationToken", "caf\xc3\xa9"}, {"methodArn", arn}}));
}

TEST(Authorizer, a_path_has_one_spelling_in_arns) {
    const auto path = [](std::string text) {
        return method_arn("r1", call(std::move(text)), true).substr(kArn.find("/entries"));
    };
    EXPECT_EQ(path("/entries/%73ecret"), "/entries/secret");
    EXPECT_EQ(path("/entries/%2fx%2Fy"), "/entries/%2Fx%2Fy");
    EXPECT_EQ(path("/a%"), "/a%");
    EXPECT_EQ(path("/a%zz%4"), "/a%zz%4");
}

TEST(Authorizer, patterns_match_with_stars_and_question_marks) {
    for (const auto& [pattern, fits] :
         std::vector<std::pair<std::string, bool>>{{"*", true},
                                                   {"arn:*/GET/*", true},
                                                   {"arn:*/GET/entries/?", true},
                                                   {"arn:*/PUT/*", false},
                                                   {"arn:*/GET/entries", false},
                                                   {"arn:*/GET/entries/??", false},
                                                   {kArn, true},
                                                   {kArn + "*", true},
                                                   {"", false}})
        EXPECT_EQ(is_like(kArn, pattern), fits) << pattern;
    EXPECT_TRUE(is_like("", "**"));
    EXPECT_TRUE(is_like("abcabd", "*abd"));
}

Result<AuthorizerAnswer> policy(const std::string& statements, bool v2 = true) {
    return parse_authorizer_answer(R"({"principalId": "p", "policyDocument": {"Version": )"
                                   R"("2012-10-17", "Statement": )" +
                                       statements + "}}",
                                   v2);
}

TEST(Authorizer, a_policy_allows_what_it_names_and_a_denial_wins) {
    const std::string allow =
        R"({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"})";
    const std::string deny =
        R"({"Sid": "x", "Effect": "Deny", "Action": ["execute-api:*"], "Resource": ["arn:*/GET/entries/1"]})";
    for (const bool v2 : {false, true}) {
        EXPECT_TRUE(policy(allow, v2)->allows(kArn));
        EXPECT_TRUE(policy("[" + allow + "]", v2)->allows(kArn));
        EXPECT_FALSE(policy("[" + allow + "," + deny + "]", v2)->allows(kArn));
        EXPECT_FALSE(policy("[" + deny + "," + allow + "]", v2)->allows(kArn));
        EXPECT_TRUE(policy("[" + deny + "," + allow + "]", v2)->allows(kArn + "0"));
        EXPECT_FALSE(policy("[]", v2)->allows(kArn));
        // About something else.
        EXPECT_FALSE(
            policy(R"({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})", v2)->allows(kArn));
    }
}

TEST(Authorizer, what_a_policy_says_that_is_not_looked_at_is_no_answer) {
    for (
        const char* statement :
        {R"({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*", "Condition": {}})",
         R"({"Effect": "Allow", "NotAction": "execute-api:Invoke", "Resource": "*"})",
         R"({"Effect": "Allow", "Action": "execute-api:Invoke", "NotResource": "*"})",
         R"({"Effect": "allow", "Action": "execute-api:Invoke", "Resource": "*"})",
         R"({"Effect": "Allow", "Action": 1, "Resource": "*"})",
         R"({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": []})", "1", "[1]"})
        EXPECT_FALSE(policy(statement).has_value()) << statement;
}

TEST(Authorizer, the_simple_form_is_of_format_2_and_nothing_contradicts_it) {
    const auto v2 = [](const char* text) { return parse_authorizer_answer(text, true); };
    EXPECT_TRUE(v2(R"({"isAuthorized": true})")->allows(kArn));
    EXPECT_FALSE(v2(R"({"isAuthorized": false, "context": {"a": [1]}})")->allows(kArn));
    EXPECT_EQ(v2(R"({"isAuthorized": true, "context": {"a": [1]}})")->context,
              (json::object{{"a", {1}}}));
    for (const char* text :
         {"", "1", "{}", "null", R"({"isAuthorized": "true"})", R"({"isAuthorized": null})",
          R"({"isAuthorized": 1})", R"({"isAuthorized": true, "context": []})",
          R"({"isAuthorized": true, "principalId": 1})",
          R"({"isAuthorized": true, "isAuthorized": false})",
          R"({"isAuthorized": true, "policyDocument": {"Statement": []}})"})
        EXPECT_FALSE(v2(text).has_value()) << text;
    EXPECT_FALSE(parse_authorizer_answer(R"({"isAuthorized": true})", false).has_value());
    const std::string large(kAuthorizerAnswerMax, ' ');
    EXPECT_FALSE(v2((R"({"isAuthorized": true})" + large).c_str()).has_value());
}

TEST(Authorizer, format_1_names_a_principal_and_has_a_flat_context) {
    const auto v1 = [](const std::string& more) {
        return parse_authorizer_answer(R"({"policyDocument": {"Statement": []})" + more + "}",
                                       false);
    };
    EXPECT_FALSE(v1("").has_value());
    const auto answer =
        v1(R"(, "principalId": "p", "context": {"n": 1, "b": true}, "usageIdentifierKey": "k")");
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->principal, "p");
    EXPECT_EQ(answer->usage_key, "k");
    EXPECT_FALSE(v1(R"(, "principalId": "p", "context": {"a": {}}})").has_value());
}

TEST(Authorizer, what_it_said_reaches_the_functions_behind) {
    const json::object context{{"plan", "gold"}, {"n", 1}, {"list", {1}}};
    HttpCall told = call();
    told.authorizer = &context;
    told.principal = "p";
    EXPECT_EQ(http_event_v2(told).at("requestContext").at("authorizer"),
              (json::object{{"lambda", context}}));
    EXPECT_EQ(rest_event_v1(told).at("requestContext").at("authorizer"),
              (json::object{{"plan", "gold"}, {"n", "1"}, {"list", "[1]"}, {"principalId", "p"}}));
}

TEST(Authorizer, unauthorized_is_said_by_an_error) {
    EXPECT_TRUE(is_unauthorized(R"({"errorType": "Error", "errorMessage": "Unauthorized"})"));
    EXPECT_FALSE(is_unauthorized(R"({"errorMessage": "unauthorized "})"));
    EXPECT_FALSE(is_unauthorized("x"));
}

}  // namespace
}  // namespace domicile::functions
