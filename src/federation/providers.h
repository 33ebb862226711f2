// The OpenID providers that pools name: where a browser goes, what a code is good for, and who
// somebody is. What a provider publishes is fetched when it is needed and kept for a few minutes;
// while it cannot be fetched, for as long as it may be trusted. A key that is not there is looked
// for once more, so that a provider may sign with a new key the moment it has published it.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>

#include "base/redacted.h"
#include "config/pool.h"
#include "crypto/jwt.h"
#include "federation/jwks.h"
#include "federation/metadata.h"
#include "identity/external.h"
#include "io/clock.h"
#include "io/files.h"
#include "io/task.h"
#include "io/tls.h"
#include "telemetry/outcome.h"
#include "telemetry/registry.h"

namespace domicile::federation {

enum class Step : std::uint8_t { discovery, code, person };
constexpr std::array<std::string_view, 3> label_values(Step) {
    return {"discovery", "code", "person"};
}

class Providers final : public identity::ExternalProviders {
  public:
    // `directory` is what files of secrets are relative to. The rest outlives this.
    explicit Providers(std::string directory, io::Clock& clock = io::system_clock(),
                       io::Files& files = io::system_files());

    // What a sign-in is begun with. All texts are ours.
    struct Begin {
        std::string redirect_uri, state, nonce, code_challenge;
        bool anew = false;  // the person has to sign in there again
        std::string login_hint = {};
    };
    // Where the browser goes. not_found, unavailable, as identify().
    io::Task<Result<std::string>> begin(const config::Pool* pool, std::string provider,
                                        Begin begin);
    // What came back.
    struct Answer {
        std::string code, redirect_uri, code_verifier;
        std::optional<std::string> iss;
    };
    io::Task<Result<identity::ExternalProof>> redeem(const config::Pool* pool, std::string provider,
                                                     std::string nonce, Answer answer);
    io::Task<Result<identity::ExternalPerson>> identify(const config::Pool* pool,
                                                        identity::ExternalProof proof) override;

    // Once, at start.
    void report_to(telemetry::Registry& registry);

  private:
    struct Published {  // immutable
        Metadata metadata;
        Keys keys;
        Instant fetched = {};
    };
    using PublishedPtr = std::shared_ptr<const Published>;
    struct Known {
        PublishedPtr last;
        Instant failed = {};  // the last fetch, if it failed
    };
    enum class Want : std::uint8_t { recent, newest };

    io::Task<Result<PublishedPtr>> published(std::string issuer, Want want);
    io::Task<Result<PublishedPtr>> fetch_published(std::string issuer);
    io::Task<Result<std::string>> get(Url url, std::string authorization);
    Known known(const std::string& issuer) const;
    io::Task<Result<Redacted<std::string>>> secret(const config::IdentityProvider* provider) const;
    io::Task<Result<identity::ExternalProof>> try_redeem(const config::IdentityProvider* provider,
                                                         std::string nonce, Answer answer);
    io::Task<Result<identity::ExternalPerson>> try_identify(
        const config::IdentityProvider* provider, identity::ExternalProof proof);
    io::Task<Result<void>> check_signature(std::string issuer,
                                           std::shared_ptr<const std::string> text,
                                           std::shared_ptr<const crypto::ParsedJwt> token);
    io::Task<Result<json::object>> userinfo(Url url, std::string access_token, std::string sub);
    template <class T>
    io::Task<Result<T>> counted(Step step, io::Task<Result<T>> task) {
        auto outcome = co_await task;
        steps_.add(step, telemetry::outcome_of(outcome));
        co_return outcome;
    }

    const std::string directory_;
    io::Clock& clock_;
    io::Files& files_;
    std::unique_ptr<io::TlsClient> tls_;
    mutable std::shared_mutex mutex_;
    std::map<std::string, Known> known_;  // by issuer; under the mutex
    telemetry::CounterBy<Step, telemetry::Outcome> steps_;
};

}  // namespace domicile::federation
