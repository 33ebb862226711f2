// Over real loopback connections, with requests signed here byte by byte, so that every wrong byte
// can be sent. Clients of other people are in tests/clients.
#include "api/dynamodb/dynamodb.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/sigv4.h"
#include "http/testing.h"
#include "io/testing.h"
#include "sql/engine_testing.h"

namespace domicile::api::dynamodb {
namespace {

constexpr const char* kAnna = "11111111-1111-4111-8111-111111111111";
constexpr const char* kAway = "33333333-3333-4333-8333-333333333333";

config::NamedList<config::Table> all_tables() {
    config::NamedList<config::Table> out;
    config::Table diary;
    diary.name = "Diary";
    diary.partition_key = {"user", config::KeyType::string};
    diary.sort_key = config::Key{"at", config::KeyType::string};
    diary.resident = config::Resident{"user"};
    out.push_back(diary);
    return out;
}

struct Answer {
    int status = 0;
    std::string head, body;
    std::string type() const {
        auto object = parse_json_object(body);
        if (!object || !object->contains("__type")) return "";
        const std::string full(object->at("__type").as_string());
        return full.substr(full.find('#') + 1);
    }
};

// What may be wrong with a request.
struct Wrong {
    std::string region = "eu-central-1";
    std::string service = "dynamodb";
    std::string secret, id;
    Millis skew{0};
    bool unsigned_request = false;
    std::string body_after_signing;
    std::string target = "DynamoDB_20120810.";
};

class DynamoDbTest : public ::testing::Test {
  protected:
    DynamoDbTest() {
        database_ = sql::testing::open_database(folder_.file("data.db"));
        keyring_ = std::make_unique<keyring::Keyring>(*database_, io::system_random(),
                                                      std::string(32, 'm'));
        audit_ = audit::Log::open(io::system_files(), folder_.file("audit.log"), "eu-central-1",
                                  io::system_clock())
                     .value();
        access_ = std::make_unique<access::Access>(*database_, *keyring_, io::system_clock(),
                                                   io::system_random(), "eu-central-1");
        documents_ = std::make_unique<documents::Documents>(documents::Documents::Parts{
            tables_, *database_, *keyring_, *audit_,
            [](std::string subject) -> io::Task<Result<bool>> { co_return subject != kAway; }});
        api_ = std::make_unique<DynamoDb>(*documents_, *access_, "eu-central-1");
        EXPECT_TRUE(run(keyring_->open()));
        EXPECT_TRUE(run(access_->open()));
        EXPECT_TRUE(run(documents_->open()));
        EXPECT_TRUE(run(keyring_->create(kAnna)));
        credentials_ = run(access_->create_key("test", {{{{"dynamodb:*"}, {"*"}}}})).value();
    }
    template <class T>
    static T run(io::Task<T> task) {
        return io::run_task<T>([&] { return std::move(task); });
    }

