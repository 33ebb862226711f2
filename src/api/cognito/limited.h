// Which operations are counted by where they come from, as what, and which answers count.
// Operations with an access token or a refresh token are not: those cannot be guessed, and people
// who are signed in are not to suffer from who shares their address.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/cognito/error.h"
#include "base/json.h"
#include "limits/limiter.h"

namespace domicile::api::cognito {

// nullopt: not counted.
std::optional<limits::Kind> limited_as(std::string_view operation, const json::object& request);
bool counts(limits::Kind kind, const Outcome<json::object>& answer);
// The client that a request names; empty where it names none.
std::string client_of(const json::object& request);
// TooManyRequestsException.
DialectError to_dialect(const limits::Refusal& refusal);

}  // namespace domicile::api::cognito
