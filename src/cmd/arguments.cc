#include "cmd/arguments.h"

#include <algorithm>

namespace domicile::cmd {

Result<Arguments> Arguments::parse(const std::vector<std::string>& words,
                                   const std::vector<std::string>& known,
                                   const std::vector<std::string>& flags) {
    const auto among = [](const std::vector<std::string>& names, const std::string& name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    Arguments out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (!words[i].starts_with("--")) {
            out.words_.push_back(words[i]);
            continue;
        }
        const auto equals = words[i].find('=');
        const std::string name =
            words[i].substr(2, equals == std::string::npos ? equals : equals - 2);
        std::string value;
        if (among(flags, name)) {
            value = "true";
        } else if (!among(known, name)) {
            return fail(Code::invalid_argument, "There is no option --" + name + ".");
        } else if (equals != std::string::npos) {
            value = words[i].substr(equals + 1);
        } else if (i + 1 < words.size()) {
            value = words[++i];
        } else {
            return fail(Code::invalid_argument, "Option --" + name + " needs a value.");
        }
        if (!out.options_.emplace(name, value).second) {
            return fail(Code::invalid_argument, "Option --" + name + " is given twice.");
        }
    }
    return out;
}

std::optional<std::string> Arguments::option(const std::string& name) const {
    const auto found = options_.find(name);
    return found == options_.end() ? std::nullopt : std::optional(found->second);
}

std::string Arguments::option_or(const std::string& name, const std::string& fallback) const {
    return option(name).value_or(fallback);
}

}  // namespace domicile::cmd
