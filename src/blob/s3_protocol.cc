#include "blob/s3_protocol.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/xml.h"
#include "blob/rules.h"

namespace domicile::blob::s3 {
namespace {

constexpr std::size_t kUploadIdBytesMax = 2048;
constexpr std::size_t kCodeBytesMax = 64;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The service's own word for an error; "" when it says none. It goes into messages, so it may not
// be just anything.
std::string code_of(std::string_view body) {
    const auto root = parse_xml(body, {.bytes_max = 64 << 10});
    if (!root || root->name != "Error") return {};
    const std::string_view code = root->text_of("Code");
    const bool fine = code.size() <= kCodeBytesMax &&
                      std::all_of(code.begin(), code.end(),
                                  [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
    return fine ? std::string(code) : std::string();
}

bool is_passing(int status, std::string_view code) {
    static constexpr std::string_view kCodes[] = {"SlowDown",         "InternalError",
                                                  "RequestTimeout",   "ServiceUnavailable",
                                                  "OperationAborted", "ConditionalRequestConflict",
                                                  "BadDigest",        "XAmzContentSHA256Mismatch",
                                                  "IncompleteBody",   "TooManyRequests"};
    if (std::find(std::begin(kCodes), std::end(kCodes), code) != std::end(kCodes)) return true;
    return status == 500 || status == 502 || status == 503 || status == 504 || status == 429 ||
           status == 408;
}

Error say(Code code, int status, const std::string& word, const char* what) {
    std::string message = "The S3 service answers " + std::to_string(status);
    if (!word.empty()) message += " " + word;
    return {code, message + ": " + what, {}};
}

Error not_found_for(Operation operation, int status, const std::string& code) {
    if (code == "NoSuchUpload")
        return {Code::not_found, "The S3 service does not know the upload.",
                std::string(kReasonNoUpload)};
    const bool object = operation == Operation::get || operation == Operation::head ||
                        operation == Operation::remove;
    if (code == "NoSuchKey" || (code.empty() && object)) return absent().error();
    return say(Code::failed_precondition, status, code, "is the bucket there?");
}

Error refused_for(Operation operation, int status, const std::string& code) {
    switch (status) {
        case 404:
            return not_found_for(operation, status, code);
        case 412:
            return exists().error();
        case 403:
            return say(Code::permission_denied, status, code,
                       "look at the access key, its policy and this machine's clock.");
        case 413:
            return say(Code::too_large, status, code, "the body is too large for it.");
        case 416:
            return {Code::invalid_argument, "The range begins behind the end of the blob.",
                    std::string(kReasonRange)};
        case 501:
            return say(Code::unsupported, status, code,
                       "it may not have writes with If-None-Match.");
        default:
            break;
    }
    if (code == "EntityTooLarge")
        return say(Code::too_large, status, code, "the body is too large.");
    if (status >= 300 && status < 400)
        return say(Code::failed_precondition, status, code, "the bucket is in another region.");
    return say(Code::internal, status, code, "it does not take the request.");
}

// "2026-11-22T20:16:53.123Z", to the second, as a head tells it.
std::optional<Timestamp> parse_iso_date(std::string_view text) {
    std::string plain;
    for (const char c : text.substr(0, text.find('.')))
        if (c != '-' && c != ':') plain += c;
    if (plain.empty() || !text.ends_with('Z')) return std::nullopt;
    if (plain.back() != 'Z') plain += 'Z';
    return parse_amz_date(plain);
}

Result<Listed> decode_entry(const XmlElement& element, std::string_view raw_key,
                            std::string_view prefix) {
    const auto size = parse_size(element.text_of("Size"));
    const auto modified = parse_iso_date(element.text_of("LastModified"));
    if (!size || !modified || !raw_key.starts_with(prefix))
        return fail(Code::malformed, "An entry of the S3 service's list is malformed.");
    return Listed{std::string(raw_key.substr(prefix.size())), {*size, *modified}};
}

}  // namespace

std::string host_of(const S3Options& options) {
    const std::string& host = options.endpoint.host;
    return options.virtual_host ? options.bucket + "." + host : host;
}

std::string host_field_of(const S3Options& options) {
    std::string host = host_of(options);
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    const std::uint16_t usual = options.tls ? 443 : 80;
    if (options.endpoint.port == usual) return host;
    return host + ":" + std::to_string(options.endpoint.port);
}

std::string path_of(const S3Options& options, const std::string& key) {
    std::string path = "/";
    if (!options.virtual_host) path += percent_encode(options.bucket) + (key.empty() ? "" : "/");
    if (!key.empty()) path += percent_encode(options.prefix + key, true);
    return path;
}

std::string query_of(const Request& request) {
    std::string out;
    for (const auto& [name, value] : request.query)
        out += (out.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(value);
    return out;
}

Judgement judge(Operation operation, int status, std::string_view body) {
    if (status >= 200 && status < 300) {
        if (operation != Operation::complete) return {};
        // It begins its answer before it knows how it ends.
        const auto root = parse_xml(body);
        if (root && root->name == "CompleteMultipartUploadResult") return {};
        const std::string code = code_of(body);
        if (code.empty())
            return {Verdict::again, say(Code::unavailable, status, "", "and nothing more.")};
        if (code == "NoSuchUpload") return {Verdict::refused, not_found_for(operation, 404, code)};
        if (code == "PreconditionFailed") return {Verdict::refused, exists().error()};
        if (is_passing(0, code))
            return {Verdict::again, say(Code::unavailable, status, code, "later, perhaps.")};
        return {Verdict::refused, refused_for(operation, 400, code)};
    }
    const std::string code = code_of(body);
    if (is_passing(status, code))
        return {Verdict::again, say(Code::unavailable, status, code, "later, perhaps.")};
    return {Verdict::refused, refused_for(operation, status, code)};
}

Result<std::string> decode_upload_id(std::string_view body) {
    TRY(const XmlElement root, parse_xml(body));
    const std::string_view id = root.text_of("UploadId");
    if (root.name != "InitiateMultipartUploadResult" || id.empty() || id.size() > kUploadIdBytesMax)
        return fail(Code::malformed, "The S3 service names no upload.");
    return std::string(id);
}

std::string encode_parts(const std::vector<std::string>& etags) {
    std::string out = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    for (std::size_t i = 0; i < etags.size(); ++i)
        out += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>" +
               xml_escape(etags[i]) + "</ETag></Part>";
    return out + "</CompleteMultipartUpload>";
}

Result<Page> decode_list(std::string_view body, std::string_view prefix) {
    TRY(const XmlElement root, parse_xml(body));
    const std::string_view more = root.text_of("IsTruncated");
    if (root.name != "ListBucketResult" || (more != "true" && more != "false"))
        return fail(Code::malformed, "The S3 service's list is malformed.");
    const bool encoded = root.text_of("EncodingType") == "url";
    Page page;
    page.more = more == "true";
    for (const XmlElement& element : root.children) {
        if (element.name != "Contents") continue;
        std::string key(element.text_of("Key"));
        if (encoded) key = percent_decode(key, true).value_or("");
        TRY(Listed entry, decode_entry(element, key, prefix));
        if (key <= page.last)
            return fail(Code::malformed, "The S3 service's list is not in order.");
        page.last = std::move(key);
        if (check_key(entry.key)) page.entries.push_back(std::move(entry));
    }
    if (page.more && page.last.empty())
        return fail(Code::malformed, "The S3 service's list does not go on.");
    return page;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<ContentRange> parse_content_range(std::string_view text) {
    if (!text.starts_with("bytes ")) return std::nullopt;
    text.remove_prefix(6);
    const std::size_t dash = text.find('-');
    const std::size_t slash = text.find('/');
    if (dash > slash || slash == std::string_view::npos) return std::nullopt;
    const auto first = parse_size(text.substr(0, dash));
    const auto last = parse_size(text.substr(dash + 1, slash - dash - 1));
    const auto size = parse_size(text.substr(slash + 1));
    if (!first || !last || !size || *first > *last) return std::nullopt;
    return ContentRange{*first, *last, *size};
}

}  // namespace domicile::blob::s3
