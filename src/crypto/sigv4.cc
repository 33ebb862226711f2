#include "crypto/sigv4.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/hash.h"

namespace domicile::crypto {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kSignedHeadersMax = 100;

std::unexpected<Error> incomplete(std::string why) {
    return fail(Code::malformed, "Authorization header: " + std::move(why), "incomplete_signature");
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    for (;;) {
        const auto end = text.find(separator);
        out.push_back(text.substr(0, end));
        if (end == text.npos) return out;
        text.remove_prefix(end + 1);
    }
}

bool is_digits(std::string_view text) { return text.find_first_not_of("0123456789") == text.npos; }

// Encoded once, whatever the sender encoded: a broken escape stands as it was sent.
std::string re_encode(std::string_view text) {
    const auto decoded = percent_decode(text);
    return decoded ? percent_encode(*decoded) : std::string(text);
}

std::string s3_path(std::string_view path) {
    std::string out;
    for (const auto segment : split(path, '/')) {
        if (segment.data() != path.data()) out += '/';
        out += re_encode(segment);
    }
    return out;
}

// RFC 3986 6.2.2.3, and doubled slashes, as AWS wants for every service but S3.
std::string normalised_path(std::string_view path) {
    std::vector<std::string_view> kept;
    for (const auto segment : split(path, '/')) {
        if (segment.empty() || segment == ".") continue;
        if (segment != "..") {
            kept.push_back(segment);
        } else if (!kept.empty()) {
            kept.pop_back();
        }
    }
    std::string out = "/";
    for (const auto segment : kept) {
        if (out.size() > 1) out += '/';
        out.append(segment);
    }
    if (!kept.empty() && path.ends_with('/')) out += '/';
    return out;
}

std::string canonical_path(std::string_view path, std::string_view service) {
    if (path.empty()) return "/";
    if (service == "s3") return s3_path(path);
    return percent_encode(normalised_path(path), true);
}

std::string canonical_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    for (const auto part : split(query, '&')) {
        if (part.empty()) continue;
        const auto equals = part.find('=');
        const auto value = equals == part.npos ? std::string_view() : part.substr(equals + 1);
        parameters.emplace_back(re_encode(part.substr(0, equals)), re_encode(value));
    }
    std::ranges::sort(parameters);
    std::string out;
    for (const auto& [name, value] : parameters) {
        if (!out.empty()) out += '&';
        out += name + '=' + value;
    }
    return out;
}

void append_trimmed(std::string& out, std::string_view value) {
    value = trim(value);
    for (;;) {
        const auto word = value.substr(0, value.find_first_of(" \t"));
        out += word;
        value.remove_prefix(word.size());
        if (value.empty()) return;
        out += ' ';
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    }
}

// The values of one header, joined.
void append_header(std::string& out, const HeaderList& headers, std::string_view name) {
    bool found = false;
    for (const auto& [other, value] : headers) {
        if (!equals_ignore_case(other, name)) continue;
        if (found) out += ',';
        append_trimmed(out, value);
        found = true;
    }
}

bool is_signed_by_us(std::string_view lower_name) {
    constexpr std::array<std::string_view, 8> kChangedOnTheWay = {
        "authorization",     "connection", "expect",         "keep-alive", "te",
        "transfer-encoding", "user-agent", "x-amzn-trace-id"};
    return std::ranges::find(kChangedOnTheWay, lower_name) == kChangedOnTheWay.end();
}

std::vector<std::string> names_to_sign(const HeaderList& headers) {
    std::vector<std::string> names;
    for (const auto& [name, value] : headers) {
        auto lower = to_lower(name);
        if (is_signed_by_us(lower)) names.push_back(std::move(lower));
    }
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
    return names;
}

std::string join(const std::vector<std::string>& names) {
    std::string out;
    for (const auto& name : names) {
        if (!out.empty()) out += ';';
        out += name;
    }
    return out;
}

std::string scope_of(std::string_view date, std::string_view region, std::string_view service) {
    std::string out(date);
    out.append("/").append(region).append("/").append(service).append("/aws4_request");
    return out;
}

