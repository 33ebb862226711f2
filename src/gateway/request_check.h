// Requests of a route that an OpenAPI document describes, held against it. Internal.
#pragma once

#include "gateway/call.h"
#include "openapi/operation.h"

namespace domicile::gateway {

// The parameters of the call, decoded.
openapi::Given given_of(const Call& call);

// Why a body is not looked at, if it is not.
enum class BodyRule : std::uint8_t {
    none,         // nothing is said of it, or there is none
    missing,      // one is wanted
    unsupported,  // not of this type, or encoded
    read,         // to be read whole and held against `media`
};
struct WantedBody {
    BodyRule rule = BodyRule::none;
    const openapi::Media* media = nullptr;
};
WantedBody wanted_body(const openapi::Operation& operation, const http::Headers& headers,
                       std::optional<std::uint64_t> length);

// 400 with a problem document whose `errors` name what is wrong, by parameter or JSON pointer, and
// say what it should be: never what it is.
io::Task<Result<void>> reply_invalid(Call& call, openapi::Violations wrong, std::string served_by);

}  // namespace domicile::gateway
