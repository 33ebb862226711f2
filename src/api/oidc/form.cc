#include "api/oidc/form.h"

#include <algorithm>

#include "base/encoding.h"

namespace domicile::api::oidc {
namespace {

std::unexpected<Error> malformed(const char* why) { return fail(Code::malformed, why); }

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

}  // namespace

Result<Form> Form::parse(std::string_view text) {
    Form out;
    if (text.size() > kBytesMax) return malformed("The parameters are too long.");
    while (!text.empty()) {
        const auto end = text.find('&');
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (pair.empty()) continue;
        if (out.fields_.size() == kFieldsMax) return malformed("There are too many parameters.");
        const auto equals = pair.find('=');
        const std::string_view rest = equals == pair.npos ? "" : pair.substr(equals + 1);
        auto name = percent_decode(pair.substr(0, equals), true);
        auto value = percent_decode(rest, true);
        if (!name || !value) return malformed("A parameter has a broken escape.");
        if (!is_utf8(*name) || !is_utf8(*value) || has_control(*name) || has_control(*value)) {
            return malformed("A parameter has characters that are not text.");
        }
        const bool twice = std::ranges::any_of(
            out.fields_, [&](const auto& field) { return field.first == *name; });
        if (twice) return malformed("A parameter is there twice.");
        out.fields_.emplace_back(std::move(*name), std::move(*value));
    }
    return out;
}

std::optional<std::string> Form::find(std::string_view name) const {
    for (const auto& [own, value] : fields_) {
        if (own == name && !value.empty()) return value;
    }
    return std::nullopt;
}

void Form::add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
}

void Form::remove(std::string_view name) {
    std::erase_if(fields_, [&](const auto& field) { return field.first == name; });
}

std::string Form::encode() const {
    std::string out;
    for (const auto& [name, value] : fields_) {
        if (!out.empty()) out += '&';
        out += percent_encode(name) + '=' + percent_encode(value);
    }
    return out;
}

}  // namespace domicile::api::oidc
