#include "api/cognito/members.h"

#include <gtest/gtest.h>

#include "identity/types.h"

namespace domicile::api::cognito {
namespace {

json::object parse(const char* text) { return json::parse(text).as_object(); }

TEST(Members, a_null_member_is_a_constraint_violation_in_cognitos_words) {
    const json::object request = parse(R"({"Password":null})");
    Members members(request);
    members.required("Password");
    EXPECT_EQ(
        *members.problem(),
        invalid_parameter("1 validation error detected: Value at 'password' failed to satisfy "
                          "constraint: Member must not be null"));
}

TEST(Members, all_violations_are_reported_at_once) {
    const json::object request = parse(R"({"Username":""})");
    Members members(request);
    members.required("ClientId");
    members.required("Username");
    EXPECT_EQ(members.problem()->message,
              "2 validation errors detected: Value at 'clientId' failed to satisfy constraint: "
              "Member must not be null; Value at 'username' failed to satisfy constraint: Member "
              "must have length greater than or equal to 1");
}

TEST(Members, a_wrong_type_is_a_serialization_exception) {
    const json::object request =
        parse(R"({"Username":5,"UserAttributes":"x","AuthParameters":{"A":1}})");
    for (const int kind : {0, 1, 2}) {
        Members members(request);
        if (kind == 0) members.required("Username");
        if (kind == 1) members.attributes("UserAttributes");
        if (kind == 2) members.texts("AuthParameters");
        ASSERT_TRUE(members.problem()) << kind;
        EXPECT_EQ(members.problem()->type, "SerializationException") << kind;
    }
}

TEST(Members, reads_attributes_and_leaves_out_null_parameters) {
    const json::object request = parse(
        R"({"UserAttributes":[{"Name":"email","Value":"a@b.c"},{"Name":"name","Value":null}],
            "AuthParameters":{"REFRESH_TOKEN":"t","DEVICE_KEY":null},"ValidationData":null})");
    Members members(request);
    EXPECT_EQ(members.attributes("UserAttributes"),
              (identity::Attributes{{"email", "a@b.c"}, {"name", ""}}));
    EXPECT_EQ(members.texts("AuthParameters"), (identity::Attributes{{"REFRESH_TOKEN", "t"}}));
    EXPECT_TRUE(members.attributes("ValidationData").empty());
    EXPECT_FALSE(members.problem());
}

TEST(Members, an_attribute_named_twice_is_refused) {
    const json::object request =
        parse(R"({"UserAttributes":[{"Name":"email","Value":"a"},{"Name":"email","Value":"b"}]})");
    Members members(request);
    members.attributes("UserAttributes");
    ASSERT_TRUE(members.problem());
    EXPECT_EQ(members.problem()->type, "InvalidParameterException");
}

TEST(Error, reasons_give_the_codes_and_texts_that_clients_decide_by) {
    namespace reason = identity::reason;
    const auto of = [](Code code, const char* why, const char* message = "m") {
        DialectError out = to_dialect(Error{code, message, why});
        out.weight = Weight::nothing;  // limited_test.cc has it
        return out;
    };
    EXPECT_EQ(of(Code::unauthenticated, reason::kWrongCredentials),
              (DialectError{400, "NotAuthorizedException", "Incorrect username or password."}));
    EXPECT_EQ(of(Code::failed_precondition, reason::kNotConfirmed),
              (DialectError{400, "UserNotConfirmedException", "User is not confirmed."}));
    EXPECT_EQ(of(Code::invalid_argument, reason::kPasswordPolicy, "Password not long enough"),
              (DialectError{400, "InvalidPasswordException",
                            "Password did not conform with policy: Password not long enough"}));
    EXPECT_EQ(of(Code::invalid_argument, reason::kAttribute, "email: The attribute is required"),
              (DialectError{400, "InvalidParameterException",
                            "Attributes did not conform to the schema: email: The attribute is "
                            "required"}));
    EXPECT_EQ(of(Code::unauthenticated, reason::kAccessRevoked).message,
              "Access Token has been revoked");
}

TEST(Error, an_unreachable_home_is_503_with_retry_after_and_a_defect_tells_nothing) {
    const auto down = to_dialect(Error{Code::unavailable, "x", "region_down"});
    EXPECT_EQ(down.status, 503);
    EXPECT_EQ(down.type, "ServiceUnavailableException");
    EXPECT_EQ(down.retry_after_seconds, 5);
    const auto defect = to_dialect(Error{Code::internal, "secret detail", ""});
    EXPECT_EQ(defect.status, 500);
    EXPECT_EQ(defect.message.find("secret"), std::string::npos);
}

TEST(Members, a_code_is_so_many_digits) {
    const auto problem = [](const char* text) {
        const json::object request = parse(text);
        Members members(request);
        members.digits("UserCode", 6);
        return members.problem() ? members.problem()->message : std::string();
    };
    EXPECT_EQ(problem(R"({"UserCode":"012345"})"), "");
    EXPECT_NE(problem(R"({"UserCode":"12345a"})").find("pattern: [0-9]+"), std::string::npos);
    EXPECT_NE(problem(R"({"UserCode":"12345"})").find("greater than or equal to 6"),
              std::string::npos);
    EXPECT_NE(problem(R"({"UserCode":"1234567"})").find("less than or equal to 6"),
              std::string::npos);
    EXPECT_NE(problem(R"({})").find("must not be null"), std::string::npos);
}

TEST(Members, a_structure_is_absent_or_an_object) {
    const json::object request = parse(R"({"A":{"Enabled":false},"B":null,"C":[]})");
    Members members(request);
    ASSERT_NE(members.structure("A"), nullptr);
    Members inner(*members.structure("A"));
    EXPECT_EQ(inner.optional_flag("Enabled"), false);
    EXPECT_EQ(inner.optional_flag("PreferredMfa"), std::nullopt);
    EXPECT_EQ(members.structure("B"), nullptr);
    EXPECT_FALSE(members.problem());
    EXPECT_EQ(members.structure("C"), nullptr);
    EXPECT_EQ(members.problem()->type, "SerializationException");
}

}  // namespace
}  // namespace domicile::api::cognito
