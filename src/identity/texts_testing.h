// A function that sends text messages, for tests: what it was told, and tests of pools that have
// it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "identity/testing.h"
#include "identity/triggers_testing.h"

namespace domicile::identity::testing {

inline constexpr const char* kPhone = "+4915112345678";

struct Text {
    TriggerEvent event;
    TextMessage message;

    std::string to() const { return event.attributes.at("phone_number"); }
};

class TextSender : public SilentTriggers {
  public:
    io::Task<Result<void>> send_text(TriggerEvent event, TextMessage message) override {
        ++asked;
        if (fails) co_return fail(Code::internal, "No.", reason::kTriggerRefused);
        texts.push_back({std::move(event), std::move(message)});
        co_return Result<void>();
    }
    io::Task<Result<MessageWords>> custom_message(TriggerEvent event, bool) override {
        sources.push_back(event.source);
        co_return words;
    }

    bool fails = false;
    std::size_t asked = 0;
    std::vector<Text> texts;
    std::vector<std::string> sources;  // of CustomMessage
    MessageWords words;
};

class TextTest : public IdentityTest {
  protected:
    TextTest() {
        config::Pool& pool = config_.pools[0];
        pool.clients[0].flows.push_back(config::AuthFlow::user_password_auth);
        pool.sms = config::Sms{"sender"};
        triggers_ = sender = &own_;
        clock = &clock_;
        mail_.look = Millis(1);
    }
    ~TextTest() override { sender = nullptr; }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
    config::Pool& pool() { return config_.pools[0]; }
    TextSender& own() { return own_; }

  public:
    // Of the test that runs.
    static inline TextSender* sender = nullptr;
    static inline directory::testing::StillClock* clock = nullptr;

  private:
    TextSender own_;
};

// The newest text, once there have been so many.
inline Task<Result<Text>> text_once(std::size_t count) {
    TextSender* sender = TextTest::sender;
    const bool came =
        co_await io::testing::until([sender, count] { return sender->texts.size() >= count; });
    if (!came) co_return fail(Code::not_found, "The text did not come.");
    EXPECT_EQ(sender->texts.size(), count);
    co_return sender->texts.back();
}

// Of whom there is nothing but what is said.
inline Task<Result<SignUpResult>> sign_up_as(Identity& identity, std::string username,
                                             std::string phone, std::string email = "") {
    SignUpRequest request{"client1", std::move(username), kPassword, {}};
    request.attributes["custom:country"] = "DE";
    if (!phone.empty()) request.attributes["phone_number"] = std::move(phone);
    if (!email.empty()) request.attributes["email"] = std::move(email);
    co_return co_await identity.sign_up(std::move(request));
}
inline Task<Result<void>> confirm_as(Identity& identity, std::string username, std::string code) {
    ConfirmRequest confirm{"client1", std::move(username), std::move(code)};
    CO_TRY_VOID(co_await identity.confirm_sign_up(std::move(confirm)));
    co_return Result<void>();
}
inline Task<Result<User>> signed_in(Identity& identity, std::string username,
                                    std::string& access_token) {
    PasswordRequest request{"client1", std::move(username), kPassword};
    CO_TRY(const Tokens tokens, co_await identity.sign_in_with_password(std::move(request)));
    access_token = tokens.access_token;
    AccessTokenRequest who{tokens.access_token};
    co_return co_await identity.get_user(std::move(who));
}
// "phone_number SMS +*********5678"
inline std::string shown(const CodeDelivery& delivery) {
    return delivery.attribute + " " + delivery.medium + " " + delivery.destination;
}

}  // namespace domicile::identity::testing
