// What people do with their own account: attributes, another e-mail address, leaving.
#include <set>

#include "crypto/jwt.h"
#include "identity/administration.h"
#include "identity/testing.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kAnna = "anna@example.de";
constexpr const char* kAnne = "Anne@example.org";
constexpr const char* kBert = "bert@example.de";
constexpr const char* kFree = "free@example.de";
constexpr const char* kOther = "Anders-5678";
constexpr Millis kHour{3'600'000};

config::Attribute attribute(std::string name, bool required, bool is_mutable) {
    config::Attribute out;
    out.name = std::move(name);
    out.required = required;
    out.is_mutable = is_mutable;
    return out;
}

class AccountTest : public IdentityTest {
  protected:
    AccountTest() {
        config::Pool& pool = config_.pools[0];
        pool.clients[0].flows.push_back(config::AuthFlow::user_password_auth);
        pool.attributes.push_back(attribute("email", true, true));
        pool.attributes.push_back(attribute("custom:plan", false, true));
        pool.attributes.push_back(attribute("custom:number", false, false));
        config::Client reader;
        reader.name = "reader";
        reader.id = "client2";
        reader.flows = {config::AuthFlow::user_password_auth};
        reader.read_attributes = {"name"};
        reader.write_attributes = {"name"};
        pool.clients.push_back(reader);
    }
    void check(Task<Result<void>> (*journey)(Identity&)) {
        const auto done = run(journey);
        ASSERT_TRUE(done) << done.error().message << " " << done.error().reason;
    }
};

// Why it was refused; empty when it was not.
template <class T>
Task<std::string> why(Task<Result<T>> task) {
    const auto done = co_await std::move(task);
    co_return done ? std::string() : done.error().reason;
}

// The mails to somebody. The clock stands still, so the new one is what was not there before.
struct Post {
    std::string code;
    std::size_t mails = 0;
    std::set<std::string> codes;
};
Task<Result<Post>> post_of(Identity& identity, std::string address, Post before = Post()) {
    CO_TRY(const auto mails, co_await identity.outbox(100));
    Post out;
    for (const Mail& mail : mails) {
        const std::size_t digits = mail.text.find_first_of("0123456789");
        // Whose address somebody wants is told so, some time later.
        if (mail.to != address || digits == std::string::npos) continue;
        ++out.mails;
        std::string code = mail.text.substr(digits, 6);
        if (!before.codes.contains(code) && out.code.empty()) out.code = code;
        out.codes.insert(std::move(code));
    }
    co_return out;
}

Task<Result<void>> settle(Identity& identity, std::string username, std::string address) {
    SignUpRequest request{"client1", username, kPassword, {{"custom:country", "DE"}}};
    request.attributes["email"] = address;
    CO_TRY(const Post before, co_await post_of(identity, address));
    CO_TRY_VOID(co_await identity.sign_up(std::move(request)));
    CO_TRY(const Post post, co_await post_of(identity, std::move(address), before));
    ConfirmRequest confirm{"client1", std::move(username), post.code};
    CO_TRY_VOID(co_await identity.confirm_sign_up(std::move(confirm)));
    co_return Result<void>();
}

Task<Result<Tokens>> sign_in(Identity& identity, std::string username,
                             std::string client = "client1") {
    PasswordRequest request{std::move(client), std::move(username), kPassword};
    co_return co_await identity.sign_in_with_password(std::move(request));
}
Task<Result<std::string>> token_of(Identity& identity, std::string username) {
    CO_TRY(const Tokens tokens, co_await sign_in(identity, std::move(username)));
    co_return tokens.access_token;
}

Task<Result<CodeDeliveries>> update(Identity& identity, std::string token, Attributes attributes) {
    AttributesRequest request{std::move(token), std::move(attributes)};
    co_return co_await identity.update_attributes(std::move(request));
}
Task<std::string> set(Identity& identity, std::string token, std::string name, std::string value) {
    Attributes attributes;
    attributes[std::move(name)] = std::move(value);
    co_return co_await why(update(identity, std::move(token), std::move(attributes)));
}
Task<std::string> ask_for(Identity& identity, std::string token, std::string address) {
    co_return co_await set(identity, std::move(token), "email", std::move(address));
}
Task<std::string> prove(Identity& identity, std::string token, std::string code) {
    ProveAttributeRequest request{std::move(token), "email", std::move(code)};
    co_return co_await why(identity.prove_attribute(std::move(request)));
}
Task<Result<CodeDelivery>> send_code(Identity& identity, std::string token) {
    AttributeCodeRequest request{std::move(token), "email"};
    co_return co_await identity.attribute_code(std::move(request));
}
Task<Result<User>> look(Identity& identity, std::string token) {
    AccessTokenRequest request{std::move(token)};
    co_return co_await identity.get_user(std::move(request));
}

