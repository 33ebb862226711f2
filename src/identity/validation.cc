#include "identity/validation.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace domicile::identity {
namespace {

constexpr std::array<std::string_view, 16> kStandardAttributes = {"address",
                                                                  "birthdate",
                                                                  "email",
                                                                  "family_name",
                                                                  "gender",
                                                                  "given_name",
                                                                  "locale",
                                                                  "middle_name",
                                                                  "name",
                                                                  "nickname",
                                                                  "phone_number",
                                                                  "picture",
                                                                  "preferred_username",
                                                                  "profile",
                                                                  "website",
                                                                  "zoneinfo"};
constexpr std::array<std::string_view, 4> kReserved = {"sub", "email_verified",
                                                       "phone_number_verified", "updated_at"};

std::unexpected<Error> broken_rule(const char* rule) {
    return fail(Code::invalid_argument, rule, reason::kPasswordPolicy);
}

std::unexpected<Error> bad_attribute(std::string_view name, std::string_view what) {
    return fail(Code::invalid_argument, std::string(name) + ": " + std::string(what),
                reason::kAttribute);
}

bool is_symbol(unsigned char c) {
    return std::string_view(R"(^$*.[]{}()?-"!@#%&/\,><':;|_~`+= )").contains(static_cast<char>(c));
}

template <class Test>
bool has(std::string_view text, Test test) {
    return std::ranges::any_of(text, [&](char c) { return test(static_cast<unsigned char>(c)); });
}

bool is_email(std::string_view text) {
    const auto at = text.find('@');
    return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
           text.find('@', at + 1) == std::string_view::npos && text.size() <= 254 &&
           !has(text, [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

bool is_phone(std::string_view text) {
    return text.size() >= 3 && text.size() <= 16 && text[0] == '+' &&
           std::ranges::all_of(text.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

template <std::size_t Size>
bool is_in(const std::array<std::string_view, Size>& list, std::string_view name) {
    return std::ranges::find(list, name) != list.end();
}

bool is_declared(const config::Pool& pool, std::string_view name) {
    return is_in(kStandardAttributes, name) || name == pool.country_attribute ||
           std::ranges::any_of(pool.attributes, [&](const auto& a) { return a.name == name; });
}

Result<void> check_value(std::string_view name, std::string_view value) {
    if (value.size() > 2048) return bad_attribute(name, "The value is too long");
    if (name == "email" && !is_email(value)) {
        return fail(Code::invalid_argument, "Invalid email address format.", reason::kSchema);
    }
    if (name == "phone_number" && !is_phone(value)) {
        return fail(Code::invalid_argument, "Invalid phone number format.", reason::kSchema);
    }
    return {};
}

}  // namespace

Result<void> check_password(const config::PasswordPolicy& policy, std::string_view password) {
    const auto code_points = std::ranges::count_if(
        password, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    if (code_points < policy.length_min) return broken_rule("Password not long enough");
    if (password.size() > 256) return broken_rule("Password too long");
    const auto between = [](char from, char to) {
        return [=](unsigned char c) { return c >= from && c <= to; };
    };
    if (policy.lower && !has(password, between('a', 'z'))) {
        return broken_rule("Password must have lowercase characters");
    }
    if (policy.upper && !has(password, between('A', 'Z'))) {
        return broken_rule("Password must have uppercase characters");
    }
    if (policy.digit && !has(password, between('0', '9'))) {
        return broken_rule("Password must have numeric characters");
    }
    if (policy.symbol && !has(password, is_symbol)) {
        return broken_rule("Password must have symbol characters");
    }
    return {};
}

Result<void> check_own_attributes(const config::Pool& pool, const config::Client& client,
                                  const Attributes& attributes) {
    for (const auto& [name, value] : attributes) {
        if (name == "custom:region" || name == "custom:epoch" || is_in(kReserved, name) ||
            !client.writes(name)) {
            return fail(Code::permission_denied,
                        "A client attempted to write unauthorized attribute", reason::kNotWritable);
        }
        if (!is_declared(pool, name)) {
            return fail(Code::invalid_argument,
                        "Attributes did not conform to the schema: an attribute is not defined in "
                        "the schema.",
                        reason::kSchema);
        }
        if (!value.empty()) TRY_VOID(check_value(name, value));
    }
    return {};
}

Result<void> check_attributes(const config::Pool& pool, const config::Client& client,
                              const Attributes& attributes) {
    TRY_VOID(check_own_attributes(pool, client, attributes));
    for (const auto& [name, value] : attributes) TRY_VOID(check_value(name, value));
    return check_required(pool, attributes);
}

Result<void> check_required(const config::Pool& pool, const Attributes& attributes) {
    for (const config::Attribute& attribute : pool.attributes) {
        if (!attribute.required) continue;
        const auto found = attributes.find(attribute.name);
        if (found == attributes.end() || found->second.empty()) {
            return bad_attribute(attribute.name, "The attribute is required");
        }
    }
    return {};
}

Result<void> check_administered_attributes(const config::Pool& pool, const Attributes& attributes) {
    for (const auto& [name, value] : attributes) {
        const bool is_flag = name == "email_verified" || name == "phone_number_verified";
        if (is_flag && value != "true" && value != "false" && !value.empty()) {
            return bad_attribute(name, "The value is true or false");
        }
        if (is_flag) continue;
        if (name == "custom:region" || name == "custom:epoch" || is_in(kReserved, name)) {
            return bad_attribute(name, "The attribute cannot be written");
        }
        if (!is_declared(pool, name)) {
            return bad_attribute(name, "The attribute is not defined in the schema");
        }
        if (!value.empty()) TRY_VOID(check_value(name, value));
    }
    return {};
}

Result<void> check_changes(const config::Pool& pool, const Attributes& changes) {
    for (const auto& [name, value] : changes) {
        const auto declared = std::ranges::find(pool.attributes, name, &config::Attribute::name);
        if (declared == pool.attributes.end()) continue;
        if (value.empty() && declared->required) {
            return bad_attribute(name, "The attribute is required");
        }
        if (!declared->is_mutable) return bad_attribute(name, "The attribute cannot be updated");
    }
    return {};
}

void change_attributes(const Attributes& changes, Attributes& into) {
    for (const auto& [name, value] : changes) {
        if (value.empty()) {
            into.erase(name);
        } else {
            into[name] = value;
        }
    }
}

Result<void> check_username(std::string_view username) {
    const bool bad = has(username, [](unsigned char c) { return c <= ' ' || c == 0x7f; });
    if (!username.empty() && username.size() <= 128 && is_utf8(username) && !bad) return {};
    return fail(Code::invalid_argument,
                "1 validation error detected: Value at 'username' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+",
                reason::kSchema);
}

std::string mask_destination(std::string_view address) {
    const auto first = [](std::string_view text) {
        std::size_t size = text.empty() ? 0 : 1;  // a whole UTF-8 character
        while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80)
            ++size;
        return std::string(text.substr(0, size)) + "***";
    };
    const auto at = address.find('@');
    if (at != std::string_view::npos) {
        return first(address.substr(0, at)) + "@" + first(address.substr(at + 1));
    }
    return first(address);
}

std::string mask_number(std::string_view number) {
    constexpr std::size_t kShown = 4;
    if (number.starts_with('+')) number.remove_prefix(1);
    const std::size_t shown = std::min(kShown, number.size() / 2);
    const std::size_t hidden = number.size() - shown;
    return "+" + std::string(hidden, '*') + std::string(number.substr(hidden));
}

}  // namespace domicile::identity
