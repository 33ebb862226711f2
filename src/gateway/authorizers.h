// What the `authorizer` of a route may name. Internal.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "config/config.h"
#include "gateway/issuer.h"
#include "gateway/request_authorizer.h"

namespace domicile::gateway {

// Exactly one is set.
struct Authorizer {
    const config::Pool* pool = nullptr;
    std::shared_ptr<Issuer> issuer;
    std::unique_ptr<RequestAuthorizer> function;
};

class Authorizers {
  public:
    // Issuers that did not change go on with the keys that they have, and belong to both.
    Authorizers(const config::Config& config, const Authorizers* before);

    // Null: there is none.
    const Authorizer* find(std::string_view name) const {
        const auto found = all_.find(name);
        return found == all_.end() ? nullptr : &found->second;
    }

    // On one executor, the same as `before`.
    void start();
    io::Task<void> stop(const Authorizers* next);
    void report_to(telemetry::Registry& registry);

  private:
    std::map<std::string, Authorizer, std::less<>> all_;
};

}  // namespace domicile::gateway