Task<Result<void>> attributes(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const std::string token, co_await token_of(identity, kAnna));
    Attributes several{{"name", "Anna"}, {"custom:plan", "small"}, {"nickname", "An"}};
    CO_TRY(const CodeDeliveries sent, co_await update(identity, token, std::move(several)));
    EXPECT_TRUE(sent.sent.empty());
    EXPECT_EQ(co_await set(identity, token, "nickname", ""), "");
    CO_TRY(const User user, co_await look(identity, token));
    EXPECT_EQ(user.attributes.at("name"), "Anna");
    EXPECT_EQ(user.attributes.at("custom:plan"), "small");
    EXPECT_FALSE(user.attributes.contains("nickname"));

    const std::vector<std::tuple<std::string, std::string, std::string>> refused = {
        {"custom:number", "7", reason::kAttribute},        // cannot be changed
        {"email", "", reason::kAttribute},                 // has to be there
        {"email", "no address", reason::kSchema},          //
        {"custom:unheard", "7", reason::kSchema},          //
        {"phone_number", "+4915112345", reason::kSchema},  // nothing proves it
        {"custom:country", "US", reason::kAttribute},      // is at home elsewhere
        {"custom:region", "us-east-2", reason::kNotWritable},
        {"email_verified", "true", reason::kNotWritable},
        {"sub", "another", reason::kNotWritable},
    };
    for (const auto& [name, value, reason] : refused) {
        EXPECT_EQ(co_await set(identity, token, name, value), reason) << name;
    }
    EXPECT_EQ(co_await set(identity, "x", "name", "A"), reason::kAccessInvalid);
    co_return Result<void>();
}

TEST_F(AccountTest, attributes_are_changed_as_the_pool_allows) { check(attributes); }

Task<Result<void>> permissions(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens tokens, co_await sign_in(identity, kAnna, "client2"));
    EXPECT_EQ(co_await set(identity, tokens.access_token, "name", "Anna"), "");
    EXPECT_EQ(co_await set(identity, tokens.access_token, "nickname", "An"), reason::kNotWritable);
    EXPECT_EQ(co_await ask_for(identity, tokens.access_token, kAnne), reason::kNotWritable);
    CO_TRY(const User user, co_await look(identity, tokens.access_token));
    EXPECT_EQ(user.attributes.at("name"), "Anna");
    EXPECT_TRUE(user.attributes.contains("sub"));
    EXPECT_FALSE(user.attributes.contains("email"));
    for (const char* client : {"client1", "client2"}) {
        CO_TRY(const Tokens seen, co_await sign_in(identity, kAnna, client));
        const auto claims = crypto::parse_jwt(seen.id_token)->claims;
        EXPECT_TRUE(claims.contains("name")) << client;
        EXPECT_EQ(claims.contains("email"), client == std::string("client1"));
    }
    auto request = sign_up_request();
    request.client_id = "client2";
    request.username = kBert;
    EXPECT_EQ(co_await why(identity.sign_up(std::move(request))), reason::kNotWritable);
    co_return Result<void>();
}

TEST_F(AccountTest, a_client_reads_and_writes_what_it_is_allowed) { check(permissions); }

