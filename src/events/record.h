// What a function that hears of other functions' events is told: Lambda's record for destinations,
// version 1.0 (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace domicile::events {

struct Outcome {
    std::string id, function_arn;
    std::string_view condition;  // one of those below
    std::int64_t attempts = 0;
    Timestamp when;
    std::string_view payload;           // JSON
    std::optional<std::string> answer;  // JSON, of the last attempt: a result, or an error document
};
inline constexpr std::string_view kSuccess = "Success";
inline constexpr std::string_view kRetriesExhausted = "RetriesExhausted";
inline constexpr std::string_view kAgeExceeded = "EventAgeExceeded";

std::string record_of(const Outcome& outcome);

}  // namespace domicile::events
