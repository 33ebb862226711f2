#include "functions/event.h"

#include <gtest/gtest.h>

namespace domicile::functions {
namespace {

const json::object kClaims{{"sub", "s-1"}, {"exp", 1700000000}, {"cognito:groups", {"a", "b"}}};

HttpCall call() {
    HttpCall out;
    out.method = "GET";
    out.path = "/entries/a b";
    out.query = "tag=x&tag=y%2Cz&q=a+b&flag";
    out.route = "/entries/{id}";
    out.host = "app.example.org";
    out.source_ip = "192.0.2.7";
    out.user_agent = "Test/1";
    out.request_id = "r-1";
    out.headers = {{"Accept", "text/html"}, {"X-Many", "1"}, {"X-Many", "2"}};
    out.path_parameters = {{"id", "a b"}};
    out.time = Timestamp{1'795'378'613'123};  // 2026-11-22T20:16:53.123Z
    out.claims = &kClaims;
    out.domicile = {{"home", "eu-central-1"}};
    return out;
}

TEST(EventV2, has_exactly_the_members_of_the_http_api) {
    const json::value expected = json::parse(R"({
        "version": "2.0", "routeKey": "GET /entries/{id}", "rawPath": "/entries/a b",
        "rawQueryString": "tag=x&tag=y%2Cz&q=a+b&flag",
        "headers": {"accept": "text/html", "x-many": "1,2"},
        "queryStringParameters": {"tag": "x,y,z", "q": "a b", "flag": ""},
        "pathParameters": {"id": "a b"},
        "requestContext": {
            "accountId": "domicile", "apiId": "domicile", "domainName": "app.example.org",
            "domainPrefix": "app",
            "authorizer": {"jwt": {"claims": {"sub": "s-1", "exp": "1700000000",
                                              "cognito:groups": "[\"a\",\"b\"]"},
                                   "scopes": null}},
            "http": {"method": "GET", "path": "/entries/a b", "protocol": "HTTP/1.1",
                     "sourceIp": "192.0.2.7", "userAgent": "Test/1"},
            "requestId": "r-1", "routeKey": "GET /entries/{id}", "stage": "$default",
            "time": "22/Nov/2026:20:16:53 +0000", "timeEpoch": 1795378613123,
            "domicile": {"home": "eu-central-1"}},
        "isBase64Encoded": false})");
    EXPECT_EQ(json::value(http_event_v2(call())), expected) << http_event_v2(call());
}

TEST(Events, bytes_that_are_not_utf8_are_read_as_latin_1_or_stay_encoded) {
    HttpCall odd = call();
    odd.headers = {{"X-Name", "caf\xe9"}, {"X-Utf8", "caf\xc3\xa9"}, {"Cookie", "a=\xff"}};
    odd.user_agent = "\xe9";
    odd.query = "a=%ff&%fe=1&b=%c3%a9&c=%zz&=x";
    const json::object v2 = http_event_v2(odd);
    EXPECT_TRUE(parse_json(json::serialize(v2)).has_value());
    EXPECT_EQ(v2.at("headers").at("x-name"), "caf\xc3\xa9");
    EXPECT_EQ(v2.at("headers").at("x-utf8"), "caf\xc3\xa9");
    EXPECT_EQ(v2.at("cookies").at(0), "a=\xc3\xbf");
    EXPECT_EQ(v2.at("requestContext").at("http").at("userAgent"), "\xc3\xa9");
    const json::object query{
        {"a", "%ff"}, {"%fe", "1"}, {"b", "\xc3\xa9"}, {"c", "%zz"}, {"", "x"}};
    EXPECT_EQ(v2.at("queryStringParameters"), query);
    const json::object v1 = rest_event_v1(odd);
    EXPECT_TRUE(parse_json(json::serialize(v1)).has_value());
    EXPECT_EQ(v1.at("headers").at("X-Name"), "caf\xc3\xa9");
    EXPECT_EQ(v1.at("queryStringParameters"), query);
}

TEST(EventV2, leaves_out_what_is_not_there) {
    HttpCall bare = call();
    bare.query.clear();
    bare.path_parameters.clear();
    bare.claims = nullptr;
    const json::object event = http_event_v2(bare);
    for (const char* absent : {"queryStringParameters", "pathParameters", "body", "cookies"}) {
        EXPECT_FALSE(event.contains(absent)) << absent;
    }
    EXPECT_EQ(event.at("rawQueryString"), "");
    EXPECT_FALSE(event.at("requestContext").as_object().contains("authorizer"));
}

TEST(EventV2, cookies_stand_alone) {
    HttpCall with = call();
    with.headers = {{"Cookie", "a=1; b=2"}, {"X", "y"}, {"cookie", "c=3"}};
    const json::object event = http_event_v2(with);
    EXPECT_EQ(event.at("cookies"), (json::array{"a=1", "b=2", "c=3"})) << event;
    EXPECT_EQ(event.at("headers"), (json::object{{"x", "y"}}));
}

TEST(EventV1, has_exactly_the_members_of_the_rest_api) {
    const json::value expected = json::parse(R"({
        "version": "1.0", "resource": "/entries/{id}", "path": "/entries/a b",
        "httpMethod": "GET",
        "headers": {"Accept": "text/html", "X-Many": "2"},
        "multiValueHeaders": {"Accept": ["text/html"], "X-Many": ["1", "2"]},
        "queryStringParameters": {"tag": "y,z", "q": "a b", "flag": ""},
        "multiValueQueryStringParameters": {"tag": ["x", "y,z"], "q": ["a b"], "flag": [""]},
        "pathParameters": {"id": "a b"}, "stageVariables": null,
        "requestContext": {
            "accountId": "domicile", "apiId": "domicile",
            "authorizer": {"claims": {"sub": "s-1", "exp": "1700000000",
                                      "cognito:groups": "[\"a\",\"b\"]"}},
            "domainName": "app.example.org", "domainPrefix": "app", "extendedRequestId": "r-1",
            "httpMethod": "GET",
            "identity": {"accessKey": null, "accountId": null, "caller": null,
                         "cognitoAuthenticationProvider": null, "cognitoAuthenticationType": null,
                         "cognitoIdentityId": null, "cognitoIdentityPoolId": null,
                         "principalOrgId": null, "sourceIp": "192.0.2.7", "user": null,
                         "userAgent": "Test/1", "userArn": null},
            "path": "/entries/a b", "protocol": "HTTP/1.1", "requestId": "r-1",
            "requestTime": "22/Nov/2026:20:16:53 +0000", "requestTimeEpoch": 1795378613123,
            "resourceId": "/entries/{id}", "resourcePath": "/entries/{id}", "stage": "prod",
            "domicile": {"home": "eu-central-1"}},
        "body": null, "isBase64Encoded": false})");
    EXPECT_EQ(json::value(rest_event_v1(call())), expected) << rest_event_v1(call());
}

