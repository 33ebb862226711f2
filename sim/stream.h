// The two ends of the simulated network that programs hold. Internal to it.
#pragma once

#include "sim/network.h"

namespace domicile::sim {

class SimStream final : public io::Stream {
  public:
    SimStream(Fabric& fabric, Fabric::ConnectionPtr connection, int side, io::PeerInfo peer);
    ~SimStream() override;

    bool is_idle() override;
    void shutdown_write() override;

    void wake_readable() { notify_readable(); }
    void wake_writable() { notify_writable(); }

  private:
    Attempt try_read(std::span<char> into) override;
    Attempt try_write(std::span<const std::string_view> pieces) override;
    void do_close() override;
    Fabric::Side& own() { return connection_->sides[side_]; }
    Fabric::Side& other() { return connection_->sides[1 - side_]; }
    bool orphaned();  // its process is dead

    Fabric& fabric_;
    Fabric::ConnectionPtr connection_;
    int side_;
    bool closed_ = false;
    bool shut_ = false;
};

class SimListener final : public io::Listener {
  public:
    SimListener(Fabric& fabric, Process& process, io::Endpoint at)
        : fabric_(fabric), process_(process), local_(std::move(at)) {}
    ~SimListener() override { SimListener::close(); }

    io::Task<Result<std::unique_ptr<io::Stream>>> accept() override;
    const io::Endpoint& local() const override { return local_; }
    void close() override;

    Process& process() const { return process_; }
    void arrived(std::unique_ptr<SimStream> stream);

  private:
    Fabric& fabric_;
    Process& process_;
    io::Endpoint local_;
    std::deque<std::unique_ptr<SimStream>> backlog_;
    io::Event changed_;
    bool closed_ = false;
};

}  // namespace domicile::sim
