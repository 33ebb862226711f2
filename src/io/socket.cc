#include "io/socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <deque>

#include "base/log.h"
#include "io/socket_address.h"
#include "io/tls_socket.h"

namespace domicile::io {

Socket::Socket(Reactor& reactor, int fd) : reactor_(reactor), fd_(fd) {}

Socket::~Socket() { Socket::do_close(); }

void Socket::do_close() {
    if (fd_ < 0) return;
    reactor_.forget(fd_, *this);
    ::close(fd_);
    fd_ = -1;
}

int Socket::release() {
    reactor_.forget(fd_, *this);
    return std::exchange(fd_, -1);
}

void Socket::set_addresses() {
    SocketAddress local, remote;
    if (getsockname(fd_, local.get(), &local.size) == 0) peer_.local = local.endpoint();
    if (getpeername(fd_, remote.get(), &remote.size) == 0) peer_.remote = remote.endpoint();
}

bool Socket::is_idle() {
    if (fd_ < 0) return false;
    if (!readable_ && !ended_) return true;
    char byte = 0;
    return recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void Socket::shutdown_write() { ::shutdown(fd_, SHUT_WR); }

Stream::Attempt Socket::try_read(std::span<char> into) {
    if (!readable_ && !ended_) return {Attempt::would_block};
    for (;;) {
        // recv is a shorter way through the kernel than read.
        const ssize_t count = pipe_ ? ::read(fd_, into.data(), into.size())
                                    : ::recv(fd_, into.data(), into.size(), 0);
        if (count > 0) {
            if (static_cast<std::size_t>(count) < into.size()) readable_ = false;
            return {Attempt::done, static_cast<std::size_t>(count)};
        }
        if (count == 0) return {Attempt::done, 0};
        if (errno == EINTR) continue;
        if (errno == ENOTSOCK && !pipe_) {
            pipe_ = true;
            continue;
        }
        if (errno == EAGAIN) {
            readable_ = false;
            return {Attempt::would_block};
        }
        return {Attempt::failed};
    }
}

Stream::Attempt Socket::try_write(std::span<const std::string_view> pieces) {
    std::array<iovec, 8> vectors;
    std::size_t used = 0;
    for (std::string_view piece : pieces) {
        if (piece.empty() || used == vectors.size()) continue;
        vectors[used++] = {const_cast<char*>(piece.data()), piece.size()};
    }
    for (;;) {
        const ssize_t count =
            used == 1 && !pipe_ ? ::send(fd_, vectors[0].iov_base, vectors[0].iov_len, MSG_NOSIGNAL)
                                : ::writev(fd_, vectors.data(), static_cast<int>(used));
        if (count >= 0) return {Attempt::done, static_cast<std::size_t>(count)};
        if (errno == EINTR) continue;
        if (errno == ENOTSOCK && !pipe_) {
            pipe_ = true;
            continue;
        }
        if (errno == EAGAIN) return {Attempt::would_block};
        return {Attempt::failed};
    }
}

bool Socket::note(std::uint32_t events) {
    const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
    if ((events & (EPOLLIN | EPOLLRDHUP)) != 0 || broken) readable_ = true;
    const bool ends = (events & EPOLLRDHUP) != 0 || broken;
    if (!ends || std::exchange(ended_, true)) return true;
    const std::weak_ptr<int> alive = alive_;
    notify_ended();
    return !alive.expired();
}

// A writer waiting at the same time as the reader keeps the socket alive, so the writer goes first
// and only the reader's wake-up comes last.
void Socket::wake(bool reader, bool writer) {
    if (writer && writer_waits()) {
        const std::weak_ptr<int> alive = alive_;
        notify_writable();
        if (alive.expired()) return;
    }
    if (reader) notify_readable();
}

void Socket::on_events(std::uint32_t events) {
    if (!note(events)) return;
    wake(readable_, (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0);
}

namespace {

class SocketListener final : public Listener, private Reactor::Handler {
  public:
    SocketListener(Reactor& reactor, int fd, Endpoint local)
        : reactor_(reactor), fd_(fd), local_(std::move(local)) {}
    ~SocketListener() override { SocketListener::close(); }

    bool register_events() { return reactor_.watch(fd_, *this); }
    const Endpoint& local() const override { return local_; }

    Task<Result<std::unique_ptr<Stream>>> accept() override {
        for (;;) {
            if (fd_ < 0) co_return fail(Code::cancelled, "The listener was closed.");
            const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd >= 0) {
                const int on = 1;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                auto socket = std::make_unique<Socket>(reactor_, fd);
                socket->set_addresses();
                if (!socket->register_events()) continue;
                co_return std::unique_ptr<Stream>(std::move(socket));
            }
            if (errno == EINTR || errno == ECONNABORTED) continue;
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                // Out of descriptors: the edge is used up, so look again when some may be free.
                log::warning("accept_out_of_descriptors");
                co_await sleep_for(Millis(50));
                continue;
            }
            if (errno != EAGAIN) co_return fail(Code::unavailable, "Accepting connections failed.");
            const Instant far{INT64_MAX / 2};
            co_await ready_.wait_until(far);
        }
    }

    void close() override {
        if (fd_ < 0) return;
        reactor_.forget(fd_, *this);
        ::close(std::exchange(fd_, -1));
        ready_.notify_all();
    }

  private:
    void on_events(std::uint32_t) override { ready_.notify_all(); }

    Reactor& reactor_;
    int fd_;
    Endpoint local_;
    Event ready_;
};

// Waits for a connect() under way; readable or not does not matter.
class Connecting final : private Timer, private Reactor::Handler {
  public:
    Connecting(Reactor& reactor, int fd, Instant deadline)
        : reactor_(reactor), fd_(fd), deadline_(deadline) {}
    ~Connecting() override { reactor_.forget(fd_, *this); }
    bool await_ready() { return !reactor_.watch(fd_, *this); }
    void await_suspend(std::coroutine_handle<> waiter) {
        waiter_ = Waiter(waiter);
        reactor_.arm(*this, deadline_);
    }
    // ETIMEDOUT at the deadline, else the socket's error.
    int await_resume() {
        if (late_) return ETIMEDOUT;
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
        return error;
    }

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

Result<std::vector<SocketAddress>> resolve(const Endpoint& endpoint) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    if (getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &list) !=
        0) {
        return fail(Code::unavailable, "The host name does not resolve.");
    }
    std::vector<SocketAddress> out;
    for (const addrinfo* entry = list; entry != nullptr && out.size() < 8; entry = entry->ai_next) {
        SocketAddress address;
        std::copy_n(reinterpret_cast<const char*>(entry->ai_addr), entry->ai_addrlen,
                    reinterpret_cast<char*>(&address.storage));
        address.size = entry->ai_addrlen;
        out.push_back(address);
    }
    freeaddrinfo(list);
    return out;
}

// Not in the coroutine that awaits it: see run_blocking.
Task<Result<std::vector<SocketAddress>>> resolve_soon(const Endpoint& endpoint) {
    return run_blocking([endpoint] { return resolve(endpoint); });
}

class SocketNetwork final : public Network {
  public:
    explicit SocketNetwork(Reactor& reactor) : reactor_(reactor) {}

