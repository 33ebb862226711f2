// A sockaddr of either family. Internal to io.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>

#include "io/network.h"

namespace domicile::io {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    static std::optional<SocketAddress> from_literal(const Endpoint& endpoint);
    Endpoint endpoint() const;
};

}  // namespace domicile::io
