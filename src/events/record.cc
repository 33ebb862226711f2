#include "events/record.h"

#include "base/json.h"

namespace domicile::events {
namespace {
constexpr std::size_t kAnswerBytesMax = 256 << 10;  // of a longer one, nothing is said
}  // namespace

std::string record_of(const Outcome& outcome) {
    const json::object context{{"requestId", outcome.id},
                               {"functionArn", outcome.function_arn + ":$LATEST"},
                               {"condition", outcome.condition},
                               {"approximateInvokeCount", outcome.attempts}};
    // The payload is JSON already; reading and writing it could change its numbers.
    std::string out = R"({"version":"1.0","timestamp":")" + to_rfc3339(outcome.when) +
                      R"(","requestContext":)" + json::serialize(context) +
                      R"(,"requestPayload":)" + std::string(outcome.payload);
    if (outcome.answer) {
        // A function may answer anything.
        const JsonLimits limits{.depth_max = 64, .bytes_max = kAnswerBytesMax};
        const bool fits = parse_json(*outcome.answer, limits).has_value();
        out += R"(,"responseContext":{"statusCode":200,"executedVersion":"$LATEST")";
        if (outcome.condition != kSuccess) out += R"(,"functionError":"Unhandled")";
        out += R"(},"responsePayload":)";
        out += fits ? *outcome.answer : "null";
    }
    return out + "}";
}

}  // namespace domicile::events
