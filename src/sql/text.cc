#include "sql/text.h"

#include "base/encoding.h"

namespace domicile::sql {

Result<void> check_text(const std::vector<Value>& parameters) {
    for (const Value& value : parameters) {
        const auto* text = std::get_if<std::string>(&value);
        if (text == nullptr) continue;
        if (text->find('\0') != std::string::npos || !is_utf8(*text))
            return fail(Code::invalid_argument, "A text is not UTF-8, or has a zero byte in it.");
    }
    return {};
}

}  // namespace domicile::sql
