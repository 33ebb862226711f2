// Lets a decision record its steps while it is taken. Without a trace nothing is built: decisions
// are on the path of every request.
#pragma once

#include <string>
#include <vector>

#include "residency/residency.h"

namespace domicile::residency {

class Trace {
  public:
    Trace() = default;
    explicit Trace(std::vector<std::string>* steps) : steps_(steps) {}

    // `parts` are joined; a template, so that an absent trace costs a test and no strings.
    template <class... Parts>
    void step(const Parts&... parts) const {
        if (!steps_) return;
        std::string text;
        ((text += std::string_view(parts)), ...);
        steps_->push_back(std::move(text));
    }

  private:
    std::vector<std::string>* steps_ = nullptr;
};

HomeChoice choose_home(const Policy& policy, const SignUp& sign_up, Trace trace);
Decision decide_exchange(const Policy& policy, const Exchange& exchange, Trace trace);
Decision decide_call(const Policy& policy, const Call& call, Trace trace);
Decision decide_write(const Policy& policy, const Write& write, Trace trace);
Decision decide_failover(const Policy& policy, const RegionId& home, HomeState state, Trace trace);

}  // namespace domicile::residency
