#include "base/url.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "base/encoding.h"

namespace domicile {
namespace {

constexpr std::size_t kUrlBytesMax = 2048;

// RFC 3986 lets names be almost anything; ours are what DNS has.
bool is_host_name(std::string_view text) {
    if (text.empty() || text.size() > 253 || text.front() == '.' || text.front() == '-')
        return false;
    if (text.find("..") != std::string_view::npos) return false;
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}

// What stands in the text as it is: an escape in a name would be read in two ways.
bool read_host(const boost::urls::url_view& from, Url& out) {
    out.host = to_lower(from.encoded_host_address());
    if (from.host_type() == boost::urls::host_type::ipv6)
        return out.host.find('%') == out.host.npos;
    return is_host_name(out.host);
}

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
    if (text.size() > kUrlBytesMax) return std::nullopt;
    Url out;
    out.tls = text.starts_with("https://");
    if (!out.tls && !text.starts_with("http://")) return std::nullopt;
    const auto url = boost::urls::parse_uri(text);
    if (!url || url->has_userinfo() || url->has_fragment() || !read_host(*url, out))
        return std::nullopt;
    // Boost 1.81 takes a path behind a port also without its slash.
    if (!url->encoded_path().empty() && !url->encoded_path().starts_with('/')) return std::nullopt;
    out.port = out.tls ? 443 : 80;
    if (url->has_port()) out.port = url->port_number();
    if (out.port == 0) return std::nullopt;
    const std::string_view target = url->encoded_target();
    out.target = target.starts_with('/') ? std::string(target) : '/' + std::string(target);
    return out;
}

bool is_loopback(std::string_view host) {
    if (host == "localhost" || host == "::1") return true;
    return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
}

bool is_trustworthy(const Url& url) { return url.tls || is_loopback(url.host); }

}  // namespace domicile
