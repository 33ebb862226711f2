// What the files of check() share.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/object.h"
#include "config/reader.h"

namespace domicile::config {

inline const Path kRoot;

template <class T>
std::vector<std::string> names_of(const NamedList<T>& list) {
    std::vector<std::string> out;
    for (const T& entry : list) out.push_back(entry.name);
    return out;
}

// A reference by name. An empty name had a problem of its own.
template <class T>
bool check_exists(Reader& reader, const NamedList<T>& list, const std::string& name,
                  const Path& path, std::string_view what) {
    if (name.empty() || list.find(name)) return true;
    std::string hint = did_you_mean(name, names_of(list));
    if (hint.empty())
        hint = list.empty() ? fmt::format("the file declares no {}", what)
                            : fmt::format("there are: {}", fmt::join(names_of(list), ", "));
    reader.problem(path, fmt::format("there is no {} `{}`", what, name), std::move(hint));
    return false;
}

// Remembers who said a value first; says so at the second.
class Once {
  public:
    Once(Reader& reader, std::string what) : reader_(reader), what_(std::move(what)) {}

    void say(const std::string& value, const Path& path, std::string hint = {}) {
        if (value.empty()) return;
        const auto [first, fresh] = seen_.emplace(value, to_string(path));
        if (!fresh)
            reader_.problem(path,
                            fmt::format("{} `{}` is already at {}", what_, value, first->second),
                            std::move(hint));
    }

  private:
    Reader& reader_;
    std::string what_;
    std::map<std::string, std::string> seen_;
};

// check_gateway.cc: what the gateway does, and whom it asks.
void check_upstreams(const Config& config, Reader& reader);
void check_authorizers(const Config& config, Reader& reader);
void check_api_keys(const Config& config, Reader& reader);
void check_routes(const Config& config, Reader& reader);

}  // namespace domicile::config
