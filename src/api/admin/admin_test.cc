#include "api/admin/admin.h"

#include <gmock/gmock.h>

#include "api/admin/client.h"
#include "http/testing.h"
#include "io/testing.h"
#include "sql/engine_testing.h"

namespace domicile::api::admin {
namespace {

class AdminTest : public ::testing::Test {
  protected:
    AdminTest() {
        database_ = sql::testing::open_database(folder_.file("data.db"));
        keyring_ = std::make_unique<keyring::Keyring>(*database_, io::system_random(),
                                                      std::string(32, 'm'));
        audit_ = audit::Log::open(io::system_files(), folder_.file("audit.log"), "eu-central-1",
                                  io::system_clock())
                     .value();
        access_ = std::make_unique<access::Access>(*database_, *keyring_, io::system_clock(),
                                                   io::system_random(), "eu-central-1");
        EXPECT_TRUE(io::run_task<Result<void>>([&] { return access_->open(); }));
        admin_ = std::make_unique<Admin>(Admin::Parts{
            *access_, *audit_, io::system_clock(), "eu-central-1",
            [this] { return checks(directory_, ready_); }, metrics_, [this] { ++drains_; }});
    }

    access::Credentials key_for(std::vector<std::string> operations) {
        access::Policy policy{{{std::move(operations), {"*"}}}};
        return io::run_task<Result<access::Credentials>>(
                   [&] { return access_->create_key("operator", policy); })
            .value();
    }
    // Calls the port through the client, over loopback.
    Result<json::object> call(access::Credentials credentials, std::string method, std::string path,
                              std::string body = {}) {
        return io::run_task<Result<json::object>>(
            [&] { return over_loopback(*admin_, credentials, method, path, body); });
    }
    static io::Task<Result<json::object>> over_loopback(Admin& admin,
                                                        access::Credentials credentials,
                                                        std::string method, std::string path,
                                                        std::string body) {
        http::Handler handler = [&admin](http::Exchange& exchange) {
            return admin.handle(exchange);
        };
        auto server = http::serve(std::move(handler));
        http::Client http_client;
        http::Target target;
        target.endpoint = server->local();
        AdminClient client(http_client, target, "eu-central-1", credentials, io::system_clock());
        auto answer = co_await client.call(method, path, body);
        co_await server->stop(http::soon());
        co_return answer;
    }
    std::string get(std::string path) {
        return io::run_task<std::string>([&] { return get_raw(*admin_, path); });
    }
    static io::Task<std::string> get_raw(Admin& admin, std::string path) {
        http::Handler handler = [&admin](http::Exchange& exchange) {
            return admin.handle(exchange);
        };
        auto server = http::serve(std::move(handler));
        io::Endpoint local = server->local();
        std::string request = "GET " + path + " HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        std::string answer = co_await http::exchange(local, std::move(request));
        co_await server->stop(http::soon());
        co_return answer;
    }

    static constexpr const char* kBody =
        R"({"description":"x","policy":{"statements":[{"operations":["dynamodb:*"],"resources":["*"]}]}})";

    io::testing::TemporaryFolder folder_;
    static io::Task<std::vector<Check>> checks(bool directory, bool ready) {
        co_return std::vector<Check>{{"directory", directory, false}, {"serving", ready, true}};
    }

