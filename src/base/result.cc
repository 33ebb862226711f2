#include "base/result.h"

#include <array>

namespace domicile {
namespace {

constexpr std::array<std::string_view, 16> kNames = {
    "invalid_argument",   "malformed",      "unauthenticated",   "permission_denied",
    "not_found",          "already_exists", "conflict",          "failed_precondition",
    "resource_exhausted", "too_large",      "deadline_exceeded", "unavailable",
    "cancelled",          "misdirected",    "unsupported",       "internal",
};

}  // namespace

std::string_view to_string(Code code) { return kNames[static_cast<std::size_t>(code)]; }

Code code_from_string(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == name) return static_cast<Code>(i);
    }
    return Code::internal;
}

}  // namespace domicile
