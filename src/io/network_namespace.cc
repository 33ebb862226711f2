#include "io/network_namespace.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/check.h"

namespace domicile::io {
namespace {

constexpr const char* kOwn = "/proc/thread-self/ns/net";

bool raise_loopback() {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    ifreq request{};
    std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    const bool up = ::ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    ::close(fd);
    return up;
}

// A thread in the wrong network must not go on.
void go_back(int home) {
    DOMICILE_CHECK(::setns(home, CLONE_NEWNET) == 0);
    ::close(home);
}

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> out;
    for (std::string word; in >> word;) out.push_back(std::move(word));
    return out;
}

// /proc/net/snmp has a line of names and a line of values for each protocol.
std::uint64_t value_in_snmp(const std::string& protocol, const std::string& name) {
    std::ifstream file("/proc/thread-self/net/snmp");
    for (std::string names, values; std::getline(file, names) && std::getline(file, values);) {
        const std::vector<std::string> heads = words_of(names), numbers = words_of(values);
        if (heads.empty() || heads[0] != protocol) continue;
        for (std::size_t i = 1; i < heads.size() && i < numbers.size(); ++i)
            if (heads[i] == name) return std::strtoull(numbers[i].c_str(), nullptr, 10);
    }
    return 0;
}

std::uint64_t value_in_snmp6(const std::string& name) {
    std::ifstream file("/proc/thread-self/net/snmp6");
    std::uint64_t value = 0;
    for (std::string head; file >> head >> value;)
        if (head == name) return value;
    return 0;
}

}  // namespace

Result<std::unique_ptr<NetworkNamespace>> NetworkNamespace::create() {
    const int home = ::open(kOwn, O_RDONLY | O_CLOEXEC);
    if (home < 0) return fail(Code::unavailable, "The kernel has no network namespaces.");
    if (::unshare(CLONE_NEWNET) != 0) {
        ::close(home);
        return fail(Code::unavailable,
                    "No network namespace may be made: that takes root, or CAP_SYS_ADMIN.");
    }
    const bool up = raise_loopback();
    const int fd = ::open(kOwn, O_RDONLY | O_CLOEXEC);
    go_back(home);
    if (fd >= 0 && up) return std::unique_ptr<NetworkNamespace>(new NetworkNamespace(fd));
    if (fd >= 0) ::close(fd);
    return fail(Code::unavailable, "The network namespace has no loopback.");
}

NetworkNamespace::~NetworkNamespace() { ::close(fd_); }

NetworkNamespace::Visit::Visit(const NetworkNamespace& to)
    : home_(::open(kOwn, O_RDONLY | O_CLOEXEC)) {
    DOMICILE_CHECK(home_ >= 0);
    DOMICILE_CHECK(::setns(to.fd_, CLONE_NEWNET) == 0);
}

NetworkNamespace::Visit::~Visit() { go_back(home_); }

std::uint64_t NetworkNamespace::refused() const {
    const Visit visit(*this);
    return value_in_snmp("Ip:", "OutNoRoutes") + value_in_snmp("Tcp:", "AttemptFails") +
           value_in_snmp6("Ip6OutNoRoutes");
}

}  // namespace domicile::io
