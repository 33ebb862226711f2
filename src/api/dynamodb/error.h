// The one table from our errors to DynamoDB's ("Error handling with DynamoDB", API reference).
#pragma once

#include <string>

#include "base/result.h"

namespace domicile::api::dynamodb {

struct WireError {
    int status = 400;
    std::string type;  // "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"
    std::string message;
};

// SDKs retry by status and type: 5xx, throttling types and TransactionInProgress are; the rest are
// not. A write that is not at home is NotHomeException with 400, so that no SDK retries it.
WireError to_wire(const Error& error);

}  // namespace domicile::api::dynamodb
