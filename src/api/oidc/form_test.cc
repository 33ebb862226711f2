#include "api/oidc/form.h"

#include <gtest/gtest.h>

namespace domicile::api::oidc {
namespace {

TEST(form, names_and_values_are_decoded) {
    const auto form = Form::parse("a=1+2&b=%C3%A4%26&c&d=&e=x=y&&");
    ASSERT_TRUE(form);
    EXPECT_EQ(form->get("a"), "1 2");
    EXPECT_EQ(form->get("b"), "\xC3\xA4&");
    EXPECT_EQ(form->get("e"), "x=y");
    // An empty value counts as absent (RFC 6749, 3.1).
    EXPECT_FALSE(form->find("c"));
    EXPECT_FALSE(form->find("d"));
    EXPECT_EQ(form->fields().size(), 5u);
}

TEST(form, what_is_written_is_read_again) {
    Form form;
    form.add("a b", "1&2=3+4%");
    form.add("\xC3\xA4", "");
    const auto again = Form::parse(form.encode());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->fields(), form.fields());
}

TEST(form, what_has_two_readings_is_refused) {
    for (const char* text : {"a=1&a=2", "a=%", "a=%2", "a=%zz", "%00=1", "a=%0A", "a=%7F", "a=%FF",
                             "a=%C0%80", "a=1&%61=2"}) {
        const auto form = Form::parse(text);
        ASSERT_FALSE(form) << text;
        EXPECT_EQ(form.error().code, Code::malformed);
    }
}

TEST(form, has_bounds) {
    std::string many;
    for (std::size_t i = 0; i < Form::kFieldsMax; ++i) many += "a" + std::to_string(i) + "=1&";
    EXPECT_TRUE(Form::parse(many));
    EXPECT_FALSE(Form::parse(many + "b=1"));
    EXPECT_TRUE(Form::parse("a=" + std::string(Form::kBytesMax - 2, 'x')));
    EXPECT_FALSE(Form::parse("a=" + std::string(Form::kBytesMax - 1, 'x')));
}

}  // namespace
}  // namespace domicile::api::oidc
