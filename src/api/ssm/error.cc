#include "api/ssm/error.h"

#include "access/access.h"
#include "api/aws/auth.h"
#include "api/ssm/request.h"

namespace domicile::api::ssm {
namespace {

WireError unauthenticated(const Error& error) {
    const std::string& why = error.reason;
    if (why == aws::reason::kMissingToken)
        return {400, "MissingAuthenticationTokenException", error.message};
    if (why == aws::reason::kIncomplete)
        return {400, "IncompleteSignatureException", error.message};
    if (why == aws::reason::kMismatch || why == aws::reason::kClockSkew ||
        why == aws::reason::kScope)
        return {400, "InvalidSignatureException", error.message};
    if (why == access::reason::kExpiredToken)
        return {400, "ExpiredTokenException",
                "The security token included in the request is expired"};
    return {400, "UnrecognizedClientException",
            "The security token included in the request is invalid."};
}

}  // namespace

WireError to_wire(const Error& error) {
    if (error.reason == reason::kNoParameter) return {400, "ParameterNotFound", error.message};
    if (error.reason == reason::kNoVersion) return {400, "ParameterVersionNotFound", error.message};
    if (error.reason == reason::kBadToken) return {400, "InvalidNextToken", error.message};
    if (error.reason == reason::kBadFilter) return {400, "InvalidFilterKey", error.message};
    switch (error.code) {
        case Code::invalid_argument:
            return {400, "ValidationException", error.message};
        case Code::malformed:
            return {400, "SerializationException", error.message};
        case Code::unauthenticated:
            return unauthenticated(error);
        case Code::permission_denied:
            return {400, "AccessDeniedException", error.message};
        case Code::unsupported:
            return {400, "UnknownOperationException", error.message};
        case Code::too_large:
            return {413, "RequestEntityTooLargeException", error.message};
        case Code::resource_exhausted:
            return {400, "ThrottlingException", error.message};
        case Code::unavailable:
        case Code::cancelled:
        case Code::deadline_exceeded:
            return {503, "ServiceUnavailableException", error.message};
        default:
            break;
    }
    return {500, "InternalServerError",
            "The request processing has failed because of an unknown error."};
}

}  // namespace domicile::api::ssm