Result<void> read_credential(std::string_view text, SigV4Authorization& out) {
    const auto parts = split(text, '/');
    if (parts.size() != 5 || parts[4] != "aws4_request") return incomplete("credential scope");
    for (const auto part : parts) {
        if (part.empty()) return incomplete("an empty part in the credential scope");
    }
    if (parts[1].size() != 8 || !is_digits(parts[1])) return incomplete("the scope's date");
    out.access_key_id = parts[0];
    out.date = parts[1];
    out.region = parts[2];
    out.service = parts[3];
    return {};
}

Result<void> read_signed_headers(std::string_view text, SigV4Authorization& out) {
    for (const auto name : split(text, ';')) {
        const bool in_order = out.signed_headers.empty() || out.signed_headers.back() < name;
        if (name.empty() || to_lower(name) != name || !in_order) {
            return incomplete("SignedHeaders are lower-case, sorted and unique");
        }
        if (out.signed_headers.size() == kSignedHeadersMax) {
            return incomplete("too many signed headers");
        }
        out.signed_headers.emplace_back(name);
    }
    return {};
}

Result<void> read_signature(std::string_view text, SigV4Authorization& out) {
    const bool hex = text.find_first_not_of("0123456789abcdef") == text.npos;
    if (text.size() != 64 || !hex) return incomplete("Signature is 64 lower-case hex digits");
    out.signature = text;
    return {};
}

std::unexpected<Error> not_covered(std::string why) {
    return fail(Code::unauthenticated, std::move(why), "incomplete_signature");
}

// What must be true of the request before its signature says anything about it.
Result<void> check_coverage(const SigV4Authorization& authorization, const HeaderList& headers) {
    const auto& names = authorization.signed_headers;
    if (!std::ranges::binary_search(names, std::string("host"))) {
        return not_covered("the host header must be signed");
    }
    constexpr std::string_view kAmazon = "x-amz-";
    for (const auto& [name, value] : headers) {
        if (!equals_ignore_case(std::string_view(name).substr(0, kAmazon.size()), kAmazon))
            continue;
        if (!std::ranges::binary_search(names, to_lower(name))) {
            return not_covered("an x-amz- header is not signed");
        }
    }
    for (const auto& name : names) {
        const bool present = std::ranges::any_of(
            headers, [&](const auto& header) { return equals_ignore_case(header.first, name); });
        if (!present) return not_covered("a signed header is absent");
    }
    return {};
}

}  // namespace

Result<SigV4Authorization> parse_authorization(std::string_view header) {
    header = trim(header);
    if (!header.starts_with(kAlgorithm) || !header.substr(kAlgorithm.size()).starts_with(' ')) {
        return fail(Code::unauthenticated, "the Authorization scheme is not AWS4-HMAC-SHA256");
    }
    SigV4Authorization out;
    for (const auto raw : split(header.substr(kAlgorithm.size()), ',')) {
        const auto part = trim(raw);
        const auto equals = part.find('=');
        if (equals == part.npos) return incomplete("a part without '='");
        const auto name = part.substr(0, equals), value = part.substr(equals + 1);
        if (name == "Credential" && out.access_key_id.empty()) {
            TRY_VOID(read_credential(value, out));
        } else if (name == "SignedHeaders" && out.signed_headers.empty()) {
            TRY_VOID(read_signed_headers(value, out));
        } else if (name == "Signature" && out.signature.empty()) {
            TRY_VOID(read_signature(value, out));
        } else {
            return incomplete("an unknown or repeated part");
        }
    }
    if (out.access_key_id.empty() || out.signed_headers.empty() || out.signature.empty()) {
        return incomplete("Credential, SignedHeaders and Signature are required");
    }
    return out;
}

std::string canonical_request(const SigV4Request& request,
                              const std::vector<std::string>& signed_headers,
                              std::string_view service) {
    std::string out;
    out.reserve(1024);
    out.append(request.method);
    out.append("\n").append(canonical_path(request.path, service));
    out.append("\n").append(canonical_query(request.query)).append("\n");
    for (const auto& name : signed_headers) {
        out.append(name).append(":");
        append_header(out, request.headers, name);
        out += '\n';
    }
    out.append("\n").append(join(signed_headers)).append("\n").append(request.payload_hash);
    return out;
}

