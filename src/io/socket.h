// A stream on a non-blocking descriptor: TCP socket or pipe. Internal to io.
//
// Edge-triggered epoll reports a change once. `readable_` remembers it: a read is tried only while
// it is set, and a read that returns less than was asked for clears it, which saves the second read
// that would say EAGAIN. Bytes or an end that arrive later raise a new edge.
#pragma once

#include "io/reactor.h"

namespace domicile::io {

class Socket : public Stream, protected Reactor::Handler {
  public:
    Socket(Reactor& reactor, int fd);
    ~Socket() override;

    bool register_events() { return reactor_.watch(fd_, *this); }
    void set_addresses();
    void set_peer(PeerInfo peer) { peer_ = std::move(peer); }
    bool is_idle() override;
    void shutdown_write() override;
    Reactor& reactor() { return reactor_; }
    int descriptor() const { return fd_; }

    // Gives the descriptor up, unregistered, to a stream that takes over (TLS).
    int release();

  protected:
    Attempt try_read(std::span<char> into) override;
    Attempt try_write(std::span<const std::string_view> pieces) override;
    void do_close() override;
    void on_events(std::uint32_t events) override;
    // False when whoever was told of the end has destroyed this socket.
    bool note(std::uint32_t events);
    // Waking the reader may destroy this socket.
    void wake(bool reader, bool writer);

    Reactor& reactor_;
    int fd_;
    bool readable_ = true;
    bool ended_ = false;  // the peer closed: no further edge will come
    bool pipe_ = false;   // found out at the first read
    std::shared_ptr<int> alive_ = std::make_shared<int>();  // tells on_events that this is gone
};

}  // namespace domicile::io
