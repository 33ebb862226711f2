#pragma once

#include <cstdint>
#include <string>

namespace domicile::config {

// An address and a port: "127.0.0.1:8443" or "[::1]:8443".
struct Endpoint {
    std::string address;  // without brackets
    std::uint16_t port = 0;

    bool operator==(const Endpoint&) const = default;
};

}  // namespace domicile::config
