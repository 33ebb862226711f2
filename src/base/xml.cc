#include "base/xml.h"

#include <expat.h>

#include <algorithm>
#include <memory>

namespace domicile {
namespace {

constexpr XML_Char kNamespaceEnd = '\n';
constexpr std::string_view kSpace = " \t\r\n";

std::unexpected<Error> malformed(std::string what) {
    return fail(Code::malformed, "The XML " + std::move(what) + ".");
}

// What Expat calls back. The first thing that is not wanted stops it.
class Builder {
  public:
    Builder(XML_Parser parser, XmlLimits limits) : parser_(parser), limits_(limits) {
        XML_SetUserData(parser, this);
        XML_SetElementHandler(parser, &begin, &end);
        XML_SetCharacterDataHandler(parser, &characters);
        XML_SetProcessingInstructionHandler(parser, &instruction);
        XML_SetStartDoctypeDeclHandler(parser, &doctype);
    }
    const std::string& refused() const { return refused_; }
    XmlElement take() { return std::move(root_); }

  private:
    static Builder& of(void* data) { return *static_cast<Builder*>(data); }

    static void begin(void* data, const XML_Char* name, const XML_Char**) {
        Builder& self = of(data);
        if (self.open_.size() >= self.limits_.depth_max) return self.refuse("is nested too deeply");
        if (++self.elements_ > self.limits_.elements_max)
            return self.refuse("has too many elements");
        XmlElement* made = &self.root_;
        if (!self.open_.empty()) {
            XmlElement& parent = *self.open_.back();
            if (parent.text.find_first_not_of(kSpace) != std::string::npos) return self.mixed();
            parent.text.clear();
            made = &parent.children.emplace_back();
        }
        const std::string_view full = name;
        const std::size_t at = full.rfind(kNamespaceEnd);
        made->name = at == std::string_view::npos ? full : full.substr(at + 1);
        self.open_.push_back(made);
    }
    static void end(void* data, const XML_Char*) { of(data).open_.pop_back(); }
    static void characters(void* data, const XML_Char* text, int size) {
        Builder& self = of(data);
        XmlElement& element = *self.open_.back();
        const std::string_view piece(text, static_cast<std::size_t>(size));
        if (element.children.empty()) {
            element.text += piece;
        } else if (piece.find_first_not_of(kSpace) != std::string_view::npos) {
            self.mixed();
        }
    }
    static void instruction(void* data, const XML_Char*, const XML_Char*) {
        of(data).refuse("has a processing instruction");
    }
    static void doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
        of(data).refuse("has a document type");
    }
    void mixed() { refuse("has text beside elements"); }
    void refuse(const char* why) {
        if (refused_.empty()) refused_ = why;
        XML_StopParser(parser_, XML_FALSE);
    }

    XML_Parser parser_;
    const XmlLimits limits_;
    XmlElement root_;
    // From the root to the element that is open. Only the last one's children grow, so the others
    // stay where they are.
    std::vector<XmlElement*> open_;
    std::size_t elements_ = 0;
    std::string refused_;
};

}  // namespace

const XmlElement* XmlElement::find(std::string_view child) const {
    const auto found = std::find_if(children.begin(), children.end(),
                                    [&](const XmlElement& one) { return one.name == child; });
    return found == children.end() ? nullptr : &*found;
}

std::string_view XmlElement::text_of(std::string_view child) const {
    const XmlElement* found = find(child);
    return found == nullptr ? std::string_view() : std::string_view(found->text);
}

Result<XmlElement> parse_xml(std::string_view text, XmlLimits limits) {
    if (text.size() > limits.bytes_max) return fail(Code::too_large, "The XML is too large.");
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(kSpace)));
    const std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser(
        XML_ParserCreateNS("UTF-8", kNamespaceEnd), &XML_ParserFree);
    if (parser == nullptr) return fail(Code::internal, "There is no memory for an XML parser.");
    Builder builder(parser.get(), limits);
    const int size = static_cast<int>(text.size());  // bytes_max is far below
    if (XML_Parse(parser.get(), text.data(), size, XML_TRUE) == XML_STATUS_OK)
        return builder.take();
    if (!builder.refused().empty()) return malformed(builder.refused());
    return malformed("is not well-formed");
}

std::string xml_escape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            case '\r':
                out += "&#13;";  // a parser would read a bare one as a newline
                break;
            default:
                out += c;
        }
    }
    return out;
}

}  // namespace domicile
