#include "base/xml.h"

#include <gtest/gtest.h>

namespace domicile {
namespace {

std::string problem(std::string_view text, XmlLimits limits = {}) {
    const auto parsed = parse_xml(text, limits);
    return parsed ? "" : parsed.error().message;
}

TEST(xml, elements_and_their_text_are_read) {
    const auto root = parse_xml(
        "\n  <?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- note --><a:List xmlns:a='urn:x' "
        "b='1'>"
        "<Item>one &lt;&amp;&#65;</Item>\n <Item/><Key><![CDATA[<x>]]></Key></a:List>\n");
    ASSERT_TRUE(root) << root.error().message;
    EXPECT_EQ(root->name, "List");
    EXPECT_EQ(root->text, "");
    ASSERT_EQ(root->children.size(), 3u);
    EXPECT_EQ(root->text_of("Item"), "one <&A");
    EXPECT_EQ(root->children[1].text, "");
    EXPECT_EQ(root->text_of("Key"), "<x>");
    EXPECT_EQ(root->find("Other"), nullptr);
    EXPECT_EQ(root->text_of("Other"), "");
}

TEST(xml, what_is_not_well_formed_is_refused) {
    for (const char* text :
         {"", "  ", "<a>", "<a></b>", "<a/><b/>", "<a/>x", "x<a/>", "<a b/>", "<a>&nbsp;</a>",
          "<a>\x01</a>", "<a>\xff</a>", "<a", "<a>&#0;</a>", "<x:a/>", "<a b='1' b='2'/>"}) {
        EXPECT_EQ(problem(text), "The XML is not well-formed.") << text;
    }
}

TEST(xml, what_nobody_needs_and_some_abuse_is_refused) {
    EXPECT_EQ(problem("<!DOCTYPE a><a/>"), "The XML has a document type.");
    EXPECT_EQ(problem("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"),
              "The XML has a document type.");
    EXPECT_EQ(problem("<a><?php x?></a>"), "The XML has a processing instruction.");
    EXPECT_EQ(problem("<a>x<b/></a>"), "The XML has text beside elements.");
    EXPECT_EQ(problem("<a><b/>x</a>"), "The XML has text beside elements.");
}

TEST(xml, bounds_are_kept) {
    EXPECT_EQ(problem("<a><b/></a>", {.depth_max = 2}), "");
    EXPECT_EQ(problem("<a><b><c/></b></a>", {.depth_max = 2}), "The XML is nested too deeply.");
    EXPECT_EQ(problem("<a><b/><b/></a>", {.elements_max = 2}), "The XML has too many elements.");
    EXPECT_EQ(parse_xml("<a></a>", {.bytes_max = 6}).error().code, Code::too_large);
}

TEST(xml, what_is_escaped_ends_no_attribute) {
    EXPECT_EQ(xml_escape("<a b=\"c\" d='e'>&"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
}

TEST(xml, what_is_escaped_is_read_as_it_was) {
    const std::string text = "a<b>&amp;\"'\r\n\t]]>";
    EXPECT_EQ(parse_xml("<a>" + xml_escape(text) + "</a>")->text, text);
}

}  // namespace
}  // namespace domicile
