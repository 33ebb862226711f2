// The command line of `domicile`.
#pragma once

#include <string>
#include <vector>

namespace domicile::cmd {

// The process's exit code: 0 done, 1 the answer is no (problems found, chain broken), 2 bad usage,
// 3 a file in the data folder needs a person (docs/lifecycle.md).
int run(const std::vector<std::string>& arguments);

}  // namespace domicile::cmd
