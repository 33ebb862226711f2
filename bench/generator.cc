#include "generator.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

namespace domicile::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kUpstreamResponse =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nhello world\n";
constexpr std::size_t kLatencyMaxUs = 2'000'000;

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

void send_at_once(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

double own_seconds() {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

// PROXY v2, TCP over IPv4, with the loopback address for both sides.
std::string proxy_header() {
    std::string out("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16);
    out += std::string("\x7f\0\0\1\x7f\0\0\1", 8) + std::string("\x10\x00\x20\x00", 4);
    return out;
}

// A response as far as it has come; nullopt until it is whole.
struct Response {
    int status = 0;
    std::size_t size = 0;
    std::string_view body;
};

std::optional<Response> parse(std::string_view bytes) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos || end < 12) return std::nullopt;
    Response out;
    out.status = (bytes[9] - '0') * 100 + (bytes[10] - '0') * 10 + (bytes[11] - '0');
    std::size_t length = 0;
    const std::string_view head = bytes.substr(0, end + 2);
    for (std::size_t line = head.find("\r\n"); line + 2 < head.size();) {
        const char* at = head.data() + line + 2;
        if (strncasecmp(at, "content-length:", 15) == 0)
            length = std::strtoul(at + 15, nullptr, 10);
        line = head.find("\r\n", line + 2);
    }
    if (bytes.size() < end + 4 + length) return std::nullopt;
    out.size = end + 4 + length;
    out.body = bytes.substr(end + 4, length);
    return out;
}

enum class Role : std::uint8_t { listener, upstream, client };

struct Peer {
    Role role;
    int fd;
    std::size_t number = 0;  // of a client
    SSL* ssl = nullptr;
    std::string input = {};
    Clock::time_point started = {};
};

class Loop {
  public:
    Loop(const LoopOptions& options, Workload& workload)
        : options_(options), workload_(workload), latencies_(kLatencyMaxUs) {
        epoll_ = epoll_create1(0);
        if (!options_.tls_name.empty()) context_ = SSL_CTX_new(TLS_client_method());
        if (options_.upstream_port != 0) listen_on(options_.upstream_port);
        now_ = Clock::now();
    }

    LoopResult run() {
        for (std::size_t i = 0; i < options_.connections; ++i) connect_client(i);
        const auto start = Clock::now();
        const std::chrono::duration<double> length(options_.seconds);
        const auto warm = start + std::chrono::duration_cast<Clock::duration>(length / 5);
        const auto end = start + std::chrono::duration_cast<Clock::duration>(length);
        const double used_before = own_seconds();
        now_ = start;
        while (now_ < end) {
            counting_ = now_ >= warm;
            poll_once();
        }
        const std::chrono::duration<double> counted = now_ - warm, all = now_ - start;
        LoopResult out{.units = units_, .all_units = all_units_, .errors = errors_};
        out.per_second = static_cast<double>(units_) / counted.count();
        out.p50_ms = percentile(0.5);
        out.p99_ms = percentile(0.99);
        out.busy = (own_seconds() - used_before) / all.count();
        return out;
    }

    // Answers as an upstream meanwhile, if it is one.
    std::size_t open_one_after_the_other(std::size_t count) {
        idle_ = true;
        for (std::size_t i = 0; i < count; ++i) {
            connect_client(i);
            const std::size_t before = units_;
            const auto end = Clock::now() + std::chrono::seconds(20);
            while (units_ == before && errors_ == 0 && Clock::now() < end) poll_once();
            if (units_ == before) break;
        }
        return units_;
    }

  private:
    void poll_once() {
        std::array<epoll_event, 256> events;
        const int count = epoll_wait(epoll_, events.data(), events.size(), 100);
        now_ = Clock::now();
        for (int i = 0; i < count; ++i) handle(*static_cast<Peer*>(events[i].data.ptr));
    }

    Peer& watch(Role role, int fd) {
        peers_.push_back(std::make_unique<Peer>(Peer{.role = role, .fd = fd}));
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = peers_.back().get();
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) give_up("epoll_ctl");
        return *peers_.back();
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

    // Blocking until the connection is there, TLS included.
    void connect_client(std::size_t number) {
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        const sockaddr_in address = loopback(options_.port);
        if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            give_up("connect");
        }
        const timeval patience{.tv_sec = 20, .tv_usec = 0};  // for whatever blocks here
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        send_at_once(fd);
        if (options_.proxy_protocol) {
            const std::string header = proxy_header();
            if (::send(fd, header.data(), header.size(), MSG_NOSIGNAL) < 0) give_up("send");
        }
        SSL* ssl = nullptr;
        if (context_ != nullptr) {
            ssl = SSL_new(context_);
            SSL_set_tlsext_host_name(ssl, options_.tls_name.c_str());
            SSL_set_read_ahead(ssl, 1);
            SSL_set_fd(ssl, fd);
            if (SSL_connect(ssl) != 1) give_up("TLS handshake");
            // From here on a read may find session tickets and no answer, and must not wait for
            // one.
            fcntl(fd, F_SETFL, O_NONBLOCK);
        }
        Peer& peer = watch(Role::client, fd);
        peer.number = number;
        peer.ssl = ssl;
        peer.started = now_;
        ask(peer);
    }

    void ask(Peer& peer) { send_all(peer, workload_.request(peer.number)); }

    void send_all(Peer& peer, std::string_view bytes) {
        const auto size = static_cast<int>(bytes.size());
        const auto sent = peer.ssl != nullptr
                              ? SSL_write(peer.ssl, bytes.data(), size)
                              : ::send(peer.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent != size) ++errors_;
    }

    // Bytes, 0 at the end; nullopt when there are none for now.
    std::optional<std::size_t> receive(Peer& peer, std::array<char, 32 * 1024>& into) {
        if (peer.ssl != nullptr) {
            const int size = SSL_read(peer.ssl, into.data(), into.size());
            if (size > 0) return static_cast<std::size_t>(size);
            return SSL_get_error(peer.ssl, size) == SSL_ERROR_WANT_READ ? std::nullopt
                                                                        : std::optional(0UL);
        }
        const ssize_t size = ::recv(peer.fd, into.data(), into.size(), MSG_DONTWAIT);
        if (size < 0 && errno == EAGAIN) return std::nullopt;
        return size < 0 ? 0UL : static_cast<std::size_t>(size);
    }

    void handle(Peer& peer) {
        if (peer.role == Role::listener) return accept_one(peer);
        static std::array<char, 32 * 1024> buffer;
        do {
            const auto size = receive(peer, buffer);
            if (!size) return;
            if (*size == 0) return closed(peer);
            std::string_view bytes(buffer.data(), *size);
            if (!peer.input.empty()) bytes = peer.input.append(bytes);
            const std::size_t used =
                peer.role == Role::upstream ? answer(peer, bytes) : take(peer, bytes);
            if (used == kLost) return;
            std::string rest(bytes.substr(used));
            peer.input = std::move(rest);
        } while (peer.ssl != nullptr && SSL_has_pending(peer.ssl) != 0);
    }

    void accept_one(Peer& listener) {
        const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK);
        if (fd < 0) return;
        send_at_once(fd);
        watch(Role::upstream, fd);
    }

    void closed(Peer& peer) {
        epoll_ctl(epoll_, EPOLL_CTL_DEL, peer.fd, nullptr);
        if (peer.ssl != nullptr) SSL_free(peer.ssl);
        ::close(peer.fd);
        if (peer.role != Role::client) return;
        if (++errors_ > 1000) {
            std::fprintf(stderr, "too many errors\n");
            std::exit(1);
        }
        connect_client(peer.number);
    }

    // As an upstream: requests have no body.
    std::size_t answer(Peer& peer, std::string_view bytes) {
        std::size_t used = 0;
        for (auto end = bytes.find("\r\n\r\n"); end != std::string_view::npos;
             end = bytes.find("\r\n\r\n", used)) {
            used = end + 4;
            send_all(peer, kUpstreamResponse);
        }
        return used;
    }

    std::size_t take(Peer& peer, std::string_view bytes) {
        const auto response = parse(bytes);
        if (!response) return 0;
        switch (workload_.response(peer.number, response->status, response->body)) {
            case Workload::Outcome::wrong:
                if (errors_ == 0) {
                    std::fprintf(stderr, "unexpected response:\n%.*s\n",
                                 static_cast<int>(std::min<std::size_t>(bytes.size(), 2000)),
                                 bytes.data());
                }
                closed(peer);
                return kLost;
            case Workload::Outcome::unit:
                count(peer);
                break;
            case Workload::Outcome::more:
                break;
        }
        if (!idle_) ask(peer);
        return response->size;
    }

    void count(Peer& peer) {
        ++all_units_;
        if (counting_ || idle_) {
            ++units_;
            const auto us =
                std::chrono::duration_cast<std::chrono::microseconds>(now_ - peer.started).count();
            ++latencies_[std::min<std::size_t>(static_cast<std::size_t>(us), kLatencyMaxUs - 1)];
        }
        peer.started = now_;
    }

    double percentile(double part) const {
        const auto wanted = static_cast<std::size_t>(static_cast<double>(units_) * part);
        std::size_t seen = 0;
        for (std::size_t us = 0; us < latencies_.size(); ++us) {
            seen += latencies_[us];
            if (seen > wanted) return static_cast<double>(us) / 1000;
        }
        return 0;
    }

    static constexpr std::size_t kLost = static_cast<std::size_t>(-1);

    const LoopOptions& options_;
    Workload& workload_;
    SSL_CTX* context_ = nullptr;
    int epoll_ = -1;
    std::vector<std::unique_ptr<Peer>> peers_;
    std::vector<std::uint32_t> latencies_;  // index: microseconds
    Clock::time_point now_;
    bool counting_ = false;
    bool idle_ = false;
    std::size_t units_ = 0, all_units_ = 0, errors_ = 0;
};

}  // namespace