Task<Result<void>> change_of_address(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const std::string token, co_await token_of(identity, kAnna));
    Attributes wanted{{"email", kAnne}, {"name", "Anne"}};
    CO_TRY(const CodeDeliveries sent, co_await update(identity, token, std::move(wanted)));
    EXPECT_EQ(sent.sent.size(), 1u);
    EXPECT_EQ(sent.sent.at(0).destination, "A***@e***");
    CO_TRY(const User meanwhile, co_await look(identity, token));
    EXPECT_EQ(meanwhile.attributes.at("email"), kAnna);
    EXPECT_EQ(meanwhile.attributes.at("name"), "Anne");
    CO_TRY_VOID(co_await srp_sign_in(identity, kAnna, kPassword));
    EXPECT_EQ(co_await why(sign_in(identity, kAnne)), reason::kWrongCredentials);

    CO_TRY(const Post post, co_await post_of(identity, kAnne));
    EXPECT_EQ(co_await prove(identity, token, wrong_code(post.code)), reason::kCodeMismatch);
    EXPECT_EQ(co_await prove(identity, token, post.code), "");
    EXPECT_EQ(co_await prove(identity, token, post.code), reason::kCodeExpired);

    EXPECT_EQ(co_await why(sign_in(identity, kAnna)), reason::kWrongCredentials);
    EXPECT_EQ(co_await why(srp_sign_in(identity, kAnna, kPassword)), reason::kWrongCredentials);
    CO_TRY(const Tokens after, co_await srp_sign_in(identity, "anne@Example.org", kPassword));
    CO_TRY_VOID(co_await sign_in(identity, kAnne));
    CO_TRY(const User user, co_await look(identity, after.access_token));
    EXPECT_EQ(user.username, kAnne);
    EXPECT_EQ(user.sub, meanwhile.sub);
    EXPECT_EQ(user.attributes.at("email"), kAnne);
    EXPECT_EQ(user.attributes.at("email_verified"), "true");
    CO_TRY_VOID(co_await look(identity, token));  // sessions go on

    CO_TRY_VOID(co_await settle(identity, kAnna, kAnna));  // the old one is free
    ChangePasswordRequest change{token, kPassword, kOther};
    CO_TRY_VOID(co_await identity.change_password(std::move(change)));
    CO_TRY_VOID(co_await srp_sign_in(identity, kAnne, kOther));
    co_return Result<void>();
}

TEST_F(AccountTest, a_new_address_is_in_force_once_its_code_came_back_and_the_old_one_until_then) {
    check(change_of_address);
}

Task<Result<void>> user_name(Identity& identity) {
    CO_TRY_VOID(co_await settle(identity, "anna", kAnna));
    CO_TRY(const std::string token, co_await token_of(identity, "anna"));
    EXPECT_EQ(co_await ask_for(identity, token, kAnne), "");
    ForgotPasswordRequest forgotten{"client1", "anna"};
    CO_TRY_VOID(co_await identity.forgot_password(std::move(forgotten)));
    CO_TRY(const std::string old, co_await code_about(identity, "reset"));
    CO_TRY(const Post post, co_await post_of(identity, kAnne));
    EXPECT_EQ(co_await prove(identity, token, post.code), "");
    // Whoever reads the old address has no way in.
    ResetPasswordRequest reset{"client1", "anna", old, kOther};
    EXPECT_EQ(co_await why(identity.reset_password(std::move(reset))), reason::kCodeExpired);
    CO_TRY_VOID(co_await sign_in(identity, "anna"));
    CO_TRY(const User user, co_await look(identity, token));
    EXPECT_EQ(user.username, "anna");
    EXPECT_EQ(user.attributes.at("email"), kAnne);
    co_return Result<void>();
}

TEST_F(AccountTest, a_user_name_stays_and_codes_sent_to_the_old_address_are_void) {
    check(user_name);
}

// Everything that can be heard of an address, beside the mail.
Task<std::vector<std::string>> heard_of(Identity& identity, std::string token, std::string address,
                                        std::string code) {
    std::vector<std::string> out;
    Attributes wish;
    wish["email"] = address;
    const auto asked = co_await update(identity, token, std::move(wish));
    out.push_back(asked ? asked->sent.at(0).destination.substr(1) : asked.error().reason);
    const auto again = co_await send_code(identity, token);
    out.push_back(again ? again->destination.substr(1) : again.error().reason);
    const auto user = co_await look(identity, token);
    out.push_back(user ? user->attributes.at("email") : user.error().reason);
    for (int i = 0; i < 6; ++i) out.push_back(co_await prove(identity, token, code));
    co_return out;
}

