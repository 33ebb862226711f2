#include "io/process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "io/socket.h"

namespace domicile::io {
namespace {

sigset_t handled_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
    return set;
}

// Resumes once when the descriptor turns readable.
class Readable final : private Timer, private Reactor::Handler {
  public:
    Readable(Reactor& reactor, int fd, Instant deadline)
        : reactor_(reactor), fd_(fd), deadline_(deadline) {}
    ~Readable() override { reactor_.forget(fd_, *this); }
    bool await_ready() { return !reactor_.watch(fd_, *this); }
    void await_suspend(std::coroutine_handle<> waiter) {
        waiter_ = Waiter(waiter);
        reactor_.arm(*this, deadline_);
    }
    bool await_resume() const { return !late_; }

  private:
    void expired() override {
        late_ = true;
        std::exchange(waiter_, {}).resume();
    }
    void on_events(std::uint32_t) override {
        if (!waiter_) return;
        unlink();
        std::exchange(waiter_, {}).resume();
    }
    Reactor& reactor_;
    int fd_;
    Instant deadline_;
    Waiter waiter_;
    bool late_ = false;
};

Reactor& current_reactor() {
    auto* reactor = dynamic_cast<Reactor*>(&Executor::current());
    DOMICILE_CHECK(reactor != nullptr);
    return *reactor;
}

class ChildProcess final : public Process {
  public:
    ChildProcess(pid_t pid, int pidfd, std::unique_ptr<Socket> output)
        : pid_(pid), pidfd_(pidfd), output_(std::move(output)) {}
    ~ChildProcess() override {
        if (!status_) {
            ::kill(-pid_, SIGKILL);
            int status = 0;
            waitpid(pid_, &status, 0);
        }
        ::close(pidfd_);
    }
    int pid() const override { return pid_; }
    Stream* output() override { return output_.get(); }
    void signal(int number) override {
        if (!status_) ::kill(-pid_, number);
    }

    Task<Result<int>> wait(Instant deadline) override {
        if (status_) co_return *status_;
        const bool exited = co_await Readable(current_reactor(), pidfd_, deadline);
        if (!exited) co_return fail(Code::deadline_exceeded, "The process is still running.");
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) == pid_) {
            status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
        if (!status_) co_return fail(Code::unavailable, "The process cannot be waited for.");
        ::kill(-pid_, SIGKILL);  // what it left behind in its group
        co_return *status_;
    }

  private:
    pid_t pid_;
    int pidfd_;
    std::unique_ptr<Socket> output_;
    std::optional<int> status_;
};

bool become(const User& user) {
    const gid_t group = user.gid;
    return setgroups(1, &group) == 0 && setgid(group) == 0 && setuid(user.uid) == 0;
}

bool join(const char* control_group) {
    const int fd = ::open(control_group, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && ::write(fd, "0", 1) == 1;
}

// In a mount namespace of its own.
bool show_hosts(const char* file) {
    return ::unshare(CLONE_NEWNS) == 0 &&
           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount(file, "/etc/hosts", nullptr, MS_BIND, nullptr) == 0;
}

// What a program gets when it begins is cut to the bounding set, also for root.
bool give_up_capabilities() {
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; ++capability)
        if (prctl(PR_CAPBSET_DROP, capability) != 0 && errno != EPERM) return false;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> none{};
    return syscall(SYS_capset, &header, none.data()) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

[[noreturn]] void run_child(const ProcessOptions& options, char* const* arguments,
                            char* const* environment, int output, pid_t parent) {
    if (!options.control_group.empty() && !join(options.control_group.c_str())) _exit(126);
    if (!options.hosts_file.empty() && !show_hosts(options.hosts_file.c_str())) _exit(126);
    if (options.user && !become(*options.user)) _exit(126);
    if (options.confined && !give_up_capabilities()) _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // after that: a change of user clears it
    if (getppid() != parent) _exit(126);
    setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    if (options.data_bytes_max != 0) {
        const rlimit limit{options.data_bytes_max, options.data_bytes_max};
        if (setrlimit(RLIMIT_DATA, &limit) != 0) _exit(126);
    }
    if (!options.directory.empty() && chdir(options.directory.c_str()) != 0) _exit(126);
    if (output >= 0) {
        dup2(output, 1);
        dup2(output, 2);
    }
    const int null = ::open("/dev/null", O_RDONLY);
    dup2(null, 0);
    execvpe(arguments[0], arguments, environment);
    _exit(127);
}

}  // namespace

Result<std::unique_ptr<Process>> start_process(const ProcessOptions& options) {
    std::vector<char*> arguments, environment;
    std::vector<std::string> pairs;
    pairs.reserve(options.environment.size());
    for (const auto& [name, value] : options.environment)
        pairs.emplace_back(name).append(1, '=').append(value);
    for (const std::string& argument : options.command)
        arguments.push_back(const_cast<char*>(argument.c_str()));
    for (const std::string& pair : pairs) environment.push_back(const_cast<char*>(pair.c_str()));
    arguments.push_back(nullptr);
    environment.push_back(nullptr);

    int pipe_ends[2] = {-1, -1};
    if (!options.output_file.empty()) {
        pipe_ends[1] =
            ::open(options.output_file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (pipe_ends[1] < 0)
            return fail(Code::unavailable, options.output_file + " cannot be written.");
    }
    if (options.output_file.empty() && options.capture_output && pipe2(pipe_ends, O_CLOEXEC) != 0) {
        return fail(Code::unavailable, "No pipe is to be had.");
    }
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0) run_child(options, arguments.data(), environment.data(), pipe_ends[1], parent);
    if (pipe_ends[1] >= 0) ::close(pipe_ends[1]);
    if (pid < 0) {
        if (pipe_ends[0] >= 0) ::close(pipe_ends[0]);
        return fail(Code::unavailable, "A process cannot be started.");
    }
    setpgid(pid, pid);
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    std::unique_ptr<Socket> output;
    if (pipe_ends[0] >= 0) {
        fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
        output = std::make_unique<Socket>(current_reactor(), pipe_ends[0]);
        output->register_events();
    }
    return std::make_unique<ChildProcess>(pid, pidfd, std::move(output));
}

std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
    if (before >= limit.rlim_max) return before;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

void block_signals() {
    const sigset_t set = handled_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Task<Result<int>> next_signal() {
    const sigset_t set = handled_signals();
    const int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) co_return fail(Code::unavailable, "signalfd failed.");
    const Instant far{INT64_MAX / 2};
    signalfd_siginfo info{};
    ssize_t count = -1;
    while (count < 0) {
        count = ::read(fd, &info, sizeof info);
        if (count < 0) co_await Readable(current_reactor(), fd, far);
    }
    ::close(fd);
    co_return static_cast<int>(info.ssi_signo);
}

}  // namespace domicile::io
