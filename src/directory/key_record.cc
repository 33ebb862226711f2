#include "directory/key_record.h"

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "directory/record.h"

namespace domicile::directory {
namespace {

bool is_named(const KeyRecord& record) {
    return is_name(record.region, 63) && is_name(record.kid, 128);
}

// A JSON Web Key that signs (RFC 7518 section 6) has strings only. A number would not do: written
// and read again it can be another one, and no longer what was signed.
bool is_jwk(const json::object& jwk) {
    return std::ranges::all_of(jwk, [](const auto& member) { return member.value().is_string(); });
}

std::string place_of(const KeyRecord& record) {
    return kKeyRecordPrefix + record.region + "/key/" + record.kid;
}

}  // namespace

std::string signed_bytes(const KeyRecord& record) {
    std::vector<std::string_view> names;
    for (const auto& member : record.jwk) names.emplace_back(member.key());
    std::ranges::sort(names);
    json::object sorted;
    for (const std::string_view name : names) sorted.emplace(name, record.jwk.at(name));
    std::string out = "domicile key record 1";
    append_text(out, record.region);
    append_text(out, record.kid);
    append_text(out, json::serialize(sorted));
    return out;
}

Result<kv::Write> encode_key(const KeyRecord& record) {
    if (!is_named(record))
        return fail(Code::invalid_argument, "The region or the kid of a key record is not a name.");
    if (!is_jwk(record.jwk))
        return fail(Code::invalid_argument, "A key record's jwk has a member that is no string.");
    json::object value;
    value["region"] = record.region;
    value["kid"] = record.kid;
    value["jwk"] = record.jwk;
    value["signature"] = to_base64url(record.signature);
    return kv::Write{place_of(record), json::serialize(value)};
}

Result<KeyRecord> decode_key(const kv::Entry& entry) {
    TRY(const json::object value, parse_json_object(entry.value));
    KeyRecord out;
    TRY(out.region, require_string(value, "region"));
    TRY(out.kid, require_string(value, "kid"));
    TRY(const std::string signature, require_string(value, "signature"));
    TRY(const json::object* jwk, optional_object(value, "jwk"));
    auto bytes = from_base64url(signature);
    // Without the check of the names, "a" with the kid "b/key/c" would share a place with others.
    if (jwk == nullptr || !bytes || !is_jwk(*jwk) || !is_named(out) || entry.key != place_of(out))
        return fail(Code::malformed, "A key record of the directory is damaged.");
    out.jwk = *jwk;
    out.signature = std::move(*bytes);
    return out;
}

}  // namespace domicile::directory
