// Frames of application/vnd.amazon.eventstream, as AWS's SDKs read streamed answers
// (https://smithy.io/2.0/aws/amazon-eventstream.html).
#pragma once

#include <string>
#include <string_view>

namespace domicile::api::aws {

inline constexpr const char* kEventStream = "application/vnd.amazon.eventstream";

// One event. A payload has up to 16 MiB; longer ones are for the caller to divide.
std::string event_frame(std::string_view type, std::string_view content_type,
                        std::string_view payload);

}  // namespace domicile::api::aws
