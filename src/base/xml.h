// Strict, bounded XML on Expat, for the dialects that speak it: elements and text. What is not
// well-formed, has a document type (entities, and all that comes with them), a processing
// instruction or text beside elements is malformed; attributes and comments are passed over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace domicile {

struct XmlElement {
    std::string name;  // without its namespace
    std::string text;  // of an element without elements, as it stands
    std::vector<XmlElement> children;

    // The first of that name, or null.
    const XmlElement* find(std::string_view child) const;
    // The text of the first of that name; "" without one.
    std::string_view text_of(std::string_view child) const;
};

struct XmlLimits {
    std::size_t bytes_max = 4 << 20;
    std::size_t depth_max = 16;
    std::size_t elements_max = 20'000;
};

// XML 1.0 in UTF-8. White space before the document is passed over, which some servers send to keep
// a connection alive. Code::malformed or too_large.
Result<XmlElement> parse_xml(std::string_view text, XmlLimits limits = {});

// For text between tags, and in attributes with quotes of either kind; HTML reads it the same.
std::string xml_escape(std::string_view text);

}  // namespace domicile
