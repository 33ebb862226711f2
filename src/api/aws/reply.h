// Replies of the JSON dialects, and what browsers need of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "http/server.h"
#include "io/task.h"

namespace domicile::api::aws {

inline constexpr const char* kJson10 = "application/x-amz-json-1.0";
inline constexpr const char* kJson11 = "application/x-amz-json-1.1";

// A head with Content-Type, x-amzn-RequestId and Cache-Control: no-store (answers are personal).
http::ResponseHead json_head(const http::Exchange& exchange, int status,
                             std::string_view content_type);

// Sends `body`, adding x-amz-crc32 (decimal, over the body bytes), which the DynamoDB SDKs check.
io::Task<Result<void>> send_with_crc32(http::Exchange& exchange, http::ResponseHead head,
                                       std::string body);

// {"__type": type, "message": message}
std::string error_body(std::string_view type, std::string_view message);

// The operation of "X-Amz-Target: <prefix>.<operation>"; nullopt for another target.
std::optional<std::string> operation_of(const http::RequestHead& request, std::string_view prefix);

// CORS as AWS endpoints have it: any origin, no cookies, so the signature or token is the only key.
void add_cors(const http::RequestHead& request, http::ResponseHead& head);
bool is_preflight(const http::RequestHead& request);
io::Task<Result<void>> answer_preflight(http::Exchange& exchange);

}  // namespace domicile::api::aws
