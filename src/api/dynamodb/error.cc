#include "api/dynamodb/error.h"

#include "access/access.h"
#include "api/aws/auth.h"
#include "documents/documents.h"

namespace domicile::api::dynamodb {
namespace {

std::string dynamo(const char* name) {
    return std::string("com.amazonaws.dynamodb.v20120810#") + name;
}
std::string coral(const char* name) { return std::string("com.amazon.coral.service#") + name; }

WireError unauthenticated(const Error& error) {
    const std::string& why = error.reason;
    if (why == aws::reason::kMissingToken)
        return {400, coral("MissingAuthenticationTokenException"), error.message};
    if (why == aws::reason::kIncomplete)
        return {400, coral("IncompleteSignatureException"), error.message};
    if (why == aws::reason::kMismatch || why == aws::reason::kClockSkew ||
        why == aws::reason::kScope)
        return {400, coral("InvalidSignatureException"), error.message};
    if (why == access::reason::kExpiredToken)
        return {400, coral("ExpiredTokenException"),
                "The security token included in the request is expired"};
    return {400, coral("UnrecognizedClientException"),
            "The security token included in the request is invalid."};
}

}  // namespace

WireError to_wire(const Error& error) {
    if (error.reason == documents::reason::kUnknownTable)
        return {400, dynamo("ResourceNotFoundException"), error.message};
    if (error.reason == documents::reason::kConditionFailed)
        return {400, dynamo("ConditionalCheckFailedException"), error.message};
    // Not a throttling type: no retry will make the partition smaller.
    if (error.reason == documents::reason::kPartitionSize)
        return {400, "com.amazon.coral.validate#ValidationException", error.message};
    switch (error.code) {
        case Code::invalid_argument:
            return {400, "com.amazon.coral.validate#ValidationException", error.message};
        case Code::malformed:
            return {400, coral("SerializationException"), error.message};
        case Code::unauthenticated:
            return unauthenticated(error);
        case Code::permission_denied:
            return {400, coral("AccessDeniedException"), error.message};
        case Code::misdirected:
            return {400, dynamo("NotHomeException"), error.message};
        case Code::unsupported:
            return {400, coral("UnknownOperationException"), error.message};
        case Code::not_found:
            return {400, dynamo("ResourceNotFoundException"), error.message};
        case Code::failed_precondition:
        case Code::already_exists:
            return {400, dynamo("ResourceInUseException"), error.message};
        case Code::too_large:
            return {413, coral("RequestEntityTooLargeException"), error.message};
        case Code::resource_exhausted:
            return {400, dynamo("RequestLimitExceeded"), error.message};
        case Code::conflict:
            return {500, dynamo("InternalServerError"), error.message};
        case Code::deadline_exceeded:
        case Code::cancelled:
        case Code::unavailable:
            return {503, coral("ServiceUnavailableException"), error.message};
        case Code::internal:
            break;
    }
    return {500, dynamo("InternalServerError"),
            "The request processing has failed because of an unknown error."};
}

}  // namespace domicile::api::dynamodb
