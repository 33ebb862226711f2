// Absolute URLs of HTTP servers that we call by what a configuration or a document from outside
// says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace domicile {

struct Url {
    bool tls = false;
    std::string host;  // lower case; an IPv6 address without its brackets
    std::uint16_t port = 0;
    std::string target;  // "/path?query", never empty; no fragment

    bool operator==(const Url&) const = default;
};

// RFC 3986 with the scheme http or https in lower case, a host that is a DNS name or an address,
// visible ASCII and whole escapes only. No user, no fragment, at most 2048 bytes.
std::optional<Url> parse_url(std::string_view text);

// localhost, 127.0.0.0/8 or ::1 as text.
bool is_loopback(std::string_view host);

// Whether what is fetched there comes from who it says: over TLS, or from this machine.
bool is_trustworthy(const Url& url);

}  // namespace domicile
