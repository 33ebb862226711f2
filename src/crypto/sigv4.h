// AWS Signature Version 4 with the Authorization header, for both sides, as pure functions. Source:
// "Authenticating Requests (AWS Signature Version 4)" in the S3 API reference and "Create a signed
// AWS API request" in the IAM user guide.
//
// A server: parse_authorization, look the secret up, check that date, region and service are its
// own and that amz_date is fresh, then compare signature() in constant time. Which headers must be
// signed (host always) is checked by verify_signature.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace domicile::crypto {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// A request as it is on the wire. Nothing here is decoded.
struct SigV4Request {
    std::string method;        // upper case
    std::string path;          // raw, percent-encoded as sent; empty is "/"
    std::string query;         // raw, without '?'
    HeaderList headers;        // any case, any order; repeated names are joined by commas
    std::string payload_hash;  // hex SHA-256 of the body, or UNSIGNED-PAYLOAD and its kin (S3)
};

struct SigV4Authorization {
    std::string access_key_id;
    std::string date;  // yyyymmdd
    std::string region;
    std::string service;
    std::vector<std::string> signed_headers;  // lower case, sorted, unique
    std::string signature;                    // 64 lower-case hex digits
};

// The value of an Authorization header. Code::malformed (reason "incomplete_signature") for broken
// text, Code::unauthenticated for another scheme than AWS4-HMAC-SHA256.
Result<SigV4Authorization> parse_authorization(std::string_view header);

// Paths: S3 takes the path as sent; every other service normalises dot segments and doubled slashes
// and percent-encodes once more. Query parameters are sorted by encoded name, then value.
std::string canonical_request(const SigV4Request& request,
                              const std::vector<std::string>& signed_headers,
                              std::string_view service);
// amz_date is "20150830T123600Z"; the scope's date is its first eight characters.
std::string string_to_sign(std::string_view amz_date, std::string_view region,
                           std::string_view service, std::string_view canonical_request);
// 32 raw bytes; may be cached for the day.
std::string signing_key(std::string_view secret, std::string_view date, std::string_view region,
                        std::string_view service);
// Lower-case hex.
std::string signature(std::string_view signing_key32, std::string_view string_to_sign);

// Whether the secret made the authorization's signature over the request, amz_date being the value
// of x-amz-date. Code::unauthenticated with reason "signature_mismatch" if not, or with
// "incomplete_signature" when host or an x-amz-* header that is present is not signed, a signed one
// is absent, or the scope's date is not that of x-amz-date. Freshness is the caller's to check.
Result<void> verify_signature(const SigV4Authorization& authorization, const SigV4Request& request,
                              std::string_view secret);

struct SigV4Credentials {
    std::string access_key_id;
    std::string secret;
    std::string session_token;  // empty without
};

// The headers to add: x-amz-date, x-amz-content-sha256 for S3, x-amz-security-token if there is
// one, and authorization. The request must have its host header; all its headers are signed, except
// those that proxies change (connection, expect, transfer-encoding, user-agent, x-amzn-trace-id).
HeaderList sign(const SigV4Request& request, const SigV4Credentials& credentials,
                std::string_view region, std::string_view service, Timestamp now);

}  // namespace domicile::crypto