Task<Result<void>> taken(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY_VOID(co_await settle(identity, kBert, kBert));
    CO_TRY(const std::string token, co_await token_of(identity, kAnna));
    // "00000x" is no six digits, so that it fits nothing.
    const auto of_bert = co_await heard_of(identity, token, kBert, "00000x");
    const auto of_nobody = co_await heard_of(identity, token, kFree, "00000x");
    EXPECT_EQ(of_bert, of_nobody);
    EXPECT_EQ(of_bert.at(7), reason::kCodeMismatch);
    EXPECT_EQ(of_bert.at(8), reason::kCodeExpired);
    CO_TRY(const Post berts, co_await post_of(identity, kBert));
    EXPECT_EQ(berts.mails, 1u);  // of the sign-up
    CO_TRY(const Post frees, co_await post_of(identity, kFree));
    EXPECT_EQ(frees.mails, 2u);
    EXPECT_EQ(co_await prove(identity, token, frees.code), reason::kCodeExpired);
    CO_TRY_VOID(co_await sign_in(identity, kBert));
    co_return Result<void>();
}

TEST_F(AccountTest, an_address_of_somebody_else_is_answered_like_a_free_one) { check(taken); }

Task<Result<void>> revealed(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY_VOID(co_await settle(identity, kBert, kBert));
    CO_TRY(const std::string token, co_await token_of(identity, kAnna));
    EXPECT_EQ(co_await ask_for(identity, token, kBert), reason::kAliasExists);
    EXPECT_EQ(co_await ask_for(identity, token, kFree), "");
    co_return Result<void>();
}

TEST_F(AccountTest, a_pool_that_reveals_who_exists_says_that_an_address_is_taken) {
    config_.pools[0].reveal_existing = true;
    check(revealed);
}

Task<Result<void>> asked_twice(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const std::string token, co_await token_of(identity, kAnna));
    EXPECT_EQ(co_await ask_for(identity, token, kFree), "");
    EXPECT_EQ(co_await ask_for(identity, token, kAnne), "");
    CO_TRY(const Post before, co_await post_of(identity, kAnne));
    EXPECT_EQ(co_await ask_for(identity, token, kAnne), "");
    CO_TRY(const Post after, co_await post_of(identity, kAnne, before));
    EXPECT_EQ(after.mails, 2u);
    EXPECT_NE(co_await prove(identity, token, before.code), "");
    // What is not wanted any more is anybody's.
    CO_TRY_VOID(co_await settle(identity, kFree, kFree));
    EXPECT_EQ(co_await prove(identity, token, after.code), "");
    // And back again.
    CO_TRY(const Post first, co_await post_of(identity, kAnna));
    EXPECT_EQ(co_await ask_for(identity, token, kAnna), "");
    CO_TRY(const Post back, co_await post_of(identity, kAnna, first));
    EXPECT_EQ(co_await prove(identity, token, back.code), "");
    CO_TRY_VOID(co_await srp_sign_in(identity, kAnna, kPassword));
    co_return Result<void>();
}

TEST_F(AccountTest, the_last_wish_counts_and_addresses_may_come_again) { check(asked_twice); }

Task<Result<void>> ask_and_wait(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const std::string token, co_await token_of(identity, kAnna));
    EXPECT_EQ(co_await ask_for(identity, token, kAnne), "");
    co_return Result<void>();
}
// Opening ends what is over.
Task<Result<void>> too_late(Identity& identity) {
    CO_TRY(const std::string token, co_await token_of(identity, kAnna));
    CO_TRY(const Post post, co_await post_of(identity, kAnne));
    EXPECT_EQ(co_await prove(identity, token, post.code), reason::kCodeExpired);
    CO_TRY_VOID(co_await settle(identity, kAnne, kAnne));
    // A code is for the address in force again.
    CO_TRY(const Post before, co_await post_of(identity, kAnna));
    CO_TRY(const CodeDelivery delivery, co_await send_code(identity, token));
    EXPECT_EQ(delivery.destination, "a***@e***");
    CO_TRY(const Post present, co_await post_of(identity, kAnna, before));
    EXPECT_EQ(co_await prove(identity, token, present.code), "");
    CO_TRY_VOID(co_await sign_in(identity, kAnna));
    co_return Result<void>();
}

