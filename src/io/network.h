// Byte streams and where they come from. Operations are tried at once and suspend only when the
// kernel says EAGAIN; every one has a deadline. All calls on a Stream come from its executor's
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/executor.h"

namespace domicile::io {

// Host is an IP literal or a name that connect() resolves.
struct Endpoint {
    std::string host;
    std::uint16_t port = 0;

    auto operator<=>(const Endpoint&) const = default;
    std::string to_string() const;  // "127.0.0.1:8443", "[::1]:8443"
};
// Code::malformed unless "host:port" or "[v6]:port".
Result<Endpoint> parse_endpoint(std::string_view text);

struct PeerInfo {
    Endpoint remote;  // the client's address as PROXY protocol gave it, if it was accepted
    Endpoint local;
    bool tls = false;
    std::string server_name;  // SNI, lower case
    std::string alpn;
    std::string certificate_name;  // first DNS name of the verified peer certificate; empty without
};

// Is told when the peer closes its side or the connection breaks, also while nothing reads.
class EndWatcher {
  public:
    virtual ~EndWatcher() = default;
    virtual void peer_ended() = 0;  // may destroy the stream
};

class Stream {
  public:
    virtual ~Stream();

    class Operation;
    class Read;
    class Write;

    // Some bytes; 0 at the end of the stream. deadline_exceeded, cancelled (by cancel() or
    // close()), unavailable (the connection broke). At most one read and one write at a time.
    Read read_some(std::span<char> into, Instant deadline);
    // All of the pieces (at most 8), in one system call where the kernel takes them.
    Write write(std::string_view piece, Instant deadline);
    Write write(std::string_view first, std::string_view second, Instant deadline);
    Write write(std::string_view first, std::string_view second, std::string_view third,
                Instant deadline);

    // True when read_some would wait or end: lets a pool tell an idle connection from a closed one.
    virtual bool is_idle() = 0;
    virtual void shutdown_write() = 0;
    // Calls `watcher` once, when the end comes that is not there yet; null: nobody. A stream that
    // cannot tell without reading never does. The watcher stays until it is called or replaced.
    void watch_end(EndWatcher* watcher) { end_watcher_ = watcher; }
    // Ends waiting operations with Code::cancelled; the stream is of no further use.
    void cancel();

    const PeerInfo& peer() const { return peer_; }

    // Result of one non-blocking attempt.
    struct Attempt {
        enum Status : std::uint8_t { done, would_block, failed } status;
        std::size_t bytes = 0;  // when done; a read of 0 is the end
    };

  protected:
    virtual Attempt try_read(std::span<char> into) = 0;
    virtual Attempt try_write(std::span<const std::string_view> pieces) = 0;
    virtual void do_close() = 0;
    void notify_readable();
    void notify_writable();
    void notify_ended() {
        if (EndWatcher* watcher = std::exchange(end_watcher_, nullptr)) watcher->peer_ended();
    }
    bool writer_waits() const { return writer_ != nullptr; }
    PeerInfo peer_;

  private:
    Operation* reader_ = nullptr;
    Operation* writer_ = nullptr;
    EndWatcher* end_watcher_ = nullptr;
    bool cancelled_ = false;
};

class Stream::Operation : protected Timer {
  public:
    Operation(Stream& stream, Instant deadline) : stream_(stream), deadline_(deadline) {}

  protected:
    friend class Stream;
    // True when finished (result_ is set).
    virtual bool attempt() = 0;
    virtual Operation*& slot() = 0;
    bool ready();
    void suspend(std::coroutine_handle<> waiter);
    void wake();
    void finish(Code code, const char* message);
    void expired() override;

    Stream& stream_;
    Instant deadline_;
    Waiter waiter_;
    std::optional<Error> error_;
};

class Stream::Read final : public Operation {
  public:
    Read(Stream& stream, std::span<char> into, Instant deadline)
        : Operation(stream, deadline), into_(into) {}
    bool await_ready() { return ready(); }
    void await_suspend(std::coroutine_handle<> waiter) { suspend(waiter); }
    Result<std::size_t> await_resume();

  private:
    bool attempt() override;
    Operation*& slot() override { return stream_.reader_; }
    std::span<char> into_;
    std::size_t bytes_ = 0;
};

class Stream::Write final : public Operation {
  public:
    Write(Stream& stream, std::array<std::string_view, 3> pieces, Instant deadline)
        : Operation(stream, deadline), pieces_(pieces) {}
    bool await_ready() { return ready(); }
    void await_suspend(std::coroutine_handle<> waiter) { suspend(waiter); }
    Result<void> await_resume();

  private:
    bool attempt() override;
    Operation*& slot() override { return stream_.writer_; }
    std::array<std::string_view, 3> pieces_;
};

// Reads exactly into.size() bytes; Code::unavailable when the stream ends before.
Task<Result<void>> read_exactly(Stream& stream, std::span<char> into, Instant deadline);

class Listener {
  public:
    virtual ~Listener() = default;
    // Waits without a deadline: a listener is idle for as long as it likes. cancelled after
    // close().
    virtual Task<Result<std::unique_ptr<Stream>>> accept() = 0;
    virtual const Endpoint& local() const = 0;
    virtual void close() = 0;
};

// TLS settings; see tls.h. Opaque here so that protocols need no OpenSSL header.
class TlsServer;
class TlsClient;

struct ConnectOptions {
    const TlsClient* tls = nullptr;  // plain TCP without; must outlive the stream
    std::string server_name;         // SNI and the name that the certificate must have
};

struct ListenOptions {
    // Several listeners of this process, one per reactor, share the port; the kernel spreads new
    // connections over them. Any process of the same user could join in, so look first, with a
    // listener that shares nothing, whether the port is free.
    bool shared = false;
};

class Network {
  public:
    virtual ~Network() = default;
    // unavailable when the port is in use.
    virtual Result<std::unique_ptr<Listener>> listen(const Endpoint& at, ListenOptions options) = 0;
    Result<std::unique_ptr<Listener>> listen(const Endpoint& at) { return listen(at, {}); }
    // unavailable when refused, unreachable or the handshake fails; deadline_exceeded.
    virtual Task<Result<std::unique_ptr<Stream>>> connect(Endpoint to, ConnectOptions options,
                                                          Instant deadline) = 0;
    // Turns an accepted connection into a TLS one. The stream must not have been read beyond what
    // precedes the handshake. The settings must outlive the stream.
    virtual Task<Result<std::unique_ptr<Stream>>> accept_tls(std::unique_ptr<Stream> plain,
                                                             const TlsServer& tls,
                                                             Instant deadline) = 0;
};

// PROXY protocol version 2 (haproxy.org, proxy-protocol.txt). The header is read exactly, so the
// stream can go on to TLS. malformed for anything but a v2 PROXY or LOCAL header of at most 536
// bytes. The client's address; the connection's own for LOCAL.
Task<Result<Endpoint>> read_proxy_header(Stream& stream, Instant deadline);
std::string proxy_header(const Endpoint& client, const Endpoint& server);

}  // namespace domicile::io
