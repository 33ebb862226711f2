#include "io/remove_tree.h"

#include <filesystem>

namespace domicile::io {

Result<void> remove_tree(const std::string& path) {
    std::error_code problem;
    std::filesystem::remove_all(path, problem);
    if (problem) return fail(Code::unavailable, path + ": " + problem.message() + '.');
    return {};
}

}  // namespace domicile::io
