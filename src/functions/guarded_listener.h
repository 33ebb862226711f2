// Takes only connections of one process and of what it started: the Runtime API of a function is no
// other program's. Internal to functions.
#pragma once

#include <memory>
#include <optional>

#include "io/network.h"

namespace domicile::functions {

class GuardedListener final : public io::Listener {
  public:
    GuardedListener(std::unique_ptr<io::Listener> inner, std::string function)
        : inner_(std::move(inner)), function_(std::move(function)) {}

    // Until then nobody is known, and whoever comes is turned away.
    void admit(int pid) { pid_ = pid; }

    io::Task<Result<std::unique_ptr<io::Stream>>> accept() override;
    const io::Endpoint& local() const override { return inner_->local(); }
    void close() override { inner_->close(); }

  private:
    const std::unique_ptr<io::Listener> inner_;
    const std::string function_;
    std::optional<int> pid_;
};

}  // namespace domicile::functions
