// Signature Version 4. The input is an HTTP request head. An Authorization header has one reading;
// what we sign, we verify; and what was signed cannot be changed without the signature failing.
#include "crypto/sigv4.h"

#include <algorithm>

#include "base/encoding.h"
#include "fuzz.h"
#include "http/parser.h"

namespace domicile::fuzz {
namespace {

constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr Timestamp kNow{1'795'378'613'000};

std::string print(const crypto::SigV4Authorization& authorization) {
    const auto& [id, date, region, service, names, signature] = authorization;
    std::string joined;
    for (const std::string& name : names) joined += (joined.empty() ? "" : ";") + name;
    return "AWS4-HMAC-SHA256 Credential=" + id + "/" + date + "/" + region + "/" + service +
           "/aws4_request, SignedHeaders=" + joined + ", Signature=" + signature;
}

void check_authorization(std::string_view header) {
    const auto parsed = crypto::parse_authorization(header);
    if (!parsed) return;
    const auto again = crypto::parse_authorization(print(*parsed));
    DOMICILE_CHECK(again.has_value() && print(*again) == print(*parsed));
    DOMICILE_CHECK(std::ranges::is_sorted(parsed->signed_headers));
}

crypto::SigV4Request request_of(const http::RequestHead& head) {
    crypto::SigV4Request out;
    out.method = head.method;
    out.path = head.path;
    out.query = head.query;
    for (const http::Header& header : head.headers) {
        out.headers.emplace_back(header.name, header.value);
    }
    out.payload_hash = std::string(64, '0');
    return out;
}

bool verifies(const crypto::SigV4Authorization& authorization, crypto::SigV4Request request,
              std::string_view secret = kSecret) {
    return crypto::verify_signature(authorization, request, secret).has_value();
}

// Each change of what the signature covers.
void check_covered(const crypto::SigV4Authorization& good, const crypto::SigV4Request& request) {
    DOMICILE_CHECK(!verifies(good, request, "another secret"));
    crypto::SigV4Request changed = request;
    changed.method += "X";
    DOMICILE_CHECK(!verifies(good, changed));
    changed = request;
    changed.path += "/x";
    DOMICILE_CHECK(!verifies(good, changed));
    changed = request;
    changed.query += "&added=1";
    DOMICILE_CHECK(!verifies(good, changed));
    changed = request;
    changed.payload_hash[0] = '1';
    DOMICILE_CHECK(!verifies(good, changed));
    changed = request;
    changed.headers.emplace_back("x-amz-added", "1");
    DOMICILE_CHECK(!verifies(good, changed));
    changed = request;
    changed.headers.emplace_back("Host", "other.example");
    DOMICILE_CHECK(!verifies(good, changed));
    for (std::size_t i = 0; i < request.headers.size(); ++i) {
        const std::string name = to_lower(request.headers[i].first);
        if (std::ranges::find(good.signed_headers, name) == good.signed_headers.end()) continue;
        changed = request;
        changed.headers[i].second += "x";
        DOMICILE_CHECK(!verifies(good, changed));
        changed = request;
        changed.headers.erase(changed.headers.begin() + static_cast<std::ptrdiff_t>(i));
        DOMICILE_CHECK(!verifies(good, changed));
    }
    crypto::SigV4Authorization other = good;
    other.signature[0] = other.signature[0] == '0' ? '1' : '0';
    DOMICILE_CHECK(!verifies(other, request));
}

void check_signed(crypto::SigV4Request request, std::string_view service) {
    const crypto::SigV4Credentials credentials{"DOMKAAAAAAAAAAAAAAAA", std::string(kSecret), {}};
    const auto added = crypto::sign(request, credentials, "eu-central-1", service, kNow);
    // sign() adds its own date; one that is there already would be signed beside it.
    const bool dated = std::ranges::any_of(request.headers, [](const auto& header) {
        return equals_ignore_case(header.first, "x-amz-date");
    });
    request.headers.insert(request.headers.end(), added.begin(), added.end());
    const auto authorization = crypto::parse_authorization(added.back().second);
    DOMICILE_CHECK(authorization.has_value() || request.headers.size() > 100);
    if (!authorization || dated) return;
    DOMICILE_CHECK(authorization->service == service && authorization->region == "eu-central-1");
    DOMICILE_CHECK(verifies(*authorization, request));
    check_covered(*authorization, request);
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(sigv4) {
    using namespace domicile;
    using namespace domicile::fuzz;
    check_authorization(input);
    http::HeadScanner scanner;
    const auto size = scanner.scan(input, {});
    if (!size || !*size) return;
    http::RequestHead head;
    if (!http::parse_request(input.substr(0, **size), {}, head) || head.host.empty()) return;
    const crypto::SigV4Request request = request_of(head);
    if (const auto header = head.headers.find("Authorization")) {
        check_authorization(*header);
        const auto authorization = crypto::parse_authorization(*header);
        if (authorization && verifies(*authorization, request)) {
            check_covered(*authorization, request);
        }
    }
    check_signed(request, "dynamodb");
    check_signed(request, "s3");
}
