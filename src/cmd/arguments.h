// "--name value" options and positional words. Internal to cmd.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace domicile::cmd {

class Arguments {
  public:
    // invalid_argument for an option that is not among `known`, is given twice or has no value.
    // Names in `flags` take no value.
    static Result<Arguments> parse(const std::vector<std::string>& words,
                                   const std::vector<std::string>& known,
                                   const std::vector<std::string>& flags = {});

    const std::vector<std::string>& words() const { return words_; }
    std::optional<std::string> option(const std::string& name) const;
    std::string option_or(const std::string& name, const std::string& fallback) const;
    bool flag(const std::string& name) const { return options_.contains(name); }

  private:
    std::vector<std::string> words_;
    std::map<std::string, std::string> options_;
};

}  // namespace domicile::cmd