TEST_F(AccountTest, a_wish_ends_after_an_hour) {
    check(ask_and_wait);
    clock_.pass(kHour);
    check(too_late);
}

Task<Result<void>> ask_for_another_code(Identity& identity) {
    CO_TRY(const std::string token, co_await token_of(identity, kAnna));
    CO_TRY_VOID(co_await send_code(identity, token));
    co_return Result<void>();
}
Task<Result<void>> still_in_time(Identity& identity) {
    CO_TRY(const std::string token, co_await token_of(identity, kAnna));
    CO_TRY(const Post post, co_await post_of(identity, kAnne));
    EXPECT_EQ(co_await prove(identity, token, post.code), "");
    CO_TRY_VOID(co_await sign_in(identity, kAnne));
    co_return Result<void>();
}

TEST_F(AccountTest, another_code_gives_another_hour) {
    check(ask_and_wait);
    clock_.pass(kHour / 2);
    check(ask_for_another_code);
    clock_.pass(kHour / 2 + Millis(1));
    check(still_in_time);
}

Task<Result<void>> unverified(Identity& identity) {
    AdminCreateRequest request;
    request.who.access_key_id = "DOMKTEST";
    request.pool = "Health1";
    request.username = kAnna;
    request.attributes = {{"email", kAnna}, {"custom:country", "DE"}};
    Administration& admin = identity.administration();
    CO_TRY_VOID(co_await admin.create(std::move(request)));
    AdminPasswordRequest permanent{{"DOMKTEST", ""}, "Health1", kAnna, kPassword, true};
    CO_TRY_VOID(co_await admin.set_password(std::move(permanent)));
    CO_TRY(const std::string token, co_await token_of(identity, kAnna));
    CO_TRY_VOID(co_await send_code(identity, token));
    CO_TRY(const std::string code, co_await code_about(identity, "verification"));
    CO_TRY(const User before, co_await look(identity, token));
    EXPECT_EQ(before.attributes.at("email_verified"), "false");
    EXPECT_EQ(co_await prove(identity, token, code), "");
    CO_TRY(const User after, co_await look(identity, token));
    EXPECT_EQ(after.attributes.at("email_verified"), "true");
    co_return Result<void>();
}

TEST_F(AccountTest, the_address_in_force_is_proven_too) { check(unverified); }

Task<Result<void>> often(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const std::string token, co_await token_of(identity, kAnna));
    std::string refusal;
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(refusal, "");
        refusal = co_await ask_for(identity, token, kAnne);
    }
    EXPECT_EQ(co_await why(send_code(identity, token)), reason::kTooManyAttempts);
    EXPECT_EQ(co_await set(identity, token, "name", "Anna"), "");
    co_return Result<void>();
}

TEST_F(AccountTest, mails_to_other_addresses_are_bounded) { check(often); }

Task<Result<void>> leave(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const Tokens tokens, co_await sign_in(identity, kAnna));
    EXPECT_EQ(co_await ask_for(identity, tokens.access_token, kAnne), "");
    AccessTokenRequest request{tokens.access_token};
    CO_TRY_VOID(co_await identity.delete_user(std::move(request)));
    EXPECT_NE(co_await why(look(identity, tokens.access_token)), "");
    AccessTokenRequest again{tokens.access_token};
    EXPECT_NE(co_await why(identity.delete_user(std::move(again))), "");
    RefreshRequest refresh{"client1", *tokens.refresh_token};
    EXPECT_NE(co_await why(identity.refresh(std::move(refresh))), "");
    EXPECT_EQ(co_await why(sign_in(identity, kAnna)), reason::kWrongCredentials);
    CO_TRY(const auto mails, co_await identity.outbox(10));
    EXPECT_TRUE(mails.empty());
    CO_TRY_VOID(co_await settle(identity, kAnna, kAnna));
    co_return Result<void>();
}
Task<Result<void>> take_what_was_offered(Identity& identity) {
    CO_TRY_VOID(co_await settle(identity, kAnne, kAnne));
    co_return Result<void>();
}

TEST_F(AccountTest, who_leaves_is_gone_with_all_their_addresses) {
    check(leave);
    check(take_what_was_offered);
}

}  // namespace
}  // namespace domicile::identity::testing
