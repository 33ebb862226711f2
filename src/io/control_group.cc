#include "io/control_group.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>
#include <mutex>
#include <sstream>
#include <vector>

namespace domicile::io {
namespace {

constexpr const char* kMount = "/sys/fs/cgroup";

// A pseudo-file: one write is one command.
bool write_to(const std::string& path, const std::string& text) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(fd);
    return written;
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// systemd marks what it handed over.
bool is_delegated(const std::string& path) {
    std::array<char, 2> value{};
    for (const char* name : {"trusted.delegate", "user.delegate"})
        if (::getxattr(path.c_str(), name, value.data(), value.size()) >= 1 && value[0] == '1')
            return true;
    return false;
}

struct Place {
    std::string path;  // where a group may be made
    bool second = false;
};

// /proc/self/cgroup has a line "id:controllers:path" for each hierarchy; that of version 2 has no
// controllers. In a container the path may be that of the host: then the mount's root is ours.
std::vector<Place> places() {
    std::vector<Place> out;
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        std::istringstream parts(line);
        std::string id, controllers, own;
        std::getline(parts, id, ':');
        std::getline(parts, controllers, ':');
        std::getline(parts, own);
        const bool second = controllers.empty();
        if (!second && controllers != "memory") continue;
        std::string mount = kMount;
        if (!second) mount += "/memory";
        const std::string path = mount + (own == "/" ? "" : own);
        const std::string parent = path.substr(0, path.rfind('/'));
        out.push_back({exists(path + "/cgroup.procs") ? path : mount, second});
        if (second && parent.starts_with(mount) && is_delegated(parent))
            out.push_back({parent, true});
    }
    return out;
}

bool bound(const std::string& path, bool second, std::uint64_t bytes) {
    const std::string text = std::to_string(bytes);
    if (!second) {
        if (!write_to(path + "/memory.limit_in_bytes", text)) return false;
        write_to(path + "/memory.memsw.limit_in_bytes", text);  // where swap is counted
        return true;
    }
    if (!write_to(path + "/memory.max", text)) return false;
    write_to(path + "/memory.swap.max", "0");
    write_to(path + "/memory.oom.group", "1");
    return true;
}

// Groups that could not be removed yet, since their processes were still ending.
struct Leftovers {
    std::mutex mutex;
    std::vector<std::string> paths;
};
Leftovers& leftovers() {
    static Leftovers instance;
    return instance;
}

void remove_leftovers(std::string another = {}) {
    Leftovers& all = leftovers();
    const std::lock_guard lock(all.mutex);
    if (!another.empty()) all.paths.push_back(std::move(another));
    std::erase_if(all.paths, [](const std::string& path) {
        return ::rmdir(path.c_str()) == 0 || !exists(path);
    });
}

}  // namespace

Result<std::unique_ptr<ControlGroup>> ControlGroup::create(std::uint64_t memory_bytes) {
    static std::atomic<std::uint64_t> next = 0;
    remove_leftovers();
    const std::string name =
        "/domicile-" + std::to_string(::getpid()) + '-' + std::to_string(next.fetch_add(1));
    for (const Place& place : places()) {
        const std::string path = place.path + name;
        if (::mkdir(path.c_str(), 0755) != 0) continue;
        if (place.second && !exists(path + "/memory.max"))
            write_to(place.path + "/cgroup.subtree_control", "+memory");
        if (bound(path, place.second, memory_bytes))
            return std::unique_ptr<ControlGroup>(new ControlGroup(path));
        ::rmdir(path.c_str());
    }
    return fail(Code::unavailable, "No control group can be made here.");
}

ControlGroup::~ControlGroup() {
    if (!write_to(path_ + "/cgroup.kill", "1")) {
        std::ifstream inside(join_file());
        for (pid_t pid = 0; inside >> pid;) ::kill(pid, SIGKILL);
    }
    remove_leftovers(path_);
}

}  // namespace domicile::io
