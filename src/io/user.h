// Accounts of this machine, and which files are theirs: for programs that refuse to run as root.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace domicile::io {

struct User {
    std::string name;
    unsigned uid = 0, gid = 0;
    bool operator==(const User&) const = default;
};

bool is_root();
std::optional<User> find_user(const std::string& name);
// Whose a file or folder is; its group is that of the file.
Result<User> owner_of(const std::string& path);
// Of this one file or folder, not of what is in it; symbolic links are not followed.
Result<void> hand_over(const std::string& path, const User& user);
// Lets others pass through the folder to what they know the name of; they cannot list it.
Result<void> let_through(const std::string& folder);
// The first folder on the way to `path`, from the root and with itself, that the user may not pass
// through.
std::optional<std::string> first_closed_folder(const std::string& path, const User& user);

// The absolute path of a program: in the folders of PATH, then in `also`.
std::optional<std::string> find_program(const std::string& name,
                                        const std::vector<std::string>& also = {});

}  // namespace domicile::io
