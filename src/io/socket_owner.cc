#include "io/socket_owner.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

namespace domicile::io {
namespace {

// As /proc/net/tcp writes them: the address as a number of the machine's byte order.
std::string as_kernel_writes(const Endpoint& endpoint) {
    in_addr address{};
    if (inet_pton(AF_INET, endpoint.host.c_str(), &address) != 1) return {};
    return fmt::format("{:08X}:{:04X}", address.s_addr, endpoint.port);
}

// "" where there is none.
std::string inode_of(const Endpoint& local, const Endpoint& remote) {
    const std::string from = as_kernel_writes(local), to = as_kernel_writes(remote);
    if (from.empty() || to.empty()) return {};
    std::ifstream file("/proc/thread-self/net/tcp");
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string number, own, other, state, queues, timer, retries, user, timeout, inode;
        words >> number >> own >> other >> state >> queues >> timer >> retries >> user >> timeout >>
            inode;
        if (own == from && other == to) return inode;
    }
    return {};
}

bool has_socket(int pid, const std::string& inode) {
    const std::string folder = fmt::format("/proc/{}/fd/", pid);
    DIR* const open = ::opendir(folder.c_str());
    if (open == nullptr) return false;
    const std::string wanted = "socket:[" + inode + "]";
    bool found = false;
    while (const dirent* entry = found ? nullptr : ::readdir(open)) {
        std::array<char, 64> target{};
        const ssize_t size =
            ::readlink((folder + entry->d_name).c_str(), target.data(), target.size());
        found =
            size > 0 && std::string_view(target.data(), static_cast<std::size_t>(size)) == wanted;
    }
    ::closedir(open);
    return found;
}

struct Family {
    int parent = 0, group = 0;
};

// The name of a program, in brackets, may have anything in it.
std::map<int, Family> all_processes() {
    std::map<int, Family> out;
    DIR* const open = ::opendir("/proc");
    if (open == nullptr) return out;
    while (const dirent* entry = ::readdir(open)) {
        const int pid = std::atoi(entry->d_name);
        if (pid <= 0) continue;
        std::ifstream file(fmt::format("/proc/{}/stat", pid));
        std::string line;
        std::getline(file, line);
        std::istringstream rest(line.substr(std::min(line.rfind(')') + 1, line.size())));
        std::string state;
        Family family;
        if (rest >> state >> family.parent >> family.group) out[pid] = family;
    }
    ::closedir(open);
    return out;
}

bool belongs(int pid, int root, const std::map<int, Family>& all) {
    for (std::size_t steps = 0; steps <= all.size(); ++steps) {
        const auto found = all.find(pid);
        if (found == all.end()) return false;
        if (pid == root || found->second.group == root || found->second.parent == root) return true;
        pid = found->second.parent;
    }
    return false;
}

}  // namespace

bool holds_connection(int pid, const Endpoint& theirs, const Endpoint& ours) {
    const std::string inode = inode_of(theirs, ours);
    if (inode.empty() || inode == "0") return false;
    if (has_socket(pid, inode)) return true;
    const std::map<int, Family> all = all_processes();
    for (const auto& [other, family] : all)
        if (other != pid && belongs(other, pid, all) && has_socket(other, inode)) return true;
    return false;
}

}  // namespace domicile::io
