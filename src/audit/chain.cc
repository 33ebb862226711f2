#include "audit/chain.h"

#include "base/encoding.h"
#include "base/format_version.h"
#include "crypto/hash.h"

namespace domicile::audit {
namespace {

std::unexpected<Error> broken(std::string what) {
    return fail(Code::failed_precondition, std::move(what), "broken_chain");
}

Result<void> check_header(const json::object& line) {
    auto kind = require_string(line, "kind");
    if (!kind || *kind != kHeaderKind) return broken("The first line is not the header.");
    auto details = optional_object(line, "details");
    if (!details || *details == nullptr) return broken("The header has no details.");
    auto version = optional_int(**details, "format");
    if (!version || !*version) return broken("The header names no format version.");
    return check_format("The audit log", **version, kFormatVersion);
}

}  // namespace

const std::string& genesis_hash() {
    static const std::string zeros(64, '0');
    return zeros;
}

Event header_event(const std::string& region) {
    return {kHeaderKind, json::object{{"format", kFormatVersion}, {"region", region}}};
}

Result<std::string> make_line(Link& link, const Event& event, Timestamp at) {
    json::object line;
    line["n"] = link.number + 1;
    line["time"] = to_rfc3339(at);
    line["kind"] = event.kind;
    line["details"] = event.details;
    line["prev"] = link.number == 0 ? genesis_hash() : link.hash;
    std::string text = json::serialize(line);
    if (text.size() + 1 > kLineBytesMax)
        return fail(Code::too_large, "The audit event is too large for one line.");
    if (!is_utf8(text))
        return fail(Code::invalid_argument, "The audit event is not text; its line would be none.");
    link.hash = to_hex(crypto::sha256(text));
    ++link.number;
    text += '\n';
    return text;
}

Result<void> check_line(Link& link, std::string_view line) {
    auto object = parse_json_object(line);
    if (!object) return broken("The line is not a JSON object.");
    auto number = optional_int(*object, "n");
    auto previous = require_string(*object, "prev");
    if (!number || !*number || **number <= 0 || !previous)
        return broken("The line lacks its number or the hash of the line before.");
    const auto n = static_cast<std::uint64_t>(**number);
    const bool window_start = link.number == 0 && n != 1;
    if (window_start && !link.hash.empty()) return broken("The log does not begin with line 1.");
    if (!window_start) {
        if (n != link.number + 1)
            return broken("The line is out of order: lines are missing or moved.");
        const std::string& expected = n == 1 ? genesis_hash() : link.hash;
        if (*previous != expected)
            return broken("The line before is not the one that was written: it was changed.");
        if (n == 1) TRY_VOID(check_header(*object));
    }
    link.number = n;
    link.hash = to_hex(crypto::sha256(line));
    return {};
}

}  // namespace domicile::audit
