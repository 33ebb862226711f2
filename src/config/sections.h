// The descriptions of all sections; defined in sections*.cc.
#pragma once

#include <span>

#include "config/object.h"

namespace domicile::config {

#define DOMICILE_SECTION(type) \
    template <>                \
    const Object<type>& describe();
DOMICILE_SECTION(RegionPorts)
DOMICILE_SECTION(MailServer)
DOMICILE_SECTION(Region)
DOMICILE_SECTION(Jurisdiction)
DOMICILE_SECTION(Directory)
DOMICILE_SECTION(RefreshRotation)
DOMICILE_SECTION(OAuth)
DOMICILE_SECTION(Budget)
DOMICILE_SECTION(AddressLimits)
DOMICILE_SECTION(ClientLimits)
DOMICILE_SECTION(Client)
DOMICILE_SECTION(Argon2id)
DOMICILE_SECTION(ResourceServer)
DOMICILE_SECTION(IdentityProvider)
DOMICILE_SECTION(PasswordPolicy)
DOMICILE_SECTION(Attribute)
DOMICILE_SECTION(Passkeys)
DOMICILE_SECTION(Sms)
DOMICILE_SECTION(Pool)
DOMICILE_SECTION(Key)
DOMICILE_SECTION(Resident)
DOMICILE_SECTION(ItemAttribute)
DOMICILE_SECTION(Global)
DOMICILE_SECTION(Table)
DOMICILE_SECTION(Concurrency)
DOMICILE_SECTION(Events)
DOMICILE_SECTION(Function)
DOMICILE_SECTION(Parameter)
DOMICILE_SECTION(Retries)
DOMICILE_SECTION(Ejection)
DOMICILE_SECTION(HealthCheck)
DOMICILE_SECTION(Upstream)
DOMICILE_SECTION(Cors)
DOMICILE_SECTION(Throttle)
DOMICILE_SECTION(JwtIssuer)
DOMICILE_SECTION(AuthorizerFunction)
DOMICILE_SECTION(PreTokenGeneration)
DOMICILE_SECTION(Triggers)
DOMICILE_SECTION(Authorizer)
DOMICILE_SECTION(UsagePlan)
DOMICILE_SECTION(ApiKey)
DOMICILE_SECTION(Route)
DOMICILE_SECTION(Site)
DOMICILE_SECTION(MailTemplate)
DOMICILE_SECTION(Mail)
DOMICILE_SECTION(Limits)
DOMICILE_SECTION(Shutdown)
DOMICILE_SECTION(Log)
DOMICILE_SECTION(Traces)
DOMICILE_SECTION(Config)
#undef DOMICILE_SECTION

#define DOMICILE_ENUM(type) \
    template <>             \
    std::span<const std::string_view> words_of<type>();
DOMICILE_ENUM(residency::Transit)
DOMICILE_ENUM(residency::RouteResidency)
DOMICILE_ENUM(residency::Elsewhere)
DOMICILE_ENUM(IssuerStyle)
DOMICILE_ENUM(DirectoryEngine)
DOMICILE_ENUM(MailSecurity)
DOMICILE_ENUM(log::Level)
DOMICILE_ENUM(AuthFlow)
DOMICILE_ENUM(TokenAlgorithm)
DOMICILE_ENUM(Mfa)
DOMICILE_ENUM(UserVerification)
DOMICILE_ENUM(PasskeyFactor)
DOMICILE_ENUM(Grant)
DOMICILE_ENUM(TokenEvent)
DOMICILE_ENUM(KeyType)
DOMICILE_ENUM(ItemType)
DOMICILE_ENUM(SortKeyStorage)
DOMICILE_ENUM(Egress)
DOMICILE_ENUM(ParameterType)
DOMICILE_ENUM(RouteHost)
DOMICILE_ENUM(EventVersion)
DOMICILE_ENUM(AuthorizerInput)
DOMICILE_ENUM(ThrottleBy)
#undef DOMICILE_ENUM

}  // namespace domicile::config