    std::string request_text(const std::string& operation, const std::string& body,
                             const Wrong& wrong) {
        crypto::SigV4Request request;
        request.method = "POST";
        request.path = "/";
        request.headers.emplace_back("host", "dynamodb.test");
        request.headers.emplace_back("x-amz-target", wrong.target + operation);
        request.headers.emplace_back("content-type", "application/x-amz-json-1.0");
        request.payload_hash = to_hex(crypto::sha256(body));
        const crypto::SigV4Credentials credentials{
            wrong.id.empty() ? credentials_.access_key_id : wrong.id,
            wrong.secret.empty() ? credentials_.secret_access_key.expose() : wrong.secret,
            credentials_.session_token};
        auto added = crypto::sign(request, credentials, wrong.region, wrong.service,
                                  io::system_clock().now() + wrong.skew);
        if (wrong.unsigned_request) added.clear();
        const std::string& sent =
            wrong.body_after_signing.empty() ? body : wrong.body_after_signing;
        std::string out = "POST / HTTP/1.1\r\nconnection: close\r\n";
        for (const auto& [name, value] : request.headers) out += name + ": " + value + "\r\n";
        for (const auto& [name, value] : added) out += name + ": " + value + "\r\n";
        return out + "content-length: " + std::to_string(sent.size()) + "\r\n\r\n" + sent;
    }
    static io::Task<std::string> over_loopback(DynamoDb& api, std::string bytes) {
        http::Handler handler = [&api](http::Exchange& exchange) { return api.handle(exchange); };
        auto server = http::serve(std::move(handler));
        io::Endpoint local = server->local();
        std::string answer = co_await http::exchange(local, std::move(bytes));
        co_await server->stop(http::soon());
        co_return answer;
    }
    Answer send_raw(std::string bytes) {
        const std::string text = run(over_loopback(*api_, std::move(bytes)));
        Answer out;
        const auto end = text.find("\r\n\r\n");
        EXPECT_NE(end, std::string::npos) << text;
        if (end == std::string::npos) return out;
        out.status = std::stoi(text.substr(9, 3));
        out.head = text.substr(0, end);
        out.body = text.substr(end + 4);
        return out;
    }
    Answer send(const std::string& operation, const std::string& body, const Wrong& wrong = {}) {
        return send_raw(request_text(operation, body, wrong));
    }
    static std::string key(const std::string& at = "1") {
        return std::string(R"({"user":{"S":")") + kAnna + R"("},"at":{"S":")" + at + R"("}})";
    }
    static std::string item(const std::string& at, const std::string& more = "") {
        std::string out = key(at);
        out.pop_back();
        return out + (more.empty() ? "" : "," + more) + "}";
    }
    Answer put(const std::string& at, const std::string& more = "", const std::string& rest = "") {
        return send("PutItem", R"({"TableName":"Diary","Item":)" + item(at, more) + rest + "}");
    }
    Answer get(const std::string& rest = "") {
        return send("GetItem", R"({"TableName":"Diary","Key":)" + key() + rest + "}");
    }
    Answer update(const std::string& rest) {
        return send("UpdateItem", R"({"TableName":"Diary","Key":)" + key() + "," + rest + "}");
    }
    Answer query(const std::string& rest) {
        return send("Query", R"({"TableName":"Diary",)" + rest + "}");
    }

    io::testing::TemporaryFolder folder_;
    config::NamedList<config::Table> tables_ = all_tables();
    std::unique_ptr<sql::Database> database_;
    std::unique_ptr<keyring::Keyring> keyring_;
    std::unique_ptr<audit::Log> audit_;
    std::unique_ptr<access::Access> access_;
    std::unique_ptr<documents::Documents> documents_;
    std::unique_ptr<DynamoDb> api_;
    access::Credentials credentials_;
};

TEST_F(DynamoDbTest, an_item_of_every_type_comes_back_as_it_was_put) {
    const std::string more =
        R"("n":{"N":"1.50"},"b":{"B":"AP8="},"t":{"BOOL":true},"z":{"NULL":true},"ss":{"SS":["b","a"]},"ns":{"NS":["2","1"]},"bs":{"BS":["AP8="]},"l":{"L":[{"S":"x"},{"M":{"y":{"N":"1"}}}]})";
    auto done = put("1", more);
    EXPECT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(done.body, "{}");
    auto got = get();
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_EQ(
        parse_json_object(got.body).value()["Item"],
        json::parse(item(
            "1",
            R"("n":{"N":"1.5"},"b":{"B":"AP8="},"t":{"BOOL":true},"z":{"NULL":true},"ss":{"SS":["a","b"]},"ns":{"NS":["1","2"]},"bs":{"BS":["AP8="]},"l":{"L":[{"S":"x"},{"M":{"y":{"N":"1"}}}]})")));
}

TEST_F(DynamoDbTest, the_answer_carries_its_crc32_request_id_and_type) {
    auto got = get();
    EXPECT_EQ(got.body, "{}");
    EXPECT_NE(got.head.find("x-amz-crc32: " + std::to_string(crc32("{}"))), std::string::npos)
        << got.head;
    EXPECT_NE(got.head.find("application/x-amz-json-1.0"), std::string::npos);
    EXPECT_NE(to_lower(got.head).find("x-amzn-requestid: "), std::string::npos);
}

TEST_F(DynamoDbTest, wrong_signatures_are_told_apart_as_dynamodb_does) {
    Wrong secret;
    secret.secret = "wrong";
    EXPECT_EQ(send("ListTables", "{}", secret).type(), "InvalidSignatureException");
    Wrong id;
    id.id = "DOMKAAAAAAAAAAAAAAAA";
    EXPECT_EQ(send("ListTables", "{}", id).type(), "UnrecognizedClientException");
    Wrong none;
    none.unsigned_request = true;
    EXPECT_EQ(send("ListTables", "{}", none).type(), "MissingAuthenticationTokenException");
    Wrong region;
    region.region = "us-east-2";
    EXPECT_EQ(send("ListTables", "{}", region).type(), "InvalidSignatureException");
    Wrong service;
    service.service = "s3";
    EXPECT_EQ(send("ListTables", "{}", service).type(), "InvalidSignatureException");
    Wrong body;
    body.body_after_signing = R"({"Limit":1})";
    EXPECT_EQ(send("ListTables", "{}", body).type(), "InvalidSignatureException");
    auto text = request_text("ListTables", "{}", {});
    text.replace(text.find("AWS4-HMAC-SHA256"), 16, "AWS4-HMAC-SHA1  ");
    EXPECT_EQ(send_raw(text).status, 400);
    EXPECT_EQ(send("ListTables", "{}").status, 200);
}

TEST_F(DynamoDbTest, a_clock_off_by_more_than_15_minutes_is_told_as_expired_or_not_yet_current) {
    Wrong late, early, near;
    late.skew = Millis(-16 * 60'000);
    early.skew = Millis(16 * 60'000);
    near.skew = Millis(-14 * 60'000);
    auto expired = send("ListTables", "{}", late);
    EXPECT_EQ(expired.type(), "InvalidSignatureException");
    EXPECT_NE(expired.body.find("Signature expired"), std::string::npos);
    EXPECT_NE(send("ListTables", "{}", early).body.find("Signature not yet current"),
              std::string::npos);
    EXPECT_EQ(send("ListTables", "{}", near).status, 200);
}

TEST_F(DynamoDbTest, a_session_works_until_its_policy_or_subject_ends) {
    access::Policy policy{{{{"dynamodb:GetItem"}, {"table/Diary"}}}};
    credentials_ = access_->issue_session(policy, kAnna, Millis(60'000));
    EXPECT_EQ(get().status, 200);
    EXPECT_EQ(put("1").type(), "AccessDeniedException");
    credentials_ = access_->issue_session(policy, kAway, Millis(60'000));
    EXPECT_EQ(get().type(), "AccessDeniedException");
    credentials_ = access_->issue_session(policy, kAnna, Millis(-1));
    EXPECT_EQ(get().type(), "ExpiredTokenException");
}

TEST_F(DynamoDbTest, a_write_for_a_subject_at_home_elsewhere_is_a_typed_error_without_retry) {
    auto refused = send("PutItem", std::string(R"({"TableName":"Diary","Item":{"user":{"S":")") +
                                       kAway + R"("},"at":{"S":"1"}}})");
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.type(), "NotHomeException");
    EXPECT_EQ(refused.body.find(kAway), std::string::npos);
}

TEST_F(DynamoDbTest, bad_bodies_get_a_serialization_error) {
    for (const std::string body :
         {"", "{", "[]", "null", R"({"TableName":1})", R"({"TableName":"Diary","Item":[]})",
          R"({"TableName":"Diary","Item":{"user":"x"}})",
          R"({"TableName":"Diary","Item":{"user":{"S":1}}})",
          R"({"TableName":"Diary","Item":{"user":{"B":"***"}}})", "{\"TableName\":\"\xff\"}",
          R"({"TableName":"Diary","TableName":"Diary"})"}) {
        auto answer = send("PutItem", body);
        EXPECT_EQ(answer.status, 400) << body;
        EXPECT_EQ(answer.type(), "SerializationException") << body << answer.body;
    }
}

TEST_F(DynamoDbTest, bad_values_get_a_validation_error) {
    for (const std::string body :
         {R"({})", R"({"TableName":"Diary"})", R"({"TableName":"Diary","Item":{}})",
          R"({"TableName":"Diary","Item":{"user":{}}})",
          R"({"TableName":"Diary","Item":{"user":{"S":"x","N":"1"}}})",
          R"({"TableName":"Diary","Item":{"user":{"X":"x"}}})",
          R"({"TableName":"Diary","Item":{"user":{"N":"abc"}}})",
          R"({"TableName":"Diary","Item":{"user":{"SS":[]}}})",
          R"({"TableName":"Diary","Item":{"user":{"SS":["a","a"]}}})"}) {
        auto answer = send("PutItem", body);
        EXPECT_EQ(answer.type(), "ValidationException") << body << answer.body;
    }
    EXPECT_EQ(put("1", "", R"(,"ReturnValues":"ALL_NEW")").type(), "ValidationException");
    EXPECT_EQ(put("1", "", R"(,"Expected":{})").type(), "ValidationException");
}

TEST_F(DynamoDbTest, a_body_above_the_bound_is_413) {
    auto answer = send("PutItem", std::string((2 << 20) + 1, ' '));
    EXPECT_EQ(answer.status, 413);
}

TEST_F(DynamoDbTest, unknown_operations_and_tables_are_told) {
    EXPECT_EQ(send("Nothing", "{}").type(), "UnknownOperationException");
    Wrong target;
    target.target = "DynamoDB_20111205.";
    EXPECT_EQ(send("GetItem", "{}", target).type(), "UnknownOperationException");
    EXPECT_EQ(send("DescribeTable", R"({"TableName":"None"})").type(), "ResourceNotFoundException");
    EXPECT_EQ(
        send_raw("PUT / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            .type(),
        "UnknownOperationException");
}

TEST_F(DynamoDbTest, conditions_on_existence_hold) {
    const std::string unless =
        R"(,"ConditionExpression":"attribute_not_exists(#u) ","ExpressionAttributeNames":{"#u":"user"})";
    EXPECT_EQ(put("1", "", unless).status, 200);
    EXPECT_EQ(put("1", "", unless).type(), "ConditionalCheckFailedException");
    EXPECT_EQ(put("2", "", R"(,"ConditionExpression":"attribute_exists(at) ")").type(),
              "ConditionalCheckFailedException");
    EXPECT_EQ(put("2", "", R"(,"ConditionExpression":"mood = :m")").type(), "ValidationException");
}

TEST_F(DynamoDbTest, updates_set_and_remove_and_return_what_was_asked_for) {
    EXPECT_EQ(put("1", R"("a":{"S":"x"},"b":{"S":"y"})").status, 200);
    auto fresh = update(
        R"("UpdateExpression":"SET #a = :v, c = :w REMOVE b","ExpressionAttributeNames":{"#a":"a"},"ExpressionAttributeValues":{":v":{"S":"z"},":w":{"N":"1"}},"ReturnValues":"UPDATED_NEW")");
    EXPECT_EQ(fresh.body, R"({"Attributes":{"a":{"S":"z"},"c":{"N":"1"}}})");
    auto all = update(R"("UpdateExpression":"remove c","ReturnValues":"ALL_NEW")");
    EXPECT_EQ(parse_json_object(all.body).value()["Attributes"],
              json::parse(item("1", R"("a":{"S":"z"})")));
    auto old = update(
        R"("UpdateExpression":"SET a = :v","ExpressionAttributeValues":{":v":{"S":"q"}},"ReturnValues":"UPDATED_OLD")");
    EXPECT_EQ(old.body, R"({"Attributes":{"a":{"S":"z"}}})");
}

TEST_F(DynamoDbTest, update_expressions_that_cannot_be_carried_out_are_refused_by_name) {
    const std::string value = R"(,"ExpressionAttributeValues":{":v":{"N":"1"}})";
    for (const char* expression :
         {"SET a = a + :v", "SET a = if_not_exists(a, :v)", "ADD a :v", "SET a.b = :v",
          "SET a[0] = :v", "SET a = :v SET b = :v", "SET a = :v,", "SET a :v", "SET", "",
          "SET a = :v)", "SET user = :v", "SET a = :v, a = :v", "SET a = :v REMOVE a", "SET a = :w",
          "SET a = $", "REMOVE a", "SET #a = :v"})
        EXPECT_EQ(update(std::string(R"("UpdateExpression":")") + expression + "\"" + value).type(),
                  "ValidationException")
            << expression;
    EXPECT_EQ(update(R"("UpdateExpression":"SET a = :v")" + value).status, 200) << "the control";
}

TEST_F(DynamoDbTest, queries_page_in_order_and_count) {
    for (const char* at : {"2026-01-02", "2026-01-01", "2026-02-01"})
        EXPECT_EQ(put(at).status, 200);
    const std::string values =
        std::string(R"("ExpressionAttributeValues":{":u":{"S":")") + kAnna + R"("}})";
    auto all = query(
        R"("KeyConditionExpression":"#u = :u","ExpressionAttributeNames":{"#u":"user"},)" + values);
    auto object = parse_json_object(all.body).value();
    EXPECT_EQ(object["Count"], 3) << all.body;
    EXPECT_EQ(object["Items"].at(0).at("at").at("S"), "2026-01-01");
    const std::string prefix = values.substr(0, values.size() - 1) + R"(,":p":{"S":"2026-01"}})";
    auto page =
        parse_json_object(
            query(
                R"("KeyConditionExpression":"user = :u AND begins_with(at, :p) ","ScanIndexForward":false,"Limit":1,)" +
                prefix)
                .body)
            .value();
    EXPECT_EQ(page["Items"].at(0).at("at").at("S"), "2026-01-02");
    const std::string last = json::serialize(page["LastEvaluatedKey"]);
    auto next =
        parse_json_object(
            query(
                R"("KeyConditionExpression":"user = :u AND begins_with(at, :p) ","ScanIndexForward":false,"ExclusiveStartKey":)" +
                last + "," + prefix)
                .body)
            .value();
    EXPECT_EQ(next["Items"].at(0).at("at").at("S"), "2026-01-01");
    EXPECT_FALSE(next.contains("LastEvaluatedKey"));
    auto count =
        parse_json_object(
            query(R"("KeyConditionExpression":"(user = :u) ","Select":"COUNT",)" + values).body)
            .value();
    EXPECT_EQ(count["Count"], 3);
    EXPECT_FALSE(count.contains("Items"));
}

TEST_F(DynamoDbTest, key_conditions_that_name_no_key_are_refused) {
    const std::string values = R"("ExpressionAttributeValues":{":u":{"S":"x"}})";
    for (const char* expression :
         {"at = :u", "user > :u", "user = :u AND mood = :u", "user = :u OR at = :u", "user <> :u",
          "user = :u AND at = :u AND at = :u", "begins_with(user, :u)", "user"})
        EXPECT_EQ(query(std::string(R"("KeyConditionExpression":")") + expression + "\"," + values)
                      .type(),
                  "ValidationException")
            << expression;
    EXPECT_EQ(query(R"("KeyConditionExpression":"user = :u",)" + values).status, 200)
        << "the control";
    EXPECT_EQ(query(R"("KeyConditionExpression":"user = :u","FilterExpression":"a = :u",)" + values)
                  .type(),
              "ValidationException");
}

TEST_F(DynamoDbTest, a_projection_returns_only_what_it_names) {
    put("1", R"("a":{"S":"x"},"b":{"S":"y"})");
    EXPECT_EQ(
        get(R"(,"ProjectionExpression":"#b, none","ExpressionAttributeNames":{"#b":"b"})").body,
        R"({"Item":{"b":{"S":"y"}}})");
    EXPECT_EQ(get(R"(,"ExpressionAttributeNames":{"#b":"b"})").type(), "ValidationException");
}

TEST_F(DynamoDbTest, tables_are_listed_and_described) {
    EXPECT_EQ(send("ListTables", "{}").body, R"({"TableNames":["Diary"]})");
    auto object = parse_json_object(send("DescribeTable", R"({"TableName":"Diary"})").body).value();
    EXPECT_EQ(object["Table"].at("TableStatus"), "ACTIVE");
    EXPECT_EQ(object["Table"].at("KeySchema").at(1).at("KeyType"), "RANGE");
}

}  // namespace
}  // namespace domicile::api::dynamodb
