#include "io/process_identity.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>

#include "io/executor.h"

namespace domicile::io {
namespace {

std::string content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string word(const std::string& text, std::size_t index) {
    std::istringstream words(text);
    std::string out;
    for (std::size_t i = 0; i <= index; ++i) out.clear(), words >> out;
    return out;
}

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

  private:
    int fd_;
};

// The descriptor stays with the process that it was opened for, so that what is compared after it
// was opened is true of what the signal goes to.
Result<bool> kill_now(const ProcessIdentity& identity, Millis patience) {
    const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, identity.pid, 0)));
    if (process.get() < 0 || identify(identity.pid) != identity) return false;
    if (syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) != 0) {
        if (errno == ESRCH) return false;
        return fail(Code::permission_denied,
                    "Process " + std::to_string(identity.pid) + " cannot be ended.");
    }
    pollfd ended{process.get(), POLLIN, 0};
    if (::poll(&ended, 1, static_cast<int>(patience.count())) == 1) return true;
    return fail(Code::deadline_exceeded,
                "Process " + std::to_string(identity.pid) + " does not end.");
}

}  // namespace

std::optional<ProcessIdentity> identify(int pid) {
    const std::string stat = content("/proc/" + std::to_string(pid) + "/stat");
    // The program's name is in parentheses and may hold anything, also parentheses.
    const std::size_t close = stat.rfind(')');
    if (close == std::string::npos) return std::nullopt;
    const std::string rest = stat.substr(close + 1);  // from the state, field 3
    if (word(rest, 0) == "Z" || word(rest, 0) == "X") return std::nullopt;
    const std::string boot = word(content("/proc/sys/kernel/random/boot_id"), 0);
    return ProcessIdentity{pid, word(rest, 19) + '@' + boot};
}

std::string print(const ProcessIdentity& identity) {
    return std::to_string(identity.pid) + ' ' + identity.started + '\n';
}

std::optional<ProcessIdentity> parse_process_identity(const std::string& line) {
    ProcessIdentity out;
    std::istringstream words(line);
    if (!(words >> out.pid >> out.started) || out.pid <= 1) return std::nullopt;
    return out;
}

// Not in a coroutine: see run_blocking.
Task<Result<bool>> kill_process(ProcessIdentity identity, Millis patience) {
    return run_blocking(
        [identity = std::move(identity), patience] { return kill_now(identity, patience); });
}

}  // namespace domicile::io
