// The requests and answers of the S3 REST API that the store uses, as pure functions. Source: the
// Amazon S3 API reference, "Actions" and "Error responses". What services answer is not trusted.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "blob/s3.h"

namespace domicile::blob::s3 {

enum class Operation : std::uint8_t { put, create, part, complete, abort, get, head, remove, list };
constexpr std::array<std::string_view, 9> label_values(Operation) {
    return {"put", "create", "part", "complete", "abort", "get", "head", "remove", "list"};
}

// Marks a put, so that it can be told from another of the same key when an answer was lost.
inline constexpr std::string_view kMarkHeader = "x-amz-meta-domicile-put";
// Why an answer is not_found.
inline constexpr std::string_view kReasonNoUpload = "no_such_upload";

struct Request {
    Operation operation = Operation::get;
    std::string_view method = "GET";
    std::string key = {};                                           // empty: of the bucket
    std::vector<std::pair<std::string, std::string>> query = {};    // not encoded
    std::vector<std::pair<std::string, std::string>> headers = {};  // besides host and signature
    std::string_view body = {};                                     // outlives the call
    std::string body_sha256 = {};                                   // hex; empty: of no body
};

std::string host_of(const S3Options& options);  // the name that TLS asks for
std::string host_field_of(const S3Options& options);
std::string path_of(const S3Options& options, const std::string& key);
std::string query_of(const Request& request);

enum class Verdict : std::uint8_t { ok, again, refused };
struct Judgement {
    Verdict verdict = Verdict::ok;
    Error error = {};  // unless ok
};
// What the status and the (small) body of an answer say; a body that is yet to be read counts as
// empty.
Judgement judge(Operation operation, int status, std::string_view body);

Result<std::string> decode_upload_id(std::string_view body);
std::string encode_parts(const std::vector<std::string>& etags);

struct Page {
    std::vector<Listed> entries;  // those of ours
    std::string last;             // the last key as the service has it, prefix included
    bool more = false;
};
Result<Page> decode_list(std::string_view body, std::string_view prefix);

struct ContentRange {
    std::uint64_t first = 0, last = 0, size = 0;
};
// "bytes 0-9/100"
std::optional<ContentRange> parse_content_range(std::string_view text);
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace domicile::blob::s3