std::string string_to_sign(std::string_view amz_date, std::string_view region,
                           std::string_view service, std::string_view canonical_request) {
    std::string out(kAlgorithm);
    out.append("\n").append(amz_date).append("\n");
    out.append(scope_of(amz_date.substr(0, 8), region, service)).append("\n");
    out.append(to_hex(sha256(canonical_request)));
    return out;
}

std::string signing_key(std::string_view secret, std::string_view date, std::string_view region,
                        std::string_view service) {
    const std::string start = "AWS4" + std::string(secret);
    const auto by_region = hmac_sha256(hmac_sha256(start, date), region);
    return hmac_sha256(hmac_sha256(by_region, service), "aws4_request");
}

namespace {

// A signing key holds for a day, and a service is called with few of them at a time: each thread
// keeps the ones it used last, which saves four of six HMACs of a request.
std::string remembered_signing_key(std::string_view secret, std::string_view date,
                                   std::string_view region, std::string_view service) {
    struct Entry {
        std::string secret, scope, key;
    };
    constexpr std::size_t kEntries = 32;
    thread_local std::array<Entry, kEntries> entries;
    thread_local std::size_t next = 0;
    const std::string scope = scope_of(date, region, service);
    for (const Entry& entry : entries) {
        if (entry.scope == scope && constant_time_equal(entry.secret, secret)) return entry.key;
    }
    Entry& entry = entries[next++ % kEntries];
    entry = {std::string(secret), scope, signing_key(secret, date, region, service)};
    return entry.key;
}

}  // namespace

std::string signature(std::string_view signing_key32, std::string_view string_to_sign) {
    return to_hex(hmac_sha256(signing_key32, string_to_sign));
}

Result<void> verify_signature(const SigV4Authorization& authorization, const SigV4Request& request,
                              std::string_view secret) {
    TRY_VOID(check_coverage(authorization, request.headers));
    std::string amz_date;
    append_header(amz_date, request.headers, "x-amz-date");
    if (!parse_amz_date(amz_date)) return not_covered("x-amz-date is absent or not a date");
    if (!amz_date.starts_with(authorization.date)) {
        return not_covered("the scope's date is not that of x-amz-date");
    }
    const auto& [id, date, region, service, names, claimed] = authorization;
    const auto text =
        string_to_sign(amz_date, region, service, canonical_request(request, names, service));
    const auto expected = signature(remembered_signing_key(secret, date, region, service), text);
    if (!constant_time_equal(expected, claimed)) {
        return fail(Code::unauthenticated, "the request signature does not match",
                    "signature_mismatch");
    }
    return {};
}

HeaderList sign(const SigV4Request& request, const SigV4Credentials& credentials,
                std::string_view region, std::string_view service, Timestamp now) {
    HeaderList added{{"x-amz-date", to_amz_date(now)}};
    if (service == "s3") added.emplace_back("x-amz-content-sha256", request.payload_hash);
    if (!credentials.session_token.empty()) {
        added.emplace_back("x-amz-security-token", credentials.session_token);
    }
    SigV4Request whole = request;
    whole.headers.insert(whole.headers.end(), added.begin(), added.end());
    const auto names = names_to_sign(whole.headers);
    DOMICILE_CHECK(std::ranges::binary_search(names, std::string("host")));
    const std::string& amz_date = added.front().second;
    const auto date = amz_date.substr(0, 8);
    const auto text =
        string_to_sign(amz_date, region, service, canonical_request(whole, names, service));
    const auto made =
        signature(remembered_signing_key(credentials.secret, date, region, service), text);
    added.emplace_back("authorization",
                       std::string(kAlgorithm) + " Credential=" + credentials.access_key_id + '/' +
                           scope_of(date, region, service) + ", SignedHeaders=" + join(names) +
                           ", Signature=" + made);
    return added;
}

}  // namespace domicile::crypto
