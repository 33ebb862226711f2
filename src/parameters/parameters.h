// What programs may look up: parameters and secrets of the configuration, and the ids of pools and
// clients, which are published below /domicile/pools/ by themselves. Secrets stay in their files
// and are read when asked for, so that a changed one counts at once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/redacted.h"
#include "base/result.h"
#include "config/config.h"
#include "io/files.h"
#include "io/task.h"

namespace domicile::parameters {

struct Entry {
    std::string name;
    std::string value;  // empty for a secret
    std::string file;   // of a secret, a path
    bool list = false;

    bool secret() const { return !file.empty(); }
};

class Parameters {
  public:
    // `directory` is what files are relative to. `files` outlives this.
    Parameters(const config::Config& config, const std::string& region,
               const std::string& directory, io::Files& files = io::system_files());

    // nullptr if there is none.
    const Entry* find(std::string_view name) const;
    // The first `most` in the order of names that are below `path` ("/app" or "/"), directly or at
    // any depth, and come after the name `after`; one more than `most` tells that there are more.
    std::vector<const Entry*> below(std::string_view path, bool deep, std::string_view after,
                                    std::size_t most) const;
    // unavailable when a secret's file cannot be read, or is empty or beyond kValueBytesMax.
    io::Task<Result<Redacted<std::string>>> value_of(const Entry& entry) const;

    static constexpr std::size_t kValueBytesMax = 8 << 10;  // as SSM's advanced parameters

  private:
    void add(Entry entry);

    std::map<std::string, Entry, std::less<>> entries_;
    io::Files& files_;
};

}  // namespace domicile::parameters