    Result<std::unique_ptr<Listener>> listen(const Endpoint& at, ListenOptions options) override;
    Task<Result<std::unique_ptr<Stream>>> connect(Endpoint to, ConnectOptions options,
                                                  Instant deadline) override;
    Task<Result<std::unique_ptr<Stream>>> accept_tls(std::unique_ptr<Stream> plain,
                                                     const TlsServer& tls,
                                                     Instant deadline) override;

  private:
    Task<Result<std::unique_ptr<Socket>>> connect_to(SocketAddress address, Instant deadline);
    Reactor& reactor_;
};

Result<std::unique_ptr<Listener>> SocketNetwork::listen(const Endpoint& at, ListenOptions options) {
    const auto address = SocketAddress::from_literal(at);
    if (!address) return fail(Code::invalid_argument, "A listening address must be an IP literal.");
    const int fd =
        socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail(Code::unavailable, "No socket is to be had.");
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (options.shared) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (bind(fd, address->get(), address->size) != 0 || ::listen(fd, 4096) != 0) {
        const bool taken = errno == EADDRINUSE;
        ::close(fd);
        return fail(Code::unavailable,
                    "Cannot listen on " + at.to_string() + (taken ? ": the port is in use." : "."));
    }
    SocketAddress bound;
    getsockname(fd, bound.get(), &bound.size);
    auto listener = std::make_unique<SocketListener>(reactor_, fd, bound.endpoint());
    if (!listener->register_events()) return fail(Code::unavailable, "epoll refused the listener.");
    return std::unique_ptr<Listener>(std::move(listener));
}

Task<Result<std::unique_ptr<Socket>>> SocketNetwork::connect_to(SocketAddress address,
                                                                Instant deadline) {
    const int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) co_return fail(Code::unavailable, "No socket is to be had.");
    auto socket = std::make_unique<Socket>(reactor_, fd);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int error = ::connect(fd, address.get(), address.size) == 0 ? 0 : errno;
    if (error == EINPROGRESS) error = co_await Connecting(reactor_, fd, deadline);
    if (error == ETIMEDOUT) co_return fail(Code::deadline_exceeded, "Connecting took too long.");
    if (error != 0) co_return fail(Code::unavailable, "The connection was refused or failed.");
    socket->set_addresses();
    if (!socket->register_events()) co_return fail(Code::unavailable, "epoll refused the socket.");
    co_return std::move(socket);
}

Task<Result<std::unique_ptr<Stream>>> SocketNetwork::connect(Endpoint to, ConnectOptions options,
                                                             Instant deadline) {
    std::vector<SocketAddress> addresses;
    if (auto literal = SocketAddress::from_literal(to)) {
        addresses.push_back(*literal);
    } else {
        CO_TRY(addresses, co_await resolve_soon(to));
    }
    Error last{Code::unavailable, "The host name has no address.", {}};
    for (const SocketAddress& address : addresses) {
        auto socket = co_await connect_to(address, deadline);
        if (!socket) {
            last = socket.error();
            continue;
        }
        if (options.tls == nullptr) co_return std::unique_ptr<Stream>(std::move(*socket));
        co_return co_await connect_tls(std::move(*socket), *options.tls, options.server_name,
                                       deadline);
    }
    co_return std::unexpected(last);
}

Task<Result<std::unique_ptr<Stream>>> SocketNetwork::accept_tls(std::unique_ptr<Stream> plain,
                                                                const TlsServer& tls,
                                                                Instant deadline) {
    auto* socket = dynamic_cast<Socket*>(plain.get());
    DOMICILE_CHECK(socket != nullptr);
    return accept_tls_on(std::unique_ptr<Socket>(static_cast<Socket*>(plain.release())), tls,
                         deadline);
}

}  // namespace

std::unique_ptr<Network> make_socket_network(Reactor& reactor) {
    return std::make_unique<SocketNetwork>(reactor);
}

}  // namespace domicile::io
