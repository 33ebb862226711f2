#include "openapi/schema.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_set>

namespace domicile::openapi {
namespace {

// Beyond it a pointer says enough.
constexpr std::size_t kPointerBytesMax = 512;

unsigned types_of(const json::value& value) {
    switch (value.kind()) {
        case json::kind::null:
            return type::kNull;
        case json::kind::bool_:
            return type::kBoolean;
        case json::kind::int64:
        case json::kind::uint64:
            return type::kInteger | type::kNumber;
        case json::kind::double_:
            return std::trunc(value.get_double()) == value.get_double()
                       ? type::kInteger | type::kNumber
                       : type::kNumber;
        case json::kind::string:
            return type::kString;
        case json::kind::array:
            return type::kArray;
        case json::kind::object:
            break;
    }
    return type::kObject;
}

std::string words_of(unsigned types) {
    std::string out;
    const auto add = [&](unsigned bit, std::string_view word) {
        if (types & bit) out += (out.empty() ? "" : " or ") + std::string(word);
    };
    add(type::kString, "text");
    // A number takes whole ones as well.
    if (types & type::kNumber)
        add(type::kNumber, "a number");
    else
        add(type::kInteger, "a whole number");
    add(type::kBoolean, "true or false");
    add(type::kArray, "a list");
    add(type::kObject, "an object");
    add(type::kNull, "null");
    return out;
}

long double number_of(const json::value& value) {
    if (value.is_int64()) return static_cast<long double>(value.get_int64());
    if (value.is_uint64()) return static_cast<long double>(value.get_uint64());
    return static_cast<long double>(value.get_double());
}

std::string text_of(long double number) {
    return fmt::format("{:.15g}", static_cast<double>(number));
}

// As JSON Schema counts: code points.
std::uint64_t characters_in(std::string_view text) {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

bool is_multiple(long double value, long double of) {
    if (std::trunc(value) == value && std::trunc(of) == of) return std::fmod(value, of) == 0;
    const long double times = value / of;
    if (!std::isfinite(times)) return false;
    // 0.3 is a multiple of 0.1, though not of what the machine keeps for the two.
    const long double error = 4 * std::numeric_limits<double>::epsilon();
    return std::fabs(times - std::round(times)) <= error * std::max(1.0L, std::fabs(times));
}

void put_canonical(const json::value& value, std::string& out) {
    if (value.is_array()) {
        out += '[';
        for (const json::value& each : value.get_array()) {
            put_canonical(each, out);
            out += ',';
        }
        out += ']';
    } else if (value.is_object()) {
        std::vector<std::pair<std::string_view, const json::value*>> members;
        for (const auto& member : value.get_object())
            members.emplace_back(member.key(), &member.value());
        std::ranges::sort(members);
        out += '{';
        for (const auto& [name, member] : members) {
            out += json::serialize(json::string(name));
            out += ':';
            put_canonical(*member, out);
            out += ',';
        }
        out += '}';
    } else if (value.is_double() && (types_of(value) & type::kInteger) &&
               std::fabs(value.get_double()) < 9007199254740992.0) {
        out += std::to_string(static_cast<std::int64_t>(value.get_double()));
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

std::string canonical(const json::value& value) {
    std::string out;
    put_canonical(value, out);
    return out;
}

std::string pointer_token(std::string_view name) {
    std::string out;
    for (const char c : name) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    return out;
}

// Where violations go; null while alternatives are tried.
struct Validation::Sink {
    std::string_view in, name;
    Violations& out;
};

bool Validation::check(const json::value& value, SchemaId schema, std::string_view in,
                       std::string_view name, Violations& out) {
    Sink sink{in, name, out};
    const std::size_t before = out.size();
    const bool good = fits(value, schema, "", &sink) && !exhausted();
    if (exhausted()) {
        out.resize(before);
        out.push_back({in, std::string(name), "", "takes too long to check"});
    }
    return good;
}

namespace {

// Always false, so that it can be returned.
template <class Sink>
bool refuse(Sink* sink, const std::string& at, std::string message) {
    if (sink == nullptr || sink->out.size() >= kViolationsMax) return false;
    sink->out.push_back({sink->in, std::string(sink->name), at, std::move(message)});
    return false;
}

std::string below(const std::string& at, std::string_view name) {
    if (at.size() > kPointerBytesMax) return at;
    return at + '/' + pointer_token(name.substr(0, kPointerBytesMax));
}

}  // namespace

bool Validation::spend(std::size_t bytes) {
    constexpr std::size_t kBytesPerStep = 16;
    steps_ += bytes / kBytesPerStep;
    return !exhausted();
}

std::string Validation::spend_on(const json::value& value) {
    std::string out = canonical(value);
    spend(out.size());
    return out;
}

bool Validation::fits(const json::value& value, SchemaId id, const std::string& at, Sink* sink) {
    if (++steps_ > kStepsMax) return false;
    const Schema& schema = schemas_.all[id];
    if (schema.never) return refuse(sink, at, "is not allowed");
    if ((types_of(value) & schema.types) == 0)
        return refuse(sink, at, "must be " + words_of(schema.types));
    bool good = true;
    if (schema.choices) {
        if (!std::ranges::binary_search(*schema.choices, spend_on(value)))
            good = refuse(sink, at, "must be one of the values that are allowed");
    }
    if (value.is_number()) good &= fits_number(value, schema, at, sink);
    if (value.is_string()) good &= fits_string(value.get_string(), schema, at, sink);
    if (value.is_array()) good &= fits_array(value.get_array(), schema, at, sink);
    if (value.is_object()) good &= fits_object(value.get_object(), schema, at, sink);
    return fits_combined(value, schema, at, sink) && good;
}

bool Validation::fits_number(const json::value& value, const Schema& schema, const std::string& at,
                             Sink* sink) {
    const long double number = number_of(value);
    bool good = true;
    const auto want = [&](bool holds, const char* words, long double bound) {
        if (!holds) good = refuse(sink, at, words + text_of(bound));
    };
    if (schema.minimum) want(number >= *schema.minimum, "must be at least ", *schema.minimum);
    if (schema.maximum) want(number <= *schema.maximum, "must be at most ", *schema.maximum);
    if (schema.above) want(number > *schema.above, "must be more than ", *schema.above);
    if (schema.below) want(number < *schema.below, "must be less than ", *schema.below);
    if (schema.multiple_of)
        want(is_multiple(number, *schema.multiple_of), "must be a multiple of ",
             *schema.multiple_of);
    const bool wide = schema.format == Format::int64;
    if (wide || schema.format == Format::int32) {
        const long double most = wide ? 9223372036854775807.0L : 2147483647.0L;
        if (number > most || number < -most - 1)
            good = refuse(sink, at, wide ? "must fit in 64 bits" : "must fit in 32 bits");
    }
    return good;
}

bool Validation::fits_string(std::string_view text, const Schema& schema, const std::string& at,
                             Sink* sink) {
    bool good = true;
    if ((schema.pattern || schema.format != Format::any) && !spend(text.size())) return false;
    if (schema.length_min || schema.length_max) {
        const std::uint64_t length = characters_in(text);
        if (schema.length_min && length < *schema.length_min)
            good = refuse(sink, at,
                          fmt::format("must have at least {} characters", *schema.length_min));
        if (schema.length_max && length > *schema.length_max)
            good = refuse(sink, at,
                          fmt::format("must have at most {} characters", *schema.length_max));
    }
    if (schema.pattern && !re2::RE2::PartialMatch({text.data(), text.size()}, *schema.pattern))
        good = refuse(sink, at, "must match the pattern");
    if (!has_format(text, schema.format))
        good = refuse(sink, at, "must have the format that is asked for");
    return good;
}

bool Validation::fits_array(const json::array& array, const Schema& schema, const std::string& at,
                            Sink* sink) {
    bool good = true;
    if (schema.items_min && array.size() < *schema.items_min)
        good = refuse(sink, at, fmt::format("must have at least {} items", *schema.items_min));
    if (schema.items_max && array.size() > *schema.items_max)
        return refuse(sink, at, fmt::format("must have at most {} items", *schema.items_max));
    if (schema.unique) {
        std::unordered_set<std::string> seen;
        for (const json::value& each : array) {
            if (!seen.insert(spend_on(each)).second) {
                good = refuse(sink, at, "must not have the same item twice");
                break;
            }
            if (exhausted()) return false;
        }
    }
    if (!schema.items) return good;
    for (std::size_t i = 0; i < array.size(); ++i) {
        good &= fits(array[i], *schema.items, sink == nullptr ? at : below(at, std::to_string(i)),
                     sink);
        if ((!good && sink == nullptr) || exhausted()) return false;
    }
    return good;
}

bool Validation::fits_object(const json::object& object, const Schema& schema,
                             const std::string& at, Sink* sink) {
    bool good = true;
    if (schema.properties_min && object.size() < *schema.properties_min)
        good =
            refuse(sink, at, fmt::format("must have at least {} members", *schema.properties_min));
    if (schema.properties_max && object.size() > *schema.properties_max)
        good =
            refuse(sink, at, fmt::format("must have at most {} members", *schema.properties_max));
    steps_ += schema.required.size();
    if (exhausted()) return false;
    for (const std::string& name : schema.required)
        if (!object.contains(name)) good = refuse(sink, below(at, name), "is missing");
    if (schema.properties.empty() && !schema.additional && !schema.closed) return good;
    for (const auto& member : object) {
        if (++steps_ > kStepsMax) return false;
        const std::string_view name = member.key();
        const auto known =
            std::ranges::lower_bound(schema.properties, name, {}, &Schema::Property::name);
        const bool found = known != schema.properties.end() && known->name == name;
        if (!found && !schema.additional && !schema.closed) continue;
        const std::string there = sink == nullptr ? at : below(at, name);
        if (found)
            good &= fits(member.value(), known->schema, there, sink);
        else if (schema.additional)
            good &= fits(member.value(), *schema.additional, there, sink);
        else
            good = refuse(sink, there, "is not a member that is known here");
        if ((!good && sink == nullptr) || exhausted()) return false;
    }
    return good;
}

bool Validation::fits_combined(const json::value& value, const Schema& schema,
                               const std::string& at, Sink* sink) {
    bool good = true;
    for (const SchemaId part : schema.all_of) good &= fits(value, part, at, sink);
    const auto matches = [&](const std::vector<SchemaId>& of, std::size_t enough) {
        std::size_t out = 0;
        for (const SchemaId part : of) {
            if (fits(value, part, at, nullptr)) ++out;
            if (out == enough) break;
        }
        return out;
    };
    // Of one alternative there is more to say than that it does not fit.
    if (schema.any_of.size() == 1) {
        good &= fits(value, schema.any_of.front(), at, sink);
    } else if (!schema.any_of.empty() && matches(schema.any_of, 1) == 0) {
        good = refuse(sink, at, "fits none of the alternatives");
    }
    if (!schema.one_of.empty()) {
        const std::size_t fitting = matches(schema.one_of, 2);
        if (fitting == 0) good = refuse(sink, at, "fits none of the alternatives");
        if (fitting == 2) good = refuse(sink, at, "fits more than one of the alternatives");
    }
    if (schema.negated && fits(value, *schema.negated, at, nullptr))
        good = refuse(sink, at, "is what is not allowed here");
    // What could not be looked at to its end is nothing that fits, nor that does not.
    return good && !exhausted();
}

}  // namespace domicile::openapi
