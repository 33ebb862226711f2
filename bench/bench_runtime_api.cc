// Lambda's Runtime API, as little of it as a runtime needs, with an event at hand at every moment:
// how many invocations a runtime can take when nobody lets it wait.
//
//   bench_runtime_api --command "node index.mjs app.handler" --event FILE [--seconds 3]
//
// The command is run by the shell with AWS_LAMBDA_RUNTIME_API, and ended.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "generator.h"

namespace domicile::bench {
namespace {

using Clock = std::chrono::steady_clock;

const std::string kAccepted =
    "HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n{\"status\":\"OK\"}";

std::string next_of(const std::string& file) {
    std::ostringstream event;
    event << std::ifstream(file).rdbuf();
    const std::string text = event.str();
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
           "Lambda-Runtime-Aws-Request-Id: 6f0f1b1e-90ab-4cde-8f01-23456789abcd\r\n"
           "Lambda-Runtime-Trace-Id: Root=1-00000000-000000000000000000000000\r\n"
           "Lambda-Runtime-Deadline-Ms: 4000000000000\r\n"
           "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:r:0:function:f\r\n"
           "Content-Length: " +
           std::to_string(text.size()) + "\r\n\r\n" + text;
}

// The size of the request that `bytes` begins with, or 0 when it is not there as a whole.
std::size_t request_size(const std::string& bytes) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string::npos) return 0;
    std::size_t length = 0;
    for (const char* name : {"content-length: ", "Content-Length: "}) {
        const std::size_t at = bytes.find(name);
        if (at < end) length = std::strtoul(bytes.c_str() + at + 16, nullptr, 10);
    }
    return bytes.size() < end + 4 + length ? 0 : end + 4 + length;
}

class Api {
  public:
    explicit Api(std::string next) : next_(std::move(next)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        const bool listens =
            ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
            ::listen(listener_, 64) == 0 &&
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
        if (!listens) std::exit(1);
        port_ = ntohs(address.sin_port);
        watch(listener_);
    }
    int port() const { return port_; }

    // Answers what comes until then; how many invocations ended.
    std::size_t serve(Clock::time_point until) {
        std::size_t ended = 0;
        while (Clock::now() < until) {
            std::array<epoll_event, 64> events;
            const int count = ::epoll_wait(epoll_, events.data(), events.size(), 10);
            for (int i = 0; i < count; ++i) {
                const int fd = events[static_cast<std::size_t>(i)].data.fd;
                if (fd == listener_) {
                    watch(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
                } else {
                    ended += answer(fd);
                }
            }
        }
        return ended;
    }

  private:
    void watch(int fd) const {
        const int one = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }

    std::size_t answer(int fd) {
        std::array<char, 65536> buffer;
        const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
        std::string& bytes = unread_[fd];
        if (count <= 0) {
            ::close(fd);
            unread_.erase(fd);
            return 0;
        }
        bytes.append(buffer.data(), static_cast<std::size_t>(count));
        std::size_t ended = 0;
        while (const std::size_t size = request_size(bytes)) {
            const bool polls = bytes.starts_with("GET ");
            const std::string& said = polls ? next_ : kAccepted;
            (void)::send(fd, said.data(), said.size(), MSG_NOSIGNAL);
            if (!polls) ++ended;
            bytes.erase(0, size);
        }
        return ended;
    }

    const std::string next_;
    const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    int listener_ = -1, port_ = 0;
    std::map<int, std::string> unread_;
};

pid_t start(const std::string& command, int port) {
    ::setenv("AWS_LAMBDA_RUNTIME_API", ("127.0.0.1:" + std::to_string(port)).c_str(), 1);
    const pid_t child = ::fork();
    if (child == 0) {
        ::setpgid(0, 0);
        ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
        ::_exit(127);
    }
    return child;
}

// Processor time of a process, in microseconds.
double cpu_us(pid_t process) {
    clockid_t clock = 0;
    timespec time{};
    if (::clock_getcpuclockid(process, &clock) == 0) ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

}  // namespace
}  // namespace domicile::bench

int main(int argc, char** argv) {
    using namespace domicile::bench;
    const Options options(argc, argv, " --command --event --seconds ");
    const auto seconds = std::chrono::duration<double>(options.number("--seconds", 3));
    const auto part = [&](double of) {
        return std::chrono::duration_cast<Clock::duration>(seconds * of);
    };
    Api api(next_of(options.text("--event")));
    const pid_t runtime = start(options.text("--command"), api.port());
    const auto late = Clock::now() + std::chrono::seconds(20);
    std::size_t warm = 0;
    while (warm == 0 && Clock::now() < late) warm = api.serve(Clock::now() + part(0.05));
    api.serve(Clock::now() + part(0.2));
    const double before = cpu_us(runtime);
    const auto begin = Clock::now();
    LoopResult result;
    result.units = api.serve(begin + part(0.8));
    result.per_second = static_cast<double>(result.units) /
                        std::chrono::duration<double>(Clock::now() - begin).count();
    if (result.units > 0)
        result.cpu_us = (cpu_us(runtime) - before) / static_cast<double>(result.units);
    result.errors = result.units == 0 ? 1 : 0;
    ::kill(-runtime, SIGKILL);
    ::waitpid(runtime, nullptr, 0);
    return print(result);
}