TEST(EventV1, says_null_for_what_is_not_there) {
    HttpCall bare = call();
    bare.query.clear();
    bare.headers.clear();
    bare.path_parameters.clear();
    bare.claims = nullptr;
    const json::object event = rest_event_v1(bare);
    for (const char* null : {"queryStringParameters", "multiValueQueryStringParameters",
                             "pathParameters", "stageVariables", "body"}) {
        EXPECT_TRUE(event.at(null).is_null()) << null;
    }
    EXPECT_FALSE(event.at("requestContext").as_object().contains("authorizer"));
}

TEST(Event, text_bodies_go_as_they_are_and_others_in_base64) {
    HttpCall with = call();
    with.body = "gr\xc3\xbc\xc3\x9f";
    EXPECT_EQ(http_event_v2(with).at("body"), "gr\xc3\xbc\xc3\x9f");
    EXPECT_EQ(rest_event_v1(with).at("isBase64Encoded"), false);
    with.body = std::string("\xff\x00\x01", 3);
    EXPECT_EQ(http_event_v2(with).at("body"), "/wAB");
    EXPECT_EQ(http_event_v2(with).at("isBase64Encoded"), true);
    EXPECT_EQ(rest_event_v1(with).at("body"), "/wAB");
    EXPECT_EQ(rest_event_v1(with).at("isBase64Encoded"), true);
}

std::vector<std::string> values(const HttpReply& reply, std::string_view name) {
    std::vector<std::string> out;
    for (const auto& [header, value] : reply.headers) {
        if (header == name) out.push_back(value);
    }
    return out;
}
using Values = std::vector<std::string>;

TEST(Reply, status_headers_and_body_are_taken_over) {
    for (const bool v2 : {false, true}) {
        const auto reply = parse_reply(
            R"({"statusCode":201,"headers":{"X-A":"b","X-N":5,"Content-Type":"text/plain"},
                "body":"made","isBase64Encoded":false})",
            v2);
        ASSERT_TRUE(reply);
        EXPECT_EQ(reply->status, 201);
        EXPECT_EQ(values(*reply, "X-A"), Values{"b"});
        EXPECT_EQ(values(*reply, "X-N"), Values{"5"});
        EXPECT_EQ(values(*reply, "Content-Type"), Values{"text/plain"});
        EXPECT_EQ(reply->body, "made");
    }
}

TEST(Reply, is_json_without_a_body_by_default) {
    const auto reply = parse_reply(R"({"statusCode":"204","body":null})", false);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 204);
    EXPECT_EQ(reply->body, "");
    EXPECT_EQ(values(*reply, "Content-Type"), Values{"application/json"});
}

TEST(Reply, base64_is_decoded) {
    const auto reply =
        parse_reply(R"({"statusCode":200,"body":"/wAB","isBase64Encoded":true})", true);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, std::string("\xff\x00\x01", 3));
    EXPECT_FALSE(parse_reply(R"({"statusCode":200,"body":"*","isBase64Encoded":true})", true));
}

