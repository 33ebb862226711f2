// Errors as Lambda's API says them: a status, a type in x-amzn-ErrorType, a message in the body.
#pragma once

#include <string>

#include "base/result.h"

namespace domicile::api::lambda {

struct WireError {
    int status = 500;
    std::string type;
    std::string message;
    std::string blame = "User";  // or "Service"
};
WireError to_wire(const Error& error);

}  // namespace domicile::api::lambda
