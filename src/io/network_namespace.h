// A network of its own for a child process (network_namespaces(7)): a loopback and nothing else.
// Sockets that this process makes in it are how the child gets out, and the only way.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"

namespace domicile::io {

class NetworkNamespace {
  public:
    // unavailable where this process may not make one (it takes CAP_SYS_ADMIN).
    static Result<std::unique_ptr<NetworkNamespace>> create();
    ~NetworkNamespace();
    NetworkNamespace(const NetworkNamespace&) = delete;

    // The thread is in it for as long as this lives, and so is what it makes: sockets, children.
    // Not across a wait.
    class Visit {
      public:
        explicit Visit(const NetworkNamespace& to);
        ~Visit();
        Visit(const Visit&) = delete;

      private:
        int home_;
    };

    // Attempts to reach what is not there, since the start: no route, or nobody listens.
    std::uint64_t refused() const;

  private:
    explicit NetworkNamespace(int fd) : fd_(fd) {}
    const int fd_;
};

}  // namespace domicile::io