    bool ready_ = true;
    bool directory_ = true;
    telemetry::Registry metrics_;
    int drains_ = 0;
    std::unique_ptr<sql::Database> database_;
    std::unique_ptr<keyring::Keyring> keyring_;
    std::unique_ptr<audit::Log> audit_;
    std::unique_ptr<access::Access> access_;
    std::unique_ptr<Admin> admin_;
};

TEST_F(AdminTest, health_and_readiness_need_no_signature) {
    EXPECT_TRUE(get("/healthz").starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(get("/readyz").starts_with("HTTP/1.1 200"));
    ready_ = false;
    EXPECT_TRUE(get("/healthz").starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(get("/readyz").starts_with("HTTP/1.1 503"));
}

TEST_F(AdminTest, readiness_names_its_checks_and_what_is_not_required_only_degrades_it) {
    EXPECT_THAT(get("/readyz"), ::testing::HasSubstr(R"("status":"ready")"));
    directory_ = false;
    const std::string degraded = get("/readyz");
    EXPECT_TRUE(degraded.starts_with("HTTP/1.1 200")) << degraded;
    EXPECT_THAT(degraded, ::testing::HasSubstr(R"("status":"degraded")"));
    EXPECT_THAT(degraded, ::testing::HasSubstr(R"("directory":{"good":false,"required":false})"));
    ready_ = false;
    const std::string not_ready = get("/readyz");
    EXPECT_TRUE(not_ready.starts_with("HTTP/1.1 503")) << not_ready;
    EXPECT_THAT(not_ready, ::testing::HasSubstr("Retry-After: "));
    EXPECT_THAT(not_ready, ::testing::HasSubstr(R"("serving":{"good":false,"required":true})"));
}

TEST_F(AdminTest, metrics_are_in_the_text_format_and_need_no_signature) {
    const std::string answer = get("/metrics");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
    EXPECT_THAT(answer, ::testing::HasSubstr("Content-Type: text/plain; version=0.0.4"));
    EXPECT_THAT(answer, ::testing::HasSubstr("# TYPE domicile_http_request_duration_seconds"));
}

TEST_F(AdminTest, everything_else_needs_one) {
    EXPECT_TRUE(get("/keys").starts_with("HTTP/1.1 401"));
    EXPECT_TRUE(get("/nothing").starts_with("HTTP/1.1 401"));
    auto wrong = key_for({"admin:*"});
    wrong.secret_access_key = Redacted(std::string("wrong"));
    EXPECT_EQ(call(wrong, "GET", "/keys").error().code, Code::unauthenticated);
}

TEST_F(AdminTest, a_key_is_created_rotated_listed_and_revoked_and_each_change_is_audited) {
    auto who = key_for({"admin:*"});
    auto made = call(who, "POST", "/keys", kBody);
    ASSERT_TRUE(made) << made.error().message;
    const std::string id = require_string(*made, "access_key_id").value();
    auto rotated = call(who, "POST", "/keys/" + id + "/rotate");
    ASSERT_TRUE(rotated) << rotated.error().message;
    EXPECT_NE(require_string(*rotated, "access_key_id").value(), id);
    ASSERT_TRUE(call(who, "DELETE", "/keys/" + id));
    auto list = call(who, "GET", "/keys");
    ASSERT_TRUE(list) << list.error().message;
    EXPECT_EQ(list->at("keys").as_array().size(), 3u);
    EXPECT_EQ(json::serialize(*list).find("secret"), std::string::npos);
    const auto log = io::system_files().read(folder_.file("audit.log"), 1 << 20).value();
    for (const char* operation : {"CreateKey", "RotateKey", "RevokeKey"})
        EXPECT_NE(log.find(operation), std::string::npos) << operation;
}

TEST_F(AdminTest, a_policy_without_the_operation_is_refused) {
    auto who = key_for({"admin:ListKeys", "dynamodb:*"});
    EXPECT_TRUE(call(who, "GET", "/keys"));
    EXPECT_EQ(call(who, "POST", "/keys", kBody).error().code, Code::permission_denied);
    EXPECT_EQ(call(who, "DELETE", "/keys/" + who.access_key_id).error().code,
              Code::permission_denied);
}

TEST_F(AdminTest, whoever_may_drain_the_region_can) {
    EXPECT_EQ(call(key_for({"admin:ListKeys"}), "POST", "/drain").error().code,
              Code::permission_denied);
    EXPECT_EQ(drains_, 0);
    EXPECT_TRUE(call(key_for({"admin:Drain"}), "POST", "/drain"));
    EXPECT_EQ(drains_, 1);
}

TEST_F(AdminTest, bad_requests_are_told) {
    auto who = key_for({"admin:*"});
    for (const char* body : {"", "{", "[]", "{}", R"({"policy":1})", R"({"policy":{}})",
                             R"({"policy":{"statements":[]},"more":1})"})
        EXPECT_FALSE(call(who, "POST", "/keys", body)) << body;
    EXPECT_EQ(call(who, "GET", "/nothing").error().code, Code::not_found);
    EXPECT_EQ(call(who, "DELETE", "/keys/DOMKAAAAAAAAAAAAAAAA").error().code, Code::not_found);
    EXPECT_FALSE(call(who, "POST", "/keys", std::string(70'000, ' ')));
}

}  // namespace
}  // namespace domicile::api::admin
