// What a request is counted and logged under once a handler knows it: a service and the template of
// a path, or the name of an operation. A handler can only name a Route that the registry made, so
// that nothing of a request gets into a label.
#pragma once

#include <string>
#include <string_view>

#include "telemetry/instruments.h"

namespace domicile::telemetry {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };
constexpr std::array<std::string_view, 8> label_values(Method) {
    return {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"};
}
Method method_of(std::string_view name);

// none: the connection ended before a response was sent.
enum class StatusClass : std::uint8_t { none, c1xx, c2xx, c3xx, c4xx, c5xx };
constexpr std::array<std::string_view, 6> label_values(StatusClass) {
    return {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
}
constexpr StatusClass status_class_of(int status) {
    if (status < 100 || status > 599) return StatusClass::none;
    return static_cast<StatusClass>(status / 100);
}

struct Route {
    std::string service;
    std::string path;
    std::string json;  // `"service":"...","route":"..."`, as the access log has it
    CounterBy<Method, StatusClass> requests;
    TimeHistogram time;
};

}  // namespace domicile::telemetry
