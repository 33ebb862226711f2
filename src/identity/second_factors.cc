#include "identity/second_factors.h"

#include "identity/mfa_types.h"

namespace domicile::identity {
namespace {

bool has_app(const config::Pool& pool, const Authenticator& app) {
    return app.active() && pool.has_mfa(config::MfaMethod::app);
}

}  // namespace

bool wants_mailed_factor(const config::Pool& pool, const Authenticator& app) {
    if (!pool.has_mfa(config::MfaMethod::email)) return false;
    return app.email_enabled || (pool.mfa == config::Mfa::required && !has_app(pool, app));
}

std::vector<std::string> second_factors(const config::Pool& pool, const Authenticator& app,
                                        const std::string& address) {
    std::vector<std::string> out;
    if (has_app(pool, app)) out.emplace_back(kSoftwareToken);
    if (wants_mailed_factor(pool, app) && !address.empty()) out.emplace_back(kMailedFactor);
    return out;
}

}  // namespace domicile::identity
