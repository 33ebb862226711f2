#include "events/record.h"

#include "base/json.h"

namespace domicile::events {
namespace {
constexpr std::size_t kAnswerBytesMax = 64 << 10;  // of a longer one, nothing is said
}  // namespace

std::string record_of(const Failure& failure) {
    const json::object context{{"requestId", failure.id},
                               {"functionArn", failure.function_arn + ":$LATEST"},
                               {"condition", failure.condition},
                               {"approximateInvokeCount", failure.attempts}};
    // The payload is JSON already; reading and writing it could change its numbers.
    std::string out = R"({"version":"1.0","timestamp":")" + to_rfc3339(failure.when) +
                      R"(","requestContext":)" + json::serialize(context) +
                      R"(,"requestPayload":)" + std::string(failure.payload);
    if (failure.last_answer) {
        // A function may answer anything.
        const JsonLimits limits{.depth_max = 64, .bytes_max = kAnswerBytesMax};
        const bool fits = parse_json(*failure.last_answer, limits).has_value();
        out += R"(,"responseContext":{"statusCode":200,"executedVersion":"$LATEST",)"
               R"("functionError":"Unhandled"},"responsePayload":)";
        out += fits ? *failure.last_answer : "null";
    }
    return out + "}";
}

}  // namespace domicile::events
