#include "api/cognito/error.h"

#include <array>

#include "access/access.h"
#include "api/aws/auth.h"
#include "identity/link_types.h"
#include "identity/oauth_types.h"
#include "identity/passkey_types.h"
#include "identity/session_types.h"
#include "identity/triggers.h"
#include "identity/types.h"
#include "identity/wrong_answers.h"
#include "webauthn/ceremony.h"

namespace domicile::api::cognito {
namespace {

namespace reason = identity::reason;

constexpr const char* kNotAuthorized = "NotAuthorizedException";
constexpr const char* kInvalidParameter = "InvalidParameterException";

struct Line {
    const char* reason;
    const char* type;
    const char* text;  // null: the error's own message stands after `prefix`
    const char* prefix = "";
};

// Clients decide by some of these texts and show all of them: keep them word for word.
constexpr std::array kByReason = {
    Line{reason::kUserExists, "UsernameExistsException", "User already exists"},
    Line{reason::kPasswordPolicy, "InvalidPasswordException", nullptr,
         "Password did not conform with policy: "},
    Line{reason::kPasswordHistory, "PasswordHistoryPolicyViolationException", nullptr},
    Line{reason::kAttribute, kInvalidParameter, nullptr,
         "Attributes did not conform to the schema: "},
    Line{reason::kSchema, kInvalidParameter, nullptr},
    Line{reason::kNotWritable, kNotAuthorized, nullptr},
    Line{reason::kAliasExists, "AliasExistsException", nullptr},
    Line{reason::kCodeMismatch, "CodeMismatchException",
         "Invalid verification code provided, please try again."},
    Line{reason::kCodeExpired, "ExpiredCodeException",
         "Invalid code provided, please request a code again."},
    Line{reason::kAlreadyConfirmed, kNotAuthorized,
         "User cannot be confirmed. Current status is CONFIRMED"},
    Line{reason::kWrongCredentials, kNotAuthorized, "Incorrect username or password."},
    Line{reason::kNotConfirmed, "UserNotConfirmedException", "User is not confirmed."},
    Line{reason::kSessionInvalid, kNotAuthorized,
         "Invalid session for the user, session is expired."},
    Line{reason::kRefreshInvalid, kNotAuthorized, "Invalid Refresh Token"},
    Line{reason::kRefreshRevoked, kNotAuthorized, "Refresh Token has been revoked"},
    Line{reason::kRefreshReused, "RefreshTokenReuseException",
         "Refresh Token has been used before"},
    Line{reason::kRefreshExpired, kNotAuthorized, "Refresh Token has expired"},
    Line{reason::kAccessInvalid, kNotAuthorized, "Invalid Access Token"},
    Line{reason::kAccessExpired, kNotAuthorized, "Access Token has expired"},
    Line{reason::kScopeMissing, kNotAuthorized, nullptr},
    Line{reason::kAccessRevoked, kNotAuthorized, "Access Token has been revoked"},
    Line{reason::kUnknownClient, "ResourceNotFoundException", nullptr},
    Line{reason::kFlowNotEnabled, kInvalidParameter, nullptr},
    Line{reason::kTooManyAttempts, "LimitExceededException",
         "Attempt limit exceeded, please try after some time."},
    Line{reason::kDelivery, "CodeDeliveryFailureException",
         "The code cannot be sent at the moment; try again later."},
    Line{reason::kUserUnknown, "UserNotFoundException", "User does not exist."},
    Line{reason::kNotInRegion, kNotAuthorized, nullptr},
    Line{reason::kDisabled, kNotAuthorized, "User is disabled."},
    Line{reason::kResetRequired, "PasswordResetRequiredException",
         "Password reset required for the user"},
    Line{reason::kTemporaryExpired, kNotAuthorized, nullptr},
    Line{reason::kUserState, kNotAuthorized, nullptr},
    Line{reason::kUnsupportedState, "UnsupportedUserStateException", nullptr},
    Line{reason::kUnknownPool, "ResourceNotFoundException", nullptr},
    Line{reason::kPersonElsewhere, "UserNotFoundException", nullptr},
    Line{reason::kPageToken, kInvalidParameter, nullptr},
    Line{reason::kGroupExists, "GroupExistsException", nullptr},
    Line{reason::kUnknownGroup, "ResourceNotFoundException", nullptr},
    Line{reason::kTooManyGroups, "LimitExceededException", nullptr},
    Line{reason::kClientSecret, kNotAuthorized, nullptr},
    Line{reason::kTotpMismatch, "CodeMismatchException", "Invalid code received for user"},
    Line{reason::kTotpUsed, "ExpiredCodeException",
         "Your software token has already been used once."},
    Line{reason::kTotpSetup, "EnableSoftwareTokenMFAException", "Code mismatch"},
    Line{reason::kTotpNotFound, "SoftwareTokenMFANotFoundException", nullptr},
    Line{reason::kUnknownDevice, "ResourceNotFoundException", "Device does not exist."},
    Line{reason::kUnknownSession, "ResourceNotFoundException", "Session does not exist."},
    Line{reason::kTooManyLinks, "LimitExceededException", nullptr},
    Line{reason::kNoDevices, "InvalidUserPoolConfigurationException", nullptr},
    Line{reason::kPasskeysOff, "WebAuthnNotEnabledException", nullptr},
    Line{reason::kPasskeyChallenge, "WebAuthnChallengeNotFoundException", nullptr},
    Line{reason::kPasskeyClient, "WebAuthnClientMismatchException", nullptr},
    Line{reason::kTooManyPasskeys, "LimitExceededException", nullptr},
    Line{reason::kUnknownPasskey, "ResourceNotFoundException", nullptr},
    Line{webauthn::reason::kMalformed, kInvalidParameter, nullptr},
    Line{webauthn::reason::kChallenge, "WebAuthnChallengeNotFoundException", nullptr},
    Line{webauthn::reason::kOrigin, "WebAuthnOriginNotAllowedException", nullptr},
    Line{webauthn::reason::kRelyingParty, "WebAuthnRelyingPartyMismatchException", nullptr},
    Line{webauthn::reason::kUnsupported, "WebAuthnCredentialNotSupportedException", nullptr},
    Line{reason::kTriggerRefused, "UserLambdaValidationException", nullptr},
    Line{reason::kTriggerFailed, "UnexpectedLambdaException", nullptr},
    Line{reason::kTriggerAnswer, "InvalidLambdaResponseException", nullptr},
    // Of access keys and their signatures.
    Line{api::aws::reason::kMissingToken, "MissingAuthenticationTokenException", nullptr},
    Line{api::aws::reason::kIncomplete, "IncompleteSignatureException", nullptr},
    Line{api::aws::reason::kMismatch, "InvalidSignatureException", nullptr},
    Line{api::aws::reason::kClockSkew, "InvalidSignatureException", nullptr},
    Line{api::aws::reason::kScope, "InvalidSignatureException", nullptr},
    Line{access::reason::kExpiredToken, "ExpiredTokenException",
         "The security token included in the request is expired"},
    Line{access::reason::kUnknownKey, "UnrecognizedClientException",
         "The security token included in the request is invalid."},
    Line{access::reason::kInvalidToken, "UnrecognizedClientException",
         "The security token included in the request is invalid."},
};

DialectError in_words(const Error& error) {
    for (const Line& line : kByReason) {
        if (error.reason != line.reason) continue;
        return {400, line.type, line.text != nullptr ? line.text : line.prefix + error.message};
    }
    switch (error.code) {
        case Code::unavailable:
        case Code::deadline_exceeded:
        case Code::cancelled:
            return {503, "ServiceUnavailableException",
                    "The service is not available at the moment. Please try again.", 5};
        case Code::resource_exhausted:
            return {400, "TooManyRequestsException", "Too many requests"};
        case Code::invalid_argument:
            return invalid_parameter(error.message);
        case Code::malformed:
            return serialization(error.message);
        case Code::too_large:
            return {413, "RequestEntityTooLargeException", "The request is too large."};
        case Code::unauthenticated:
        case Code::permission_denied:
            return {400, kNotAuthorized, error.message};
        default:
            return {500, "InternalErrorException", "Something went wrong. Please try again."};
    }
}

}  // namespace

DialectError invalid_parameter(std::string message) {
    return {400, kInvalidParameter, std::move(message)};
}

DialectError serialization(std::string message) {
    return {400, "SerializationException", std::move(message)};
}

DialectError to_dialect(const Error& error) {
    DialectError out = in_words(error);
    if (identity::is_wrong_answer(error)) {
        out.weight = Weight::wrong;
    } else if (!identity::is_undone(error)) {
        out.weight = Weight::judged;
    }
    return out;
}

}  // namespace domicile::api::cognito
