// Operations that link users of other identity providers with people of the pool.
#include "api/cognito/admin.h"
#include "identity/administration.h"
#include "identity/external.h"

namespace domicile::api::cognito {
namespace {

constexpr std::size_t kProviderBytesMax = 32;
constexpr std::size_t kSubjectBytesMax = 255;  // OpenID Connect Core, 2
constexpr const char* kOwnProvider = "Cognito";
constexpr const char* kSubject = "Cognito_Subject";

// ProviderUserIdentifierType.
struct ProviderUser {
    std::string provider, attribute, value;
};

Outcome<ProviderUser> provider_user(const json::object& request, const char* name) {
    Members members(request);
    const json::object* found = members.structure(name);
    if (found == nullptr && !members.problem()) members.required(name);
    if (auto problem = members.problem()) return std::unexpected(std::move(*problem));
    Members own(*found);
    ProviderUser out;
    out.provider = own.required("ProviderName", kProviderBytesMax);
    out.attribute = own.optional("ProviderAttributeName").value_or("");
    out.value = own.required("ProviderAttributeValue", kSubjectBytesMax);
    if (auto problem = own.problem()) return std::unexpected(std::move(*problem));
    return out;
}

// Somebody whom the provider names by its `sub`.
Outcome<void> check_source(const ProviderUser& user, const char* name) {
    if (user.provider == kOwnProvider) {
        return std::unexpected(
            invalid_parameter(std::string(name) + " has to be of an identity provider."));
    }
    if (user.attribute != kSubject) {
        return std::unexpected(invalid_parameter(
            std::string(name) + ".ProviderAttributeName has to be " + kSubject + "."));
    }
    return {};
}

Reply link(AdminCall call) {
    auto destination = provider_user(call.request, "DestinationUser");
    auto source = provider_user(call.request, "SourceUser");
    Members members(call.request);
    POOL(pool, call, members);
    if (!destination) co_return std::unexpected(std::move(destination.error()));
    if (!source) co_return std::unexpected(std::move(source.error()));
    if (auto good = check_source(*source, "SourceUser"); !good) {
        co_return std::unexpected(std::move(good.error()));
    }
    identity::AdminLinkRequest request;
    request.who.access_key_id = call.who.access_key_id;
    request.pool = pool.pool;
    request.username = destination->value;
    if (destination->provider != kOwnProvider) {
        request.username = identity::external_username(destination->provider, destination->value);
    }
    request.provider = std::move(source->provider);
    request.subject = std::move(source->value);
    DO(co_await call.identity.administration().link(std::move(request)));
    co_return json::object();
}

Reply disable(AdminCall call) {
    auto user = provider_user(call.request, "User");
    Members members(call.request);
    POOL(pool, call, members);
    if (!user) co_return std::unexpected(std::move(user.error()));
    if (auto good = check_source(*user, "User"); !good) {
        co_return std::unexpected(std::move(good.error()));
    }
    identity::AdminLinkRequest request;
    request.who.access_key_id = call.who.access_key_id;
    request.pool = pool.pool;
    request.provider = std::move(user->provider);
    request.subject = std::move(user->value);
    DO(co_await call.identity.administration().unlink(std::move(request)));
    co_return json::object();
}

}  // namespace

void add_provider_operations(AdminOperations& into) {
    into["AdminLinkProviderForUser"] = link;
    into["AdminDisableProviderForUser"] = disable;
}

}  // namespace domicile::api::cognito
