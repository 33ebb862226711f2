// Who signed a request: Signature Version 4 in the Authorization header ("Authenticating Requests
// (AWS Signature Version 4)", AWS General Reference). Presigned URLs are not taken.
#pragma once

#include <string>
#include <string_view>

#include "access/access.h"
#include "base/result.h"
#include "http/server.h"
#include "io/clock.h"
#include "io/task.h"

namespace domicile::api::aws {

// Reasons of Code::unauthenticated beside those of access (unknown_key, invalid_token,
// expired_token).
namespace reason {
inline constexpr const char* kMissingToken = "missing_token";  // no Authorization
inline constexpr const char* kIncomplete = "incomplete_signature";
inline constexpr const char* kMismatch = "signature_mismatch";
inline constexpr const char* kScope = "wrong_scope";  // another region, service or terminator
inline constexpr const char* kClockSkew = "clock_skew";
}  // namespace reason

struct Scope {
    std::string service;  // "dynamodb"
    std::string region;
};

inline constexpr Millis kSkewMax{15 * 60 * 1000};

// The caller, once the signature over head and `body` holds, the scope is ours and x-amz-date is
// within 15 minutes. unauthenticated with one of the reasons above; the messages are those of AWS
// and may be passed on. `exchange`, `body` and `access` outlive the call.
io::Task<Result<access::Principal>> authenticate(http::Exchange& exchange, std::string_view body,
                                                 access::Access& access, Scope scope,
                                                 io::Clock& clock);

}  // namespace domicile::api::aws
