#include "io/user.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace domicile::io {
namespace {

constexpr mode_t kPassable = S_IXGRP | S_IXOTH;

std::unexpected<Error> from_errno(const std::string& path) {
    return fail(errno == ENOENT ? Code::not_found : Code::unavailable,
                path + ": " + std::strerror(errno));
}

bool may_pass(const struct stat& folder, const User& user) {
    if (user.uid == 0) return true;
    if (folder.st_uid == user.uid) return (folder.st_mode & S_IXUSR) != 0;
    if (folder.st_gid == user.gid) return (folder.st_mode & S_IXGRP) != 0;
    return (folder.st_mode & S_IXOTH) != 0;
}

}  // namespace

bool is_root() { return geteuid() == 0; }

std::optional<User> find_user(const std::string& name) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> buffer;
    if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0) return {};
    if (found == nullptr) return {};
    return User{name, entry.pw_uid, entry.pw_gid};
}

Result<User> owner_of(const std::string& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) return from_errno(path);
    return User{std::to_string(status.st_uid), status.st_uid, status.st_gid};
}

Result<void> hand_over(const std::string& path, const User& user) {
    if (::lchown(path.c_str(), user.uid, user.gid) != 0) return from_errno(path);
    return {};
}

Result<void> let_through(const std::string& folder) {
    struct stat status{};
    if (::stat(folder.c_str(), &status) != 0) return from_errno(folder);
    if ((status.st_mode & kPassable) == kPassable) return {};
    const mode_t mode = (status.st_mode & 07777) | kPassable;
    if (::chmod(folder.c_str(), mode) != 0) return from_errno(folder);
    return {};
}

std::optional<std::string> first_closed_folder(const std::string& path, const User& user) {
    for (std::size_t end = 0;; end = path.find('/', end + 1)) {
        const std::string folder = end == 0 ? "/" : path.substr(0, end);
        struct stat status{};
        if (::stat(folder.c_str(), &status) != 0 || !may_pass(status, user)) return folder;
        if (end == std::string::npos) break;
    }
    return std::nullopt;
}

std::optional<std::string> find_program(const std::string& name,
                                        const std::vector<std::string>& also) {
    std::vector<std::string> folders;
    const char* path = getenv("PATH");
    std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
    while (!rest.empty()) {
        const std::size_t colon = rest.find(':');
        if (colon != 0) folders.emplace_back(rest.substr(0, colon));
        rest = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
    }
    folders.insert(folders.end(), also.begin(), also.end());
    for (const std::string& folder : folders) {
        std::string candidate = folder + '/' + name;
        if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return std::nullopt;
}

}  // namespace domicile::io
