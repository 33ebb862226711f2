// The key that a device is known by outside: the region, and a random id.
#include <algorithm>

#include "identity/devices.h"

namespace domicile::identity {
namespace {
constexpr std::size_t kUuidBytes = 36;
}  // namespace

std::string device_key(std::string_view region, std::string_view id) {
    return std::string(region) + "_" + std::string(id);
}

std::string device_id(std::string_view region, std::string_view key) {
    const bool has_form = key.size() == region.size() + 1 + kUuidBytes && key.starts_with(region) &&
                          key[region.size()] == '_';
    if (!has_form) return {};
    const std::string_view id = key.substr(region.size() + 1);
    const bool is_id = std::ranges::all_of(
        id, [](char c) { return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    return is_id ? std::string(id) : std::string();
}

std::optional<std::string> key_of_region(std::string_view region, std::optional<std::string> key) {
    if (key && device_id(region, *key).empty()) key->clear();
    return key;
}

}  // namespace domicile::identity
