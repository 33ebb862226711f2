// Connections to one place, made for a process that has no network of its own. Internal to
// functions.
#pragma once

#include <memory>

#include "io/network.h"

namespace domicile::functions {

class Relay {
  public:
    // What comes to `listener` goes on to `target`, which is resolved here.
    Relay(std::unique_ptr<io::Listener> listener, io::Endpoint target)
        : listener_(std::move(listener)), target_(std::move(target)) {}

    void start() { running_.spawn(accept_on()); }
    io::Task<void> stop(Instant deadline);

  private:
    struct Pair {
        std::unique_ptr<io::Stream> inner, outer;
    };
    io::Task<void> accept_on();
    io::Task<void> serve(std::unique_ptr<io::Stream> inner);

    std::unique_ptr<io::Listener> listener_;
    const io::Endpoint target_;
    std::vector<Pair*> open_;
    bool stopping_ = false;
    io::TaskGroup running_;
};

}  // namespace domicile::functions
