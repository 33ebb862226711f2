#include "crypto/claims.h"

#include <cmath>

namespace domicile::crypto {

std::string text_claim(const json::object& claims, std::string_view name) {
    const json::value* value = claims.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
}

std::optional<Timestamp> time_claim(const json::object& claims, std::string_view name) {
    constexpr double kMost = 1e12;
    const json::value* value = claims.if_contains(name);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    const double seconds = value->to_number<double>();
    if (!(seconds >= 0 && seconds <= kMost)) return std::nullopt;
    return Timestamp{static_cast<std::int64_t>(std::floor(seconds)) * 1000};
}

}  // namespace domicile::crypto
