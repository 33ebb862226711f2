#include <arpa/inet.h>

#include "io/network.h"
#include "io/socket_address.h"

namespace domicile::io {
namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kAddressesMax = 520;

std::string big_endian(std::uint16_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}
std::uint16_t number(std::string_view bytes) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8 |
                                      static_cast<unsigned char>(bytes[1]));
}

}  // namespace

Task<Result<Endpoint>> read_proxy_header(Stream& stream, Instant deadline) {
    std::array<char, 16> head;
    CO_TRY_VOID(co_await read_exactly(stream, head, deadline));
    const std::string_view text(head.data(), head.size());
    const std::uint16_t size = number(text.substr(14));
    const auto command = static_cast<unsigned char>(text[12]);
    if (!text.starts_with(kSignature) || (command != 0x20 && command != 0x21) ||
        size > kAddressesMax) {
        co_return fail(Code::malformed, "The connection does not begin with a PROXY v2 header.");
    }
    std::array<char, kAddressesMax> rest;
    const std::span<char> addresses(rest.data(), size);
    CO_TRY_VOID(co_await read_exactly(stream, addresses, deadline));
    const auto family = static_cast<unsigned char>(text[13]);
    if (command == 0x20) co_return stream.peer().remote;
    std::array<char, INET6_ADDRSTRLEN> host{};
    if (family == 0x11 && size >= 12) {
        inet_ntop(AF_INET, rest.data(), host.data(), host.size());
        co_return Endpoint{host.data(), number({rest.data() + 8, 2})};
    }
    if (family == 0x21 && size >= 36) {
        inet_ntop(AF_INET6, rest.data(), host.data(), host.size());
        co_return Endpoint{host.data(), number({rest.data() + 32, 2})};
    }
    co_return fail(Code::malformed, "The PROXY header has an address family other than TCP.");
}

std::string proxy_header(const Endpoint& client, const Endpoint& server) {
    std::array<char, 16> from{}, to{};
    std::string out(kSignature);
    if (inet_pton(AF_INET, client.host.c_str(), from.data()) == 1 &&
        inet_pton(AF_INET, server.host.c_str(), to.data()) == 1) {
        out += "\x21\x11" + big_endian(12);
        out.append(from.data(), 4).append(to.data(), 4);
    } else if (inet_pton(AF_INET6, client.host.c_str(), from.data()) == 1 &&
               inet_pton(AF_INET6, server.host.c_str(), to.data()) == 1) {
        out += "\x21\x21" + big_endian(36);
        out.append(from.data(), 16).append(to.data(), 16);
    } else {
        return out + std::string("\x20\x00\x00\x00", 4);  // LOCAL: no addresses
    }
    return out + big_endian(client.port) + big_endian(server.port);
}

}  // namespace domicile::io
