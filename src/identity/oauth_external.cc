// Sign-in with another OpenID provider, at the region where the browser is: who they are by the
// provider's proof, then where their home is. Somebody new has it where their country says; whoever
// the provider does not say enough of is asked first.
#include "base/encoding.h"
#include "identity/external.h"
#include "identity/oauth.h"
#include "identity/validation.h"

namespace domicile::identity {
namespace {

bool has(const Attributes& attributes, const std::string& name) {
    const auto found = attributes.find(name);
    return found != attributes.end() && !found->second.empty();
}

}  // namespace

std::string OAuth::seal_state(std::string_view purpose, std::string_view text) const {
    return to_base64url(p_.state_key.seal(purpose, text));
}

Result<std::string> OAuth::open_state(std::string_view purpose, std::string_view sealed) const {
    const auto bytes = from_base64url(sealed);
    if (!bytes) return fail(Code::malformed, "The sealed value does not have its form.");
    return p_.state_key.open(purpose, *bytes);
}

io::Task<Result<ExternalOutcome>> OAuth::external(BrowserExternal request) {
    return counted(OAuthAct::external, try_external(std::move(request)));
}

io::Task<Result<ExternalOutcome>> OAuth::try_external(BrowserExternal request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.asked.client_id));
    if (p_.providers == nullptr) {
        co_return fail(Code::not_found, "There is no such identity provider.",
                       reason::kProviderUnknown);
    }
    CO_TRY(ExternalPerson person, co_await p_.providers->identify(client.pool, request.proof));
    std::string username = external_username(request.proof.provider, person.subject);
    CO_TRY(auto home,
           co_await p_.router.home_if_known(client.pool->id_suffix, std::move(username)));
    ExternalOutcome out;
    if (!home) {
        const config::Pool& pool = *client.pool;
        const std::string& country = pool.country_attribute;
        Attributes all = std::move(person.attributes);
        // What is not served is as good as not said.
        if (has(all, country) && !home_of_new(pool, all)) all.erase(country);
        for (const auto& [name, value] : request.answers) all.try_emplace(name, value);
        for (const config::Attribute& attribute : pool.attributes) {
            const bool asks =
                attribute.required && (attribute.name != country || pool.stands_alone());
            if (asks && !has(all, attribute.name)) out.missing.push_back(attribute.name);
        }
        const bool placed = pool.stands_alone() || (has(all, country) && home_of_new(pool, all));
        if (!placed) out.missing.push_back(country);
        if (!out.missing.empty()) co_return out;
        CO_TRY(home, home_of_new(pool, all));
    }
    auto done =
        co_await at(*home, message::kOAuthExternal, std::move(request), &Home::oauth_external);
    if (!done && done.error().reason == reason::kNotInRegion) {
        out.authorized.elsewhere = std::move(*home);
        co_return out;
    }
    CO_TRY(out.authorized, std::move(done));
    co_return out;
}

}  // namespace domicile::identity
