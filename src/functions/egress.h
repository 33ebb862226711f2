// The network of one process whose egress is enforced: its Runtime API, its region's endpoint, and
// what its configuration allows by name, each a listener on a loopback of its own. Everything else
// is not there. Internal to functions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "functions/relay.h"
#include "io/network_namespace.h"

namespace domicile::functions {

class Egress {
  public:
    // `region`: where its endpoints are; seen by the process under the same address. unavailable
    // where this program may not make a network namespace.
    static Result<std::unique_ptr<Egress>> create(const io::Endpoint& region,
                                                  const std::vector<std::string>& allowed);
    ~Egress();

    const io::NetworkNamespace& network() const { return *network_; }
    const std::string& hosts_file() const { return hosts_file_; }
    // Attempts to reach anything else, since the last call.
    std::uint64_t take_refused();
    io::Task<void> stop(Instant deadline);

  private:
    explicit Egress(std::unique_ptr<io::NetworkNamespace> network) : network_(std::move(network)) {}
    Result<void> relay(const io::Endpoint& at, const io::Endpoint& target);
    Result<void> write_hosts(const std::string& text);

    const std::unique_ptr<io::NetworkNamespace> network_;
    std::vector<std::unique_ptr<Relay>> relays_;
    std::string hosts_file_;
    std::uint64_t refused_ = 0;
};

}  // namespace domicile::functions
