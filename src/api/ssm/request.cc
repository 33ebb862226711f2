#include "api/ssm/request.h"

#include <algorithm>

#include "base/encoding.h"

namespace domicile::api::ssm {
namespace {

constexpr std::size_t kNameBytesMax = 2048, kNamesMax = 10;

template <class T>
Result<T> typed(Result<T> value) {
    if (!value) return fail(Code::malformed, std::move(value.error().message));
    return value;
}

Result<std::string> text_of(const json::object& request, std::string_view name) {
    TRY(auto text, typed(optional_string(request, name)));
    if (!text || text->empty() || text->size() > kNameBytesMax)
        return fail(Code::invalid_argument, std::string(name) + " must be 1 to 2048 bytes.");
    return std::move(*text);
}

Result<bool> flag_of(const json::object& request, std::string_view name) {
    TRY(const auto flag, typed(optional_bool(request, name)));
    return flag.value_or(false);
}

bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '.' || c == '-';
}

std::unexpected<Error> no_parameter() { return fail(Code::not_found, "", reason::kNoParameter); }

}  // namespace

Result<Name> parse_name(std::string_view text, std::string_view region) {
    Name out;
    out.asked = text;
    if (text.starts_with("arn:")) {
        const std::string own = "arn:aws:ssm:" + std::string(region) + ':';
        const std::size_t mark = text.find(":parameter");
        if (!text.starts_with(own) || mark == std::string_view::npos) return no_parameter();
        text.remove_prefix(mark + 10);
    }
    const std::size_t colon = std::min(text.find(':'), text.size());
    out.name = text.substr(0, colon);
    out.selector = text.substr(colon);
    if (out.name.empty() || !std::ranges::all_of(out.name, is_name_byte))
        return fail(Code::invalid_argument,
                    "Parameter name: can't be prefixed with \"ssm\" (case-insensitive) and may "
                    "have only a mix of letters, numbers and the symbols .-_/");
    // There is one version of each, and there are no labels.
    if (!out.selector.empty() && out.selector != ":1")
        return fail(Code::not_found, "There is no such version.", reason::kNoVersion);
    return out;
}

Result<One> parse_one(const json::object& request, std::string_view region) {
    One out;
    TRY(const std::string name, text_of(request, "Name"));
    TRY(out.decrypted, flag_of(request, "WithDecryption"));
    TRY(out.name, parse_name(name, region));
    return out;
}

Result<Several> parse_several(const json::object& request, std::string_view region) {
    Several out;
    TRY(const json::array* names, typed(optional_array(request, "Names")));
    if (names == nullptr || names->empty() || names->size() > kNamesMax)
        return fail(Code::invalid_argument, "Names must be 1 to 10.");
    TRY(out.decrypted, flag_of(request, "WithDecryption"));
    for (const json::value& value : *names) {
        const json::string* text = value.if_string();
        if (text == nullptr) return fail(Code::malformed, "Names must be text.");
        if (text->empty() || text->size() > kNameBytesMax)
            return fail(Code::invalid_argument, "Each of Names must be 1 to 2048 bytes.");
        Result<Name> name = parse_name(*text, region);
        // One that cannot be there is among the invalid ones of the answer.
        if (!name) name = Name{std::string(*text), "", ""};
        out.names.push_back(std::move(*name));
    }
    return out;
}

Result<Below> parse_below(const json::object& request) {
    Below out;
    TRY(out.path, text_of(request, "Path"));
    if (out.path[0] != '/' || !std::ranges::all_of(out.path, is_name_byte))
        return fail(Code::invalid_argument,
                    "The parameter doesn't meet the parameter name requirements. The parameter "
                    "name must begin with a forward slash \"/\".");
    TRY(out.deep, flag_of(request, "Recursive"));
    TRY(out.decrypted, flag_of(request, "WithDecryption"));
    TRY(const auto most, typed(optional_int(request, "MaxResults")));
    if (most && (*most < 1 || *most > 10))
        return fail(Code::invalid_argument, "MaxResults must be 1 to 10.");
    out.most = static_cast<std::size_t>(most.value_or(10));
    TRY(const json::array* filters, typed(optional_array(request, "ParameterFilters")));
    if (filters != nullptr && !filters->empty())
        return fail(Code::invalid_argument, "Filters are not supported here.", reason::kBadFilter);
    TRY(const auto token, typed(optional_string(request, "NextToken")));
    if (!token) return out;
    const auto after = from_base64url(*token);
    if (!after || after->empty() || !std::ranges::all_of(*after, is_name_byte))
        return fail(Code::invalid_argument, "The specified token isn't valid.", reason::kBadToken);
    out.after = *after;
    return out;
}

std::string token_after(std::string_view name) { return to_base64url(name); }

}  // namespace domicile::api::ssm
