#include "gateway/downstream.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace domicile::gateway {
namespace {

// RFC 7239, 6: an IPv6 address stands in brackets and, having colons, in quotes.
void put_node(std::string_view address, JoinedText& out) {
    const bool v6 = address.find(':') != std::string_view::npos;
    if (v6) out.put("\"[");
    out.put(address.empty() ? "unknown" : address);
    if (v6) out.put("]\"");
}

// Every call passes here: no format is parsed.
void print_forwarded(const Call& call, std::string_view region, JoinedText& out) {
    const http::RequestHead& request = call.exchange.request();
    const std::string_view protocol = call.exchange.peer().tls ? "https" : "http";
    const std::string_view from = call.from;
    out.put("for=");
    put_node(call.client, out);
    out.put(";by=_");
    out.put(from.empty() ? region : from);
    out.put(";host=\"");
    // A Host that the parser took has no character that a quoted string cannot hold.
    out.put(request.headers.find("Host").value_or(request.host));
    out.put("\";proto=");
    out.put(protocol);
    if (from.empty()) return;
    for (const std::string_view text :
         {std::string_view(", for=_"), from, std::string_view(";by=_"), region,
          std::string_view(";proto="), protocol})
        out.put(text);
}

bool is_plain(char c) { return c > 0x20 && c < 0x7f && c != '%'; }

}  // namespace

std::optional<std::string> claim_text(const json::object& claims, std::string_view name) {
    const json::value* value = claims.if_contains(name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    std::string text =
        value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
    return encode_claim(std::move(text));
}

std::string encode_claim(std::string text) {
    if (std::ranges::all_of(text, is_plain)) return text;
    std::string out;
    for (const char c : text) {
        if (is_plain(c)) {
            out += c;
        } else {
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

void Downstream::add_claims(http::Headers& to, const Call& call) {
    const std::vector<std::string>& wanted = call.route().claims;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        auto text = claim_text(*call.claims(), wanted[i]);
        if (!text) continue;
        claims_.push_back(std::move(*text));
        to.add(call.match.compiled->claim_headers[i], claims_.back());
    }
}

void Downstream::add_to(http::Headers& to, const Call& call, const Place& place) {
    print_forwarded(call, place.region, forwarded_);
    to.add("Forwarded", forwarded_.view());
    if (!call.client.empty()) to.add("X-Forwarded-For", call.client);
    to.add("X-Request-Id", call.request_id);
    if (!call.api_key.empty()) to.add("Domicile-Api-Key", call.api_key);
    if (call.token) {
        const Issuer* issuer = call.issuer();
        // The head has views: they must not move.
        claims_.reserve(call.route().claims.size() + (issuer == nullptr ? 0 : 1));
        if (issuer == nullptr) {
            to.add("Domicile-Subject", call.token->sub);
        } else {
            // Under a name of its own: nobody else may name one of our people.
            claims_.push_back(encode_claim(call.token->sub));
            to.add("Domicile-Issuer", issuer->name());
            to.add("Domicile-Issuer-Subject", claims_.back());
        }
        if (!call.token->home.empty()) to.add("Domicile-Home", call.token->home);
        const residency::Jurisdiction* own = place.policy.of_region(call.token->home);
        if (own != nullptr) to.add("Domicile-Jurisdiction", own->name);
    }
    if (call.grant) {
        claims_.reserve(call.route().claims.size() + 1);
        to.add("Domicile-Authorizer", call.match.compiled->authorizer->function->name());
        if (!call.grant->answer.principal.empty()) {
            claims_.push_back(encode_claim(call.grant->answer.principal));
            to.add("Domicile-Principal", claims_.back());
        }
    }
    if (call.claims() != nullptr) add_claims(to, call);
    add_trace(call.exchange, trace_, to);
}

}  // namespace domicile::gateway
