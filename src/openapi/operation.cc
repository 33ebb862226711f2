#include "openapi/operation.h"

#include <algorithm>

#include "base/encoding.h"

namespace domicile::openapi {
namespace {

constexpr std::string_view kIn[] = {"path", "query", "header"};

// What a text may stand for: a number, a boolean, and always itself. A parameter's schema decides.
std::vector<json::value> readings_of(const std::string& text) {
    std::vector<json::value> out;
    const bool number = !text.empty() && text.size() <= 64 &&
                        text.find_first_not_of("0123456789+-.eE") == std::string::npos;
    if (number || text == "true" || text == "false") {
        auto parsed = parse_json(text);
        if (parsed) out.push_back(std::move(*parsed));
    }
    // A JSON text is UTF-8; bytes that are not are no value that a schema knows.
    out.emplace_back(json::string(text));
    return out;
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out;
    for (;;) {
        const std::size_t end = std::min(text.find(','), text.size());
        out.emplace_back(text.substr(0, end));
        if (end == text.size()) return out;
        text.remove_prefix(end + 1);
    }
}

class Check {
  public:
    Check(const Operation& operation, const Given& given)
        : operation_(operation), given_(given), validation_(*operation.schemas) {}

    void parameter(const Parameter& parameter, Violations& out) {
        std::vector<std::string> values = values_of(parameter);
        const auto say = [&](std::string message) {
            out.push_back({kIn[static_cast<std::size_t>(parameter.in)], parameter.name, "",
                           std::move(message)});
        };
        if (values.empty()) {
            if (parameter.required) say("is missing");
            return;
        }
        for (const std::string& value : values)
            if (!is_utf8(value)) return say("must be UTF-8");
        if (parameter.list) return list(parameter, values, out);
        // Which of several would count is nobody's guess.
        if (values.size() > 1) return say("is there more than once");
        if (values.front().empty() && parameter.empty_is_good) return;
        one_of(readings_of(values.front()), parameter, parameter.schema, &out);
    }

  private:
    std::vector<std::string> values_of(const Parameter& parameter) const {
        const auto& from = parameter.in == In::path    ? given_.path
                           : parameter.in == In::query ? given_.query
                                                       : given_.headers;
        std::vector<std::string> out;
        for (const auto& [name, value] : from) {
            const bool same = parameter.in == In::header ? equals_ignore_case(name, parameter.name)
                                                         : name == parameter.name;
            if (same) out.push_back(value);
        }
        return out;
    }

    // The first reading that fits; with `out`, what is wrong where none does.
    const json::value* one_of(const std::vector<json::value>& readings, const Parameter& parameter,
                              SchemaId schema, Violations* out) {
        const std::string_view in = kIn[static_cast<std::size_t>(parameter.in)];
        for (const json::value& reading : readings) {
            Violations ignored;
            if (validation_.check(reading, schema, in, parameter.name, ignored)) return &reading;
        }
        if (out == nullptr) return nullptr;
        // Of the text where text is wanted, else of what it stands for.
        const bool text = (operation_.schemas->all[schema].types & type::kString) != 0;
        const json::value& told = text ? readings.back() : readings.front();
        validation_.check(told, schema, in, parameter.name, *out);
        return nullptr;
    }

    void list(const Parameter& parameter, const std::vector<std::string>& values, Violations& out) {
        std::vector<std::string> texts;
        for (const std::string& value : values) {
            if (!parameter.comma) {
                texts.push_back(value);
                continue;
            }
            for (std::string& part : split(value))
                texts.emplace_back(parameter.in == In::header ? std::string(trim(part)) : part);
        }
        json::array array;
        for (const std::string& text : texts) {
            const std::vector<json::value> readings = readings_of(text);
            const json::value* fitting = &readings.back();
            if (parameter.items) {
                const json::value* found = one_of(readings, parameter, *parameter.items, nullptr);
                fitting = found != nullptr ? found : &readings.front();
            }
            array.push_back(*fitting);
        }
        validation_.check(array, parameter.schema, kIn[static_cast<std::size_t>(parameter.in)],
                          parameter.name, out);
    }

    const Operation& operation_;
    const Given& given_;
    Validation validation_;
};

}  // namespace

Violations Operation::check_parameters(const Given& given) const {
    Violations out;
    Check check(*this, given);
    for (const Parameter& parameter : parameters) {
        check.parameter(parameter, out);
        if (out.size() >= kViolationsMax) break;
    }
    return out;
}

const Media* Operation::media_of(std::string_view content_type) const {
    const std::string type = to_lower(trim(content_type.substr(0, content_type.find(';'))));
    const std::string any = type.substr(0, type.find('/')) + "/*";
    for (const std::string& wanted : {type, any, std::string("*/*")})
        for (const Media& each : media)
            if (each.type == wanted) return &each;
    return nullptr;
}

Violations Operation::check_body(const Media& media, std::string_view body) const {
    Violations out;
    if (!media.schema) return out;
    const auto value = parse_json(body, {.bytes_max = body.size()});
    if (!value) {
        out.push_back(
            {"body", "", "", "is not JSON as it is taken here: " + value.error().message});
        return out;
    }
    Validation(*schemas).check(*value, *media.schema, "body", "", out);
    return out;
}

}  // namespace domicile::openapi
