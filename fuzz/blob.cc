// What an S3 service answers, and the XML reader below it. XML that is taken is printed and read
// back as the same tree, within its bounds. A list that is taken has keys of ours alone, in order,
// and goes on behind itself. Only a result is the success of a completed upload; an error's message
// has nothing in it but words. Ranges and sizes have one form.
#include "base/encoding.h"
#include "base/xml.h"
#include "blob/s3_protocol.h"
#include "fuzz.h"

namespace domicile::fuzz {
namespace {

using namespace blob::s3;

constexpr char kPrefix[] = "p/";

std::string print(const XmlElement& element) {
    std::string out = "<" + element.name + ">" + xml_escape(element.text);
    for (const XmlElement& child : element.children) out += print(child);
    return out + "</" + element.name + ">";
}

bool same(const XmlElement& a, const XmlElement& b) {
    if (a.name != b.name || a.children.size() != b.children.size()) return false;
    // White space between elements is not kept.
    if (a.children.empty() && a.text != b.text) return false;
    for (std::size_t i = 0; i < a.children.size(); ++i)
        if (!same(a.children[i], b.children[i])) return false;
    return true;
}

std::size_t depth(const XmlElement& element) {
    std::size_t most = 0;
    for (const XmlElement& child : element.children) most = std::max(most, depth(child));
    return most + 1;
}

void check_xml(std::string_view input) {
    const XmlLimits limits{.depth_max = 4, .elements_max = 50};
    const auto root = parse_xml(input, limits);
    if (!root) {
        DOMICILE_CHECK(root.error().code == Code::malformed);
        return;
    }
    DOMICILE_CHECK(is_utf8(input) && depth(*root) <= limits.depth_max);
    const auto again = parse_xml(print(*root), limits);
    DOMICILE_CHECK(again.has_value() && same(*root, *again));
}

void check_list(std::string_view input) {
    const auto page = decode_list(input, kPrefix);
    if (!page) return;
    std::string before;
    for (const blob::Listed& entry : page->entries) {
        DOMICILE_CHECK(blob::check_key(entry.key).has_value() && entry.key > before);
        for (std::size_t size = 0; size <= entry.key.size(); ++size)
            DOMICILE_CHECK(blob::check_prefix(entry.key.substr(0, size)).has_value());
        before = entry.key;
    }
    DOMICILE_CHECK(page->entries.empty() || page->last >= kPrefix + before);
    DOMICILE_CHECK(!page->more || !page->last.empty());
}

void check_judgements(std::string_view input) {
    for (const Operation operation : {Operation::complete, Operation::part, Operation::get})
        for (const int status : {200, 204, 301, 400, 403, 404, 409, 412, 416, 500, 503}) {
            const Judgement judged = judge(operation, status, input);
            if (status < 300 && operation == Operation::complete) {
                const auto root = parse_xml(input);
                const bool result = root && root->name == "CompleteMultipartUploadResult";
                DOMICILE_CHECK((judged.verdict == Verdict::ok) == result);
            } else {
                DOMICILE_CHECK((judged.verdict == Verdict::ok) == (status < 300));
            }
            for (const char c : judged.error.message) DOMICILE_CHECK(c >= ' ' && c <= '~');
            DOMICILE_CHECK(judged.error.message.size() < 200);
        }
}

void check_upload_id(std::string_view input) {
    const auto id = decode_upload_id(input);
    if (!id) return;
    Request request;
    request.query.emplace_back("uploadId", *id);
    const std::string query = query_of(request);
    DOMICILE_CHECK(percent_decode(std::string_view(query).substr(9)) == *id);
    const auto parts = parse_xml(encode_parts({*id, "\"2\""}));
    DOMICILE_CHECK(parts.has_value() && parts->children.size() == 2);
    DOMICILE_CHECK(parts->children[0].text_of("ETag") == *id);
}

void check_numbers(std::string_view input) {
    const auto range = parse_content_range(input);
    if (!range) return;
    const std::string text = "bytes " + std::to_string(range->first) + "-" +
                             std::to_string(range->last) + "/" + std::to_string(range->size);
    const auto again = parse_content_range(text);
    DOMICILE_CHECK(again.has_value() && again->first == range->first &&
                   again->last == range->last && again->size == range->size);
    DOMICILE_CHECK(text.size() <= input.size());  // leading zeros, and no more
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(blob) {
    using namespace domicile::fuzz;
    check_xml(input);
    check_list(input);
    check_judgements(input);
    check_upload_id(input);
    check_numbers(input);
}
