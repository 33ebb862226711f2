// Load generator for proxies: client and upstream in one epoll thread, so that on two cores the
// proxy under test has one to itself and the generator is never two processes fighting for the
// other.
//
//   bench_proxy PROXY_PORT UPSTREAM_PORT [connections] [seconds] [path] [header line]...
//
// Each of the connections sends a request, waits for the whole response and sends the next. The
// first fifth of the time warms up and is not counted. Prints one JSON object.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nhello world\n";
constexpr std::size_t kLatencyMaxUs = 1'000'000;

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::exit(1);
}

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

enum class Role { listener, upstream, client };

struct Peer {
    Role role;
    int fd;
    std::string input;
    Clock::time_point sent{};
};

class Generator {
  public:
    Generator(int proxy_port, int upstream_port, std::string request)
        : proxy_port_(proxy_port), request_(std::move(request)), latencies_(kLatencyMaxUs) {
        epoll_ = epoll_create1(0);
        listen_on(upstream_port);
    }

    void connect_clients(int count) {
        for (int i = 0; i < count; ++i) connect_client();
    }

    void run(double seconds) {
        const auto start = Clock::now();
        const auto length = std::chrono::duration<double>(seconds);
        const auto warm = start + std::chrono::duration_cast<Clock::duration>(length / 5);
        const auto end = start + std::chrono::duration_cast<Clock::duration>(length);
        now_ = start;
        while (now_ < end) {
            epoll_event events[256];
            const int count = epoll_wait(epoll_, events, 256, 100);
            now_ = Clock::now();
            counting_ = now_ >= warm;
            for (int i = 0; i < count; ++i) handle(*static_cast<Peer*>(events[i].data.ptr));
        }
        counted_seconds_ = std::chrono::duration<double>(now_ - warm).count();
    }

    void print() const {
        std::printf(
            "{\"requests\": %zu, \"per_second\": %.0f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
            "\"errors\": %zu}\n",
            done_, static_cast<double>(done_) / counted_seconds_, percentile(0.5), percentile(0.99),
            errors_);
    }

    std::size_t errors() const { return errors_; }

  private:
    void watch(Role role, int fd) {
        peers_.push_back(std::make_unique<Peer>(Peer{.role = role, .fd = fd, .input = {}}));
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = peers_.back().get();
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) give_up("epoll_ctl");
    }

    void listen_on(int port) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        const int on = 1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        const sockaddr_in address = loopback(port);
        if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            give_up("bind");
        }
        if (listen(fd, 1024) != 0) give_up("listen");
        watch(Role::listener, fd);
    }

    void connect_client() {
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        const sockaddr_in address = loopback(proxy_port_);
        if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            give_up("connect");
        }
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(Role::client, fd);
        Peer& peer = *peers_.back();
        peer.sent = Clock::now();
        send_all(peer, request_);
    }

    void send_all(Peer& peer, std::string_view bytes) {
        if (::send(peer.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(bytes.size())) {
            ++errors_;
        }
    }

    void handle(Peer& peer) {
        if (peer.role == Role::listener) return accept_one(peer);
        char buffer[16 * 1024];
        const ssize_t size = ::recv(peer.fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (size < 0 && errno == EAGAIN) return;
        if (size <= 0) return closed(peer);
        peer.input.append(buffer, static_cast<std::size_t>(size));
        if (peer.role == Role::upstream) {
            answer(peer);
        } else {
            next(peer);
        }
    }

    void accept_one(Peer& listener) {
        const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK);
        if (fd < 0) return;
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(Role::upstream, fd);
    }

    void closed(Peer& peer) {
        epoll_ctl(epoll_, EPOLL_CTL_DEL, peer.fd, nullptr);
        ::close(peer.fd);
        if (peer.role == Role::client) {
            ++errors_;
            connect_client();
        }
    }

    void answer(Peer& peer) {
        for (auto end = peer.input.find("\r\n\r\n"); end != std::string::npos;
             end = peer.input.find("\r\n\r\n")) {
            peer.input.erase(0, end + 4);
            send_all(peer, kResponse);
        }
    }

    // A response is complete at its known body, which no proxy changes.
    void next(Peer& peer) {
        if (!peer.input.ends_with("\r\n\r\nhello world\n")) {
            if (peer.input.size() > 4096 || peer.input.find("\r\n\r\n") != std::string::npos) {
                unexpected(peer);
            }
            return;
        }
        if (!peer.input.starts_with("HTTP/1.1 200")) return unexpected(peer);
        if (counting_) {
            ++done_;
            const auto us =
                std::chrono::duration_cast<std::chrono::microseconds>(now_ - peer.sent).count();
            ++latencies_[std::min<std::size_t>(static_cast<std::size_t>(us), kLatencyMaxUs - 1)];
        }
        peer.input.clear();
        peer.sent = Clock::now();
        send_all(peer, request_);
    }

    void unexpected(Peer& peer) {
        if (errors_ == 0) std::fprintf(stderr, "unexpected response:\n%s\n", peer.input.c_str());
        closed(peer);
    }

    double percentile(double part) const {
        const auto wanted = static_cast<std::size_t>(static_cast<double>(done_) * part);
        std::size_t seen = 0;
        for (std::size_t us = 0; us < latencies_.size(); ++us) {
            seen += latencies_[us];
            if (seen > wanted) return static_cast<double>(us) / 1000;
        }
        return 0;
    }

    int proxy_port_;
    std::string request_;
    int epoll_ = -1;
    std::vector<std::unique_ptr<Peer>> peers_;
    std::vector<std::uint32_t> latencies_;  // index: microseconds
    Clock::time_point now_;
    bool counting_ = false;
    double counted_seconds_ = 0;
    std::size_t done_ = 0;
    std::size_t errors_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr,
                     "usage: bench_proxy PROXY_PORT UPSTREAM_PORT [connections] [seconds] "
                     "[path] [header line]...\n");
        return 2;
    }
    std::string request = std::string("GET ") + (argc > 5 ? argv[5] : "/diary/entries?limit=20") +
                          " HTTP/1.1\r\nHost: app.bench.localhost\r\n"
                          "User-Agent: bench/1\r\nAccept: application/json\r\n";
    for (int i = 6; i < argc; ++i) request += std::string(argv[i]) + "\r\n";
    request += "\r\n";
    Generator generator(std::atoi(argv[1]), std::atoi(argv[2]), std::move(request));
    generator.connect_clients(argc > 3 ? std::atoi(argv[3]) : 64);
    generator.run(argc > 4 ? std::atof(argv[4]) : 3);
    generator.print();
    return generator.errors() == 0 ? 0 : 1;
}
