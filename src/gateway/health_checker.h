// Asks the servers of an upstream at intervals whether they are well. Internal.
#pragma once

#include "gateway/balancer.h"
#include "http/client.h"
#include "io/executor.h"

namespace domicile::gateway {

class HealthChecker {
  public:
    // Everything given outlives it.
    HealthChecker(const config::Upstream& upstream, Balancer& balancer, http::Client& client);

    // On one executor. Does nothing for an upstream without checks.
    void start();
    io::Task<void> stop();

  private:
    io::Task<void> run();
    io::Task<bool> ask(std::size_t server);

    const config::Upstream& upstream_;
    Balancer& balancer_;
    http::Client& client_;
    std::vector<std::int64_t> streaks_;  // good answers in a row, or bad ones below zero
    bool stopping_ = false;
    io::Event stop_;
    http::Cancellation call_;  // of the check under way
    io::TaskGroup tasks_;
};

}  // namespace domicile::gateway