TEST(Reply, version_1_has_headers_of_many_values_which_win) {
    const std::string text = R"({"statusCode":200,"headers":{"X-A":"single","X-B":"b"},
        "multiValueHeaders":{"X-A":["1","2"],"Set-Cookie":["a=1","b=2"]}})";
    const auto reply = parse_reply(text, false);
    ASSERT_TRUE(reply);
    EXPECT_EQ(values(*reply, "X-A"), (Values{"1", "2"}));
    EXPECT_EQ(values(*reply, "X-B"), Values{"b"});
    EXPECT_EQ(values(*reply, "Set-Cookie"), (Values{"a=1", "b=2"}));
}

TEST(Reply, version_2_has_cookies_and_no_headers_of_many_values) {
    const auto reply = parse_reply(R"({"statusCode":200,"cookies":["a=1; Secure","b=2"],
        "headers":{"X-A":"single"},"multiValueHeaders":{"X-A":["1","2"]}})",
                                   true);
    ASSERT_TRUE(reply);
    EXPECT_EQ(values(*reply, "Set-Cookie"), (Values{"a=1; Secure", "b=2"}));
    EXPECT_EQ(values(*reply, "X-A"), Values{"single"});
}

TEST(Reply, version_2_takes_a_result_without_a_status_as_the_body) {
    for (const std::string text : {R"({"entries":[1,2]})", R"("text")", "null", "[1]"}) {
        const auto reply = parse_reply(text, true);
        ASSERT_TRUE(reply) << text;
        EXPECT_EQ(reply->status, 200);
        EXPECT_EQ(reply->body, text);
        EXPECT_EQ(values(*reply, "Content-Type"), Values{"application/json"});
        EXPECT_EQ(parse_reply(text, false).error().reason, "bad_reply") << text;
    }
}

TEST(Reply, what_is_not_a_reply_is_refused) {
    for (const char* text : {"",
                             "{",
                             "not json",
                             R"({"statusCode":200,"statusCode":201})",
                             R"({"statusCode":99})",
                             R"({"statusCode":101})",
                             R"({"statusCode":600})",
                             R"({"statusCode":-200})",
                             R"({"statusCode":4294967496})",
                             R"({"statusCode":200.5})",
                             R"({"statusCode":null})",
                             R"({"statusCode":true})",
                             R"({"statusCode":"200x"})",
                             R"({"statusCode":""})",
                             R"({"statusCode":200,"body":{"a":1}})",
                             R"({"statusCode":200,"body":5})",
                             R"({"statusCode":200,"headers":[]})",
                             R"({"statusCode":200,"headers":{"X":{"a":1}}})",
                             R"({"statusCode":200,"headers":{"X":["a"]}})",
                             R"({"statusCode":200,"headers":"X: y"})",
                             R"({"statusCode":200,"isBase64Encoded":"yes"})"}) {
        for (const bool v2 : {false, true}) {
            const auto reply = parse_reply(text, v2);
            ASSERT_FALSE(reply) << text;
            EXPECT_EQ(reply.error().code, Code::internal) << text;
            EXPECT_EQ(reply.error().reason, "bad_reply") << text;
        }
    }
    EXPECT_FALSE(parse_reply(R"({"statusCode":200,"multiValueHeaders":{"X":"a"}})", false));
    EXPECT_FALSE(parse_reply(R"({"statusCode":200,"cookies":"a=1"})", true));
}

TEST(Reply, headers_cannot_write_lines_of_their_own) {
    for (const char* header :
         {R"("X":"a\r\nSet-Cookie: b=c")", R"("X":"a\nb")", R"("X":"a\u0000b")", R"("X\r\nY":"a")",
          R"("X: Y":"a")", R"("":"a")", R"("X Y":"a")", R"("X":"\u007f")"}) {
        const std::string one = std::string(R"({"statusCode":200,"headers":{)") + header + "}}";
        EXPECT_FALSE(parse_reply(one, false)) << header;
        EXPECT_FALSE(parse_reply(one, true)) << header;
    }
    EXPECT_FALSE(
        parse_reply(R"({"statusCode":200,"multiValueHeaders":{"X":["a","b\r\nc"]}})", false));
    EXPECT_FALSE(parse_reply(R"({"statusCode":200,"cookies":["a=1\r\nX: y"]})", true));
}

TEST(Reply, framing_headers_of_the_function_are_left_out) {
    const auto reply = parse_reply(R"({"statusCode":200,"body":"12345","headers":{
        "Content-Length":"1","transfer-encoding":"chunked","Connection":"close","Date":"x"}})",
                                   true);
    ASSERT_TRUE(reply);
    ASSERT_EQ(reply->headers.size(), 1u);
    EXPECT_EQ(reply->headers[0].first, "Content-Type");
}

}  // namespace
}  // namespace domicile::functions
