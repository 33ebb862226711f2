#include "functions/json_text.h"

#include "base/encoding.h"
#include "functions/event.h"

namespace domicile::functions {
namespace {

bool stays(unsigned char c) { return c >= 0x20 && c != '"' && c != '\\'; }

}  // namespace

JsonText& JsonText::string(std::string_view value) {
    if (!is_utf8(value)) return string(text_of(value));
    comma();
    out_ += '"';
    std::size_t from = 0;
    for (std::size_t at = 0; at < value.size(); ++at) {
        const auto c = static_cast<unsigned char>(value[at]);
        if (stays(c)) continue;
        out_ += value.substr(from, at - from);
        escape(c);
        from = at + 1;
    }
    out_ += value.substr(from);
    out_ += '"';
    return *this;
}

void JsonText::escape(unsigned char c) {
    constexpr std::string_view kHex = "0123456789abcdef";
    if (c >= 0x20) {
        out_ += '\\';
        out_ += static_cast<char>(c);
        return;
    }
    out_ += "\\u00";
    out_ += kHex[c >> 4];
    out_ += kHex[c & 15];
}

}  // namespace domicile::functions
