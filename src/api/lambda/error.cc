#include "api/lambda/error.h"

#include "access/access.h"
#include "api/aws/auth.h"

namespace domicile::api::lambda {
namespace {

WireError unauthenticated(const Error& error) {
    const std::string& why = error.reason;
    if (why == aws::reason::kMissingToken)
        return {403, "MissingAuthenticationTokenException", error.message};
    if (why == aws::reason::kIncomplete)
        return {403, "IncompleteSignatureException", error.message};
    if (why == aws::reason::kMismatch || why == aws::reason::kClockSkew ||
        why == aws::reason::kScope)
        return {403, "InvalidSignatureException", error.message};
    if (why == access::reason::kExpiredToken)
        return {403, "ExpiredTokenException",
                "The security token included in the request is expired"};
    return {403, "UnrecognizedClientException",
            "The security token included in the request is invalid."};
}

}  // namespace

WireError to_wire(const Error& error) {
    switch (error.code) {
        case Code::invalid_argument:
            return {400, "InvalidParameterValueException", error.message};
        case Code::malformed:
            return {400, "InvalidRequestContentException", error.message};
        case Code::unauthenticated:
            return unauthenticated(error);
        case Code::permission_denied:
            return {403, "AccessDeniedException", error.message};
        case Code::not_found:
            return {404, "ResourceNotFoundException", error.message};
        case Code::too_large:
            return {413, "RequestTooLargeException", error.message};
        case Code::resource_exhausted:
            return {429, "TooManyRequestsException", error.message};
        case Code::unsupported:
            return {404, "UnknownOperationException", error.message};
        case Code::unavailable:
        case Code::cancelled:
        case Code::deadline_exceeded:
            return {503, "ServiceUnavailableException", error.message, "Service"};
        default:
            break;
    }
    return {500, "ServiceException",
            "The request processing has failed because of an unknown error.", "Service"};
}

}  // namespace domicile::api::lambda
