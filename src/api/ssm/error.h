// Errors as SSM says them.
#pragma once

#include <string>

#include "base/result.h"

namespace domicile::api::ssm {

struct WireError {
    int status = 500;
    std::string type;
    std::string message;
};
WireError to_wire(const Error& error);

}  // namespace domicile::api::ssm
