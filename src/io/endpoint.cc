#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "io/network.h"
#include "io/socket_address.h"

namespace domicile::io {

namespace {

// Without a zone, which means nothing outside of one machine.
bool is_v6_literal(std::string_view text) {
    in6_addr address;
    return text.find('\0') == std::string_view::npos &&
           inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

// An IPv4 address or what can be a name in DNS or the hosts file: nothing that another reader of
// the text could take for a bracket, a path or its end.
bool is_plain_host(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    });
}

}  // namespace

std::string Endpoint::to_string() const {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
    const auto colon = text.rfind(':');
    const auto bad = [] {
        return fail(Code::malformed, "Write an address as host:port or [v6]:port.");
    };
    if (colon == std::string_view::npos || colon == 0) return bad();
    std::string_view host = text.substr(0, colon), port = text.substr(colon + 1);
    const bool bracketed = host.front() == '[';
    if (bracketed) {
        if (host.back() != ']') return bad();
        host = host.substr(1, host.size() - 2);
    }
    if (bracketed ? !is_v6_literal(host) : !is_plain_host(host)) return bad();
    Endpoint out{std::string(host), 0};
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc() || end != port.data() + port.size()) return bad();
    return out;
}

std::optional<SocketAddress> SocketAddress::from_literal(const Endpoint& endpoint) {
    SocketAddress out;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
    if (inet_pton(AF_INET, endpoint.host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(endpoint.port);
        out.size = sizeof *v4;
        return out;
    }
    if (inet_pton(AF_INET6, endpoint.host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(endpoint.port);
        out.size = sizeof *v6;
        return out;
    }
    return std::nullopt;
}

Endpoint SocketAddress::endpoint() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (storage.ss_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
        inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
        return {text.data(), ntohs(v4->sin_port)};
    }
    if (storage.ss_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
        inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
        return {text.data(), ntohs(v6->sin6_port)};
    }
    return {};
}

}  // namespace domicile::io
