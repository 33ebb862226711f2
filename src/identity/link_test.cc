// Users of another provider linked with people who are here, and parted from them again.
#include "identity/administration.h"
#include "identity/external_testing.h"
#include "identity/links.h"

namespace domicile::identity::testing {
namespace {

constexpr const char* kAnna = "anna@example.de";
const Administrator kAdmin = {"DOMKTEST", "eu-central-1"};

using LinkTest = ExternalTest;

AdminLinkRequest about(std::string subject, std::string username = kAnna,
                       std::string provider = "Partner") {
    return {kAdmin, "Health1", std::move(username), std::move(provider), std::move(subject)};
}

Task<Result<Done>> link(Identity& identity, std::string subject, std::string username = kAnna) {
    return identity.administration().link(about(std::move(subject), std::move(username)));
}
Task<Result<Done>> unlink(Identity& identity, std::string subject) {
    return identity.administration().unlink(about(std::move(subject)));
}

Task<Result<Tokens>> enter(Identity& identity) {
    PasswordRequest request{"client1", kAnna, kPassword};
    return identity.sign_in_with_password(std::move(request));
}

Task<Result<PersonDescription>> shown(Identity& identity, std::string username = kAnna) {
    AdminRequest request{kAdmin, "Health1", std::move(username)};
    return identity.administration().get(std::move(request));
}

Task<Result<std::string>> anna(Identity& identity) {
    CO_TRY_VOID(co_await sign_up_and_confirm(identity));
    CO_TRY(const PersonDescription person, co_await shown(identity));
    co_return person.sub;
}

Task<Result<void>> whole_way(Identity& identity) {
    CO_TRY(const std::string sub, co_await anna(identity));
    CO_TRY_VOID(co_await link(identity, "17"));
    CO_TRY(const Tokens tokens, co_await sign_in(identity, "17"));
    CO_TRY(const TokenPtr id, co_await identity.verifier().verify(tokens.id_token));
    EXPECT_EQ(id->sub, sub);
    EXPECT_EQ(id->username, kAnna);
    const json::value& one = id->claims.at("identities").at(0);
    EXPECT_EQ(one.at("userId").as_string(), "17");
    EXPECT_EQ(one.at("providerName").as_string(), "Partner");
    EXPECT_EQ(one.at("primary").as_string(), "false");
    // What the provider says of them is not taken over.
    EXPECT_EQ(id->claims.at("email").as_string(), kAnna);
    EXPECT_FALSE(id->claims.contains("name"));
    RefreshRequest refresh{"client1", *tokens.refresh_token};
    CO_TRY_VOID(co_await identity.refresh(std::move(refresh)));
    CO_TRY_VOID(co_await enter(identity));  // the password stays
    const auto again = co_await link(identity, "17");
    EXPECT_EQ(again.error().message, "SourceUser is already linked to DestinationUser");
    CO_TRY_VOID(co_await unlink(identity, "17"));
    CO_TRY(const PersonDescription after, co_await shown(identity));
    EXPECT_FALSE(after.attributes.contains("identities"));
    const auto gone = co_await unlink(identity, "17");
    EXPECT_EQ(gone.error().reason, reason::kUserUnknown);
    // Whoever the provider names so is somebody new now.
    CO_TRY(const std::string other, co_await sub_of(identity, "17"));
    EXPECT_NE(other, sub);
    co_return Result<void>();
}
TEST_F(LinkTest, whom_the_provider_names_so_is_signed_in_as_the_person) { check(whole_way); }

Task<Result<void>> who_is_there(Identity& identity) {
    CO_TRY_VOID(co_await anna(identity));
    CO_TRY_VOID(co_await sign_in(identity, "17"));
    const auto there = co_await link(identity, "17");
    EXPECT_TRUE(there.error().message.starts_with("Merging is not currently supported"));
    const auto disabled = co_await unlink(identity, "17");
    EXPECT_EQ(disabled.error().reason, reason::kSchema);
    const auto nobody = co_await link(identity, "18", "nobody@example.de");
    EXPECT_EQ(nobody.error().reason, reason::kUserUnknown);
    const auto unknown = co_await identity.administration().link(about("18", kAnna, "Unknown"));
    EXPECT_EQ(unknown.error().reason, reason::kSchema);
    // Somebody of the provider may be linked with another of its users.
    CO_TRY_VOID(co_await link(identity, "18", "Partner_17"));
    const auto twice = co_await link(identity, "18");
    EXPECT_TRUE(twice.error().message.starts_with("Merging is not currently supported"));
    CO_TRY(const std::string first, co_await sub_of(identity, "17"));
    CO_TRY(const std::string second, co_await sub_of(identity, "18"));
    EXPECT_EQ(first, second);
    CO_TRY(const PersonDescription otto, co_await shown(identity, "Partner_17"));
    CO_TRY(const json::value list, parse_json(otto.attributes.at("identities")));
    EXPECT_EQ(list.at(0).at("primary").as_string(), "true");
    EXPECT_EQ(list.at(1).at("userId").as_string(), "18");
    co_return Result<void>();
}
TEST_F(LinkTest, who_is_somebody_already_is_linked_with_nobody) { check(who_is_there); }

Task<Result<void>> bounded(Identity& identity) {
    CO_TRY_VOID(co_await anna(identity));
    for (std::size_t i = 0; i < kLinksMax; ++i) {
        CO_TRY_VOID(co_await link(identity, std::to_string(i)));
    }
    const auto more = co_await link(identity, "more");
    EXPECT_EQ(more.error().reason, reason::kTooManyLinks);
    CO_TRY_VOID(co_await unlink(identity, "0"));
    CO_TRY_VOID(co_await link(identity, "more"));
    co_return Result<void>();
}
TEST_F(LinkTest, a_person_has_so_many_and_no_more) { check(bounded); }

Task<Result<void>> removed(Identity& identity) {
    CO_TRY(const std::string sub, co_await anna(identity));
    CO_TRY_VOID(co_await link(identity, "17"));
    AdminRequest remove{kAdmin, "Health1", kAnna};
    CO_TRY_VOID(co_await identity.administration().remove(std::move(remove)));
    CO_TRY(const std::string other, co_await sub_of(identity, "17"));
    EXPECT_NE(other, sub);
    co_return Result<void>();
}
TEST_F(LinkTest, with_the_person_their_links_go) {
    check(removed);
    EXPECT_EQ(rows_of("identity_links"), 0);
}

Task<Result<void>> no_password(Identity& identity) {
    CO_TRY_VOID(co_await anna(identity));
    CO_TRY_VOID(co_await link(identity, "17"));
    PasswordRequest request{"client1", "Partner_17", kPassword};
    const auto entered = co_await identity.sign_in_with_password(std::move(request));
    EXPECT_EQ(entered.error().reason, reason::kWrongCredentials);
    AdminRequest disable{kAdmin, "Health1", kAnna};
    CO_TRY_VOID(co_await identity.administration().disable(std::move(disable)));
    const auto out = co_await sign_in(identity, "17");
    EXPECT_EQ(out.error().reason, reason::kDisabled);
    co_return Result<void>();
}
TEST_F(LinkTest, is_no_other_name_of_the_person) { check(no_password); }

Task<Result<std::string>> code_to(Identity& identity, std::string address) {
    CO_TRY(const auto mails, co_await identity.outbox(100));
    for (const Mail& mail : mails) {
        if (mail.to == address)
            co_return mail.text.substr(mail.text.find_first_of("0123456789"), 6);
    }
    co_return fail(Code::not_found, "There is no such mail.");
}

Task<Result<void>> other_wish(Identity& identity) {
    CO_TRY_VOID(co_await anna(identity));
    CO_TRY(const Tokens tokens, co_await enter(identity));
    AttributesRequest wish{tokens.access_token, {{"email", "anne@example.de"}}};
    CO_TRY_VOID(co_await identity.update_attributes(std::move(wish)));
    CO_TRY(std::string code, co_await code_to(identity, "anne@example.de"));
    CO_TRY_VOID(co_await link(identity, "17"));
    ProveAttributeRequest prove{tokens.access_token, "email", std::move(code)};
    const auto proven = co_await identity.prove_attribute(std::move(prove));
    EXPECT_FALSE(proven);
    AttributesRequest again{tokens.access_token, {{"email", "anja@example.de"}}};
    CO_TRY_VOID(co_await identity.update_attributes(std::move(again)));
    CO_TRY(std::string second, co_await code_to(identity, "anja@example.de"));
    ProveAttributeRequest then{tokens.access_token, "email", std::move(second)};
    CO_TRY_VOID(co_await identity.prove_attribute(std::move(then)));
    CO_TRY_VOID(co_await sign_in(identity, "17"));
    co_return Result<void>();
}
TEST_F(LinkTest, a_wish_for_another_address_ends_and_may_be_made_again) { check(other_wish); }

}  // namespace
}  // namespace domicile::identity::testing
