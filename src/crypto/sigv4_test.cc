#include "crypto/sigv4.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/hash.h"

namespace domicile::crypto {
namespace {

constexpr char kSecret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const std::string kEmptyHash = to_hex(sha256(""));

// AWS's SigV4 test suite, "get-vanilla".
SigV4Request vanilla() {
    return {"GET",
            "/",
            "",
            {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}},
            kEmptyHash};
}
constexpr char kVanilla[] =
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
    "SignedHeaders=host;x-amz-date, "
    "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

std::string reason_of(const SigV4Authorization& authorization, const SigV4Request& request,
                      std::string_view secret = kSecret) {
    const auto done = verify_signature(authorization, request, secret);
    return done ? "" : done.error().reason;
}

TEST(sigv4, get_vanilla_of_the_aws_test_suite) {
    const std::vector<std::string> names{"host", "x-amz-date"};
    const auto canonical = canonical_request(vanilla(), names, "service");
    EXPECT_EQ(canonical,
              "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\n"
              "host;x-amz-date\n"
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const auto text = string_to_sign("20150830T123600Z", "us-east-1", "service", canonical);
    EXPECT_EQ(text,
              "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n"
              "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63");
    EXPECT_EQ(signature(signing_key(kSecret, "20150830", "us-east-1", "service"), text),
              "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    EXPECT_TRUE(verify_signature(parse_authorization(kVanilla).value(), vanilla(), kSecret));
}

TEST(sigv4, signing_key_of_the_iam_user_guide) {
    EXPECT_EQ(to_hex(signing_key(kSecret, "20150830", "us-east-1", "iam")),
              "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

TEST(sigv4, sign_adds_what_the_aws_examples_have) {
    const Timestamp now = *parse_amz_date("20150830T123600Z");
    auto request = vanilla();
    request.headers.pop_back();
    EXPECT_EQ(sign(request, {"AKIDEXAMPLE", kSecret, ""}, "us-east-1", "service", now),
              (HeaderList{{"x-amz-date", "20150830T123600Z"}, {"authorization", kVanilla}}));

    // "GET Object" of the S3 API reference.
    const SigV4Request get{"GET",
                           "/test.txt",
                           "",
                           {{"Host", "examplebucket.s3.amazonaws.com"}, {"Range", "bytes=0-9"}},
                           kEmptyHash};
    const auto added =
        sign(get, {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""},
             "us-east-1", "s3", *parse_amz_date("20130524T000000Z"));
    EXPECT_EQ(parse_authorization(added.back().second).value().signature,
              "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

struct Vector {
    SigV4Request request;
    std::string authorization, region, service;
};

// Made by testdata/make_sigv4_vectors.py.
std::vector<Vector> botocore_vectors() {
    std::ifstream file(DOMICILE_TESTDATA "/sigv4_vectors.json");
    std::stringstream text;
    text << file.rdbuf();
    std::vector<Vector> out;
    const auto document = parse_json_object(text.str()).value();
    for (const auto& value : document.at("cases").as_array()) {
        const auto& c = value.as_object();
        const auto get = [&](const char* name) { return *require_string(c, name); };
        Vector v{{get("method"),
                  get("path"),
                  get("query"),
                  {},
                  to_hex(sha256(*from_hex(get("body_hex"))))},
                 "",
                 get("region"),
                 get("service")};
        for (const auto& [name, header] : c.at("headers").as_object()) {
            const std::string text_of(header.as_string());
            if (name == "Authorization") v.authorization = text_of;
            if (name == "X-Amz-Content-SHA256") v.request.payload_hash = text_of;
            if (name != "Authorization") v.request.headers.emplace_back(name, text_of);
        }
        out.push_back(std::move(v));
    }
    return out;
}

TEST(sigv4, verifies_what_botocore_signed) {
    const auto all = botocore_vectors();
    EXPECT_EQ(all.size(), 6u);
    for (const auto& v : all) {
        const auto authorization = parse_authorization(v.authorization);
        ASSERT_TRUE(authorization) << v.request.path;
        EXPECT_EQ(authorization->region, v.region);
        EXPECT_EQ(authorization->service, v.service);
        EXPECT_EQ(authorization->access_key_id, "AKIDEXAMPLE");
        EXPECT_EQ(authorization->date, "20261123");
        EXPECT_EQ(reason_of(*authorization, v.request), "") << v.request.path;
    }
}

TEST(sigv4, signs_as_botocore_does) {
    for (const auto& v : botocore_vectors()) {
        SigV4Request bare = v.request;
        SigV4Credentials credentials{"AKIDEXAMPLE", kSecret, ""};
        std::erase_if(bare.headers, [&](const auto& header) {
            if (header.first == "X-Amz-Security-Token") credentials.session_token = header.second;
            return header.first == "X-Amz-Date" || header.first == "X-Amz-Security-Token" ||
                   header.first == "X-Amz-Content-SHA256";
        });
        const auto added =
            sign(bare, credentials, v.region, v.service, *parse_amz_date("20261123T094207Z"));
        EXPECT_EQ(added.back().second, v.authorization);
    }
}

TEST(sigv4, every_change_to_the_request_breaks_the_signature) {
    for (const auto& v : botocore_vectors()) {
        const auto authorization = parse_authorization(v.authorization).value();
        const auto expect_broken = [&](auto change) {
            SigV4Request request = v.request;
            change(request);
            EXPECT_EQ(reason_of(authorization, request), "signature_mismatch");
        };
        expect_broken([](auto& r) { r.method = "DELETE"; });
        expect_broken([](auto& r) { r.path += "x"; });
        expect_broken([](auto& r) { r.query += "&z=1"; });
        expect_broken([](auto& r) { r.payload_hash = to_hex(sha256("other")); });
        expect_broken([](auto& r) {
            for (auto& [name, value] : r.headers) {
                if (name == "Host") value += "x";
            }
        });
        EXPECT_EQ(reason_of(authorization, v.request, "another secret"), "signature_mismatch");
        auto elsewhere = authorization;
        elsewhere.region = "eu-west-1";
        EXPECT_EQ(reason_of(elsewhere, v.request), "signature_mismatch");
    }
}

TEST(sigv4, what_must_be_signed_is) {
    const auto good = parse_authorization(kVanilla).value();
    auto extra = vanilla();
    extra.headers.emplace_back("X-Amz-Target", "Evil.Operation");
    EXPECT_EQ(reason_of(good, extra), "incomplete_signature");

    auto trace = vanilla();
    trace.headers.emplace_back("X-Amzn-Trace-Id", "Root=1");
    EXPECT_EQ(reason_of(good, trace), "");

    auto hostless = good;
    hostless.signed_headers = {"x-amz-date"};
    EXPECT_EQ(reason_of(hostless, vanilla()), "incomplete_signature");

    auto absent = good;
    absent.signed_headers = {"accept", "host", "x-amz-date"};
    EXPECT_EQ(reason_of(absent, vanilla()), "incomplete_signature");

    auto other_day = good;
    other_day.date = "20150831";
    EXPECT_EQ(reason_of(other_day, vanilla()), "incomplete_signature");

    auto undated = vanilla();
    undated.headers.pop_back();
    EXPECT_EQ(reason_of(good, undated), "incomplete_signature");

    auto twice = vanilla();
    twice.headers.emplace_back("x-amz-date", "20150830T123600Z");
    EXPECT_EQ(reason_of(good, twice), "incomplete_signature");
}

TEST(sigv4, canonical_paths) {
    const auto path_of = [](std::string path, const char* service) {
        const SigV4Request request{"GET", std::move(path), "", {}, ""};
        const auto text = canonical_request(request, {}, service);
        return text.substr(4, text.find('\n', 4) - 4);
    };
    EXPECT_EQ(path_of("", "x"), "/");
    EXPECT_EQ(path_of("//", "x"), "/");
    EXPECT_EQ(path_of("/../..", "x"), "/");
    EXPECT_EQ(path_of("/a/./b/../c//", "x"), "/a/c/");
    EXPECT_EQ(path_of("/a%20b~", "x"), "/a%2520b~");
    EXPECT_EQ(path_of("/a%20b//../c", "s3"), "/a%20b//../c");
    EXPECT_EQ(path_of("/k%2fv%zz+*", "s3"), "/k%2fv%zz+*");
    EXPECT_EQ(path_of("/k%2fv/+*", "s3"), "/k%2Fv/%2B%2A");
}

TEST(sigv4, canonical_queries_and_headers) {
    const SigV4Request request{
        "GET", "/", "b=1&a=2&a=1&&A=%e1&k&x=a+b", {{"X-B", " 1  2\t3 "}, {"x-b", "4"}}, "hash"};
    EXPECT_EQ(canonical_request(request, {"x-b"}, "x"),
              "GET\n/\nA=%E1&a=1&a=2&b=1&k=&x=a%2Bb\nx-b:1 2 3,4\n\nx-b\nhash");
}

TEST(sigv4, broken_authorization_headers_are_refused) {
    const std::string good = kVanilla;
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string text = good;
        return text.replace(text.find(from), from.size(), to);
    };
    EXPECT_TRUE(parse_authorization(good));
    EXPECT_TRUE(parse_authorization(with(", SignedHeaders", ",SignedHeaders")));
    for (const std::string& other :
         {std::string(), std::string("Bearer x"), std::string("AWS4-HMAC-SHA256"),
          with("SHA256", "SHA512"), with("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256x")}) {
        EXPECT_EQ(parse_authorization(other).error().code, Code::unauthenticated) << other;
    }
    for (const std::string& bad :
         {std::string("AWS4-HMAC-SHA256 x"), with("AKIDEXAMPLE/", ""), with("AKIDEXAMPLE", ""),
          with("20150830", "2015083"), with("20150830", "2015083x"), with("us-east-1", ""),
          with("aws4_request", "aws4"), with("host;x-amz-date", "x-amz-date;host"),
          with("host;x-amz-date", "host;host"), with("host;", "Host;"), with("host;", ";"),
          with("host;x-amz-date", ""), with("5fa0", "5FA0"), with("5fa0", "5fa"),
          with(", SignedHeaders=host;x-amz-date", ""), good + ", Signature=" + std::string(64, 'a'),
          good + ", Extra=1", good + ","}) {
        const auto parsed = parse_authorization(bad);
        ASSERT_FALSE(parsed) << bad;
        EXPECT_EQ(parsed.error().code, Code::malformed) << bad;
        EXPECT_EQ(parsed.error().reason, "incomplete_signature") << bad;
    }
}

}  // namespace
}  // namespace domicile::crypto