LoopResult run_loop(const LoopOptions& options, Workload& workload) {
    return Loop(options, workload).run();
}

std::size_t open_idle(const LoopOptions& options, Workload& workload) {
    // Never destroyed: the connections are to stay.
    return (new Loop(options, workload))->open_one_after_the_other(options.connections);
}

int print(const LoopResult& result) {
    std::printf(
        "{\"units\": %zu, \"all_units\": %zu, \"per_second\": %.1f, \"p50_ms\": %.3f, "
        "\"p99_ms\": %.3f, \"busy\": %.3f, \"errors\": %zu",
        result.units, result.all_units, result.per_second, result.p50_ms, result.p99_ms,
        result.busy, result.errors);
    if (result.cpu_us > 0) std::printf(", \"cpu_us\": %.2f", result.cpu_us);
    std::printf("}\n");
    return result.errors == 0 && result.units > 0 ? 0 : 1;
}

Options::Options(int argc, char** argv, std::string_view known) : argc_(argc), argv_(argv) {
    for (int i = 1; i < argc; i += 2) {
        const std::string name = " " + std::string(argv[i]) + " ";
        const bool fits =
            (std::string(known) + std::string(kLoopOptions)).find(name) != std::string::npos;
        if (fits && i + 1 < argc) continue;
        std::fprintf(stderr, "usage: %s with values for any of%s%s\n", argv[0], kLoopOptions.data(),
                     std::string(known).c_str());
        std::exit(2);
    }
}

std::string Options::text(std::string_view name, std::string_view otherwise) const {
    for (int i = 1; i + 1 < argc_; i += 2) {
        if (argv_[i] == name) return argv_[i + 1];
    }
    return std::string(otherwise);
}

double Options::number(std::string_view name, double otherwise) const {
    const std::string value = text(name);
    return value.empty() ? otherwise : std::atof(value.c_str());
}

bool Options::has(std::string_view name) const { return !text(name).empty(); }

LoopOptions Options::loop() const {
    LoopOptions out;
    out.port = static_cast<int>(number("--port", 0));
    out.upstream_port = static_cast<int>(number("--upstream", 0));
    out.connections = static_cast<std::size_t>(number("--connections", 64));
    out.seconds = number("--seconds", 3);
    out.tls_name = text("--tls");
    out.proxy_protocol = has("--proxy-protocol");
    return out;
}

}  // namespace domicile::bench
