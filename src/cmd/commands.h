// One function a command; each takes the words after its name. Internal to cmd.
#pragma once

#include "cmd/arguments.h"
#include "server/up.h"

namespace domicile::cmd {

using Words = std::vector<std::string>;

Result<int> up(const Words& words);
Result<int> serve(const Words& words);
Result<int> check(const Words& words);
Result<int> config(const Words& words);
Result<int> explain(const Words& words);
Result<int> keys(const Words& words);
Result<int> reload(const Words& words);
Result<int> audit(const Words& words);
Result<int> directory(const Words& words);
Result<int> migrate_store(const Words& words);

// What --engines says.
Result<server::EnginesWish> engines_wish(const std::optional<std::string>& word);

// Absolute form of a path, relative to the working directory.
std::string absolute(const std::string& path);

}  // namespace domicile::cmd
