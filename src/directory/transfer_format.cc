#include "directory/transfer_format.h"

#include "base/encoding.h"
#include "base/json.h"
#include "directory/key_record.h"
#include "directory/record.h"

namespace domicile::directory {
namespace {

constexpr char kFormat[] = "domicile directory";
constexpr std::int64_t kVersion = 1;

std::unexpected<Error> malformed(std::size_t line, const char* what) {
    return fail(Code::malformed, "Line " + std::to_string(line) + " of the export " + what + ".");
}

std::unexpected<Error> not_whole() {
    return fail(Code::malformed, "The export is not whole, or was changed.");
}

Result<void> check_head(std::string_view text) {
    const auto head = parse_json_object(text);
    if (!head || require_string(*head, "format").value_or("") != kFormat)
        return fail(Code::malformed, "This is no export of a directory.");
    if (optional_int(*head, "version").value_or(std::nullopt) != kVersion)
        return fail(Code::unsupported, "The export is of a newer version.");
    return {};
}

Result<void> check_tail(std::string_view text, std::size_t entries, const std::string& sha256) {
    const auto tail = parse_json_object(text);
    const bool whole = tail &&
                       optional_int(*tail, "entries").value_or(std::nullopt) ==
                           static_cast<std::int64_t>(entries) &&
                       require_string(*tail, "sha256").value_or("") == to_hex(sha256);
    if (!whole) return not_whole();
    return {};
}

}  // namespace

std::string head_line(std::int64_t revision) {
    const json::object head{{"format", kFormat}, {"version", kVersion}, {"revision", revision}};
    return json::serialize(head) + '\n';
}

std::string entry_line(std::string_view key, std::string_view value) {
    const json::object line{{"key", to_base64(key)}, {"value", to_base64(value)}};
    return json::serialize(line) + '\n';
}

std::string tail_line(std::size_t entries, const std::string& raw_sha256) {
    const json::object tail{{"entries", entries}, {"sha256", to_hex(raw_sha256)}};
    return json::serialize(tail) + '\n';
}

bool is_of_the_directory(const kv::Entry& entry) {
    const std::string& key = entry.key;
    if (key.starts_with("k/")) return key.size() == 2 + kSubjectKeyBytes && decode(entry.value);
    if (key.starts_with("f/")) return key.size() == 2 + kClaimIdBytes && decode_fence(entry.value);
    if (key.starts_with(kv::kTablesPrefix)) return true;  // an item of a global table
    return key.starts_with(kKeyRecordPrefix) && decode_key(entry);
}

Result<kv::Entry> parse_entry_line(std::string_view text, std::size_t line) {
    const auto object = parse_json_object(text);
    if (!object) return malformed(line, "is no JSON");
    const auto key = require_string(*object, "key"), value = require_string(*object, "value");
    if (!key || !value) return malformed(line, "is no entry");
    auto key_bytes = from_base64(*key), value_bytes = from_base64(*value);
    if (!key_bytes || !value_bytes) return malformed(line, "is not in base64");
    return kv::Entry{std::move(*key_bytes), std::move(*value_bytes)};
}

Result<std::string> ExportReader::line() {
    TRY(std::optional<io::Line> line, lines_.next());
    if (!line || line->end != io::Line::End::newline) return not_whole();
    ++number_;
    return std::move(line->text);
}

Result<void> ExportReader::read_head() {
    TRY(const std::string head, line());
    TRY_VOID(check_head(head));
    sum_.update(head);
    sum_.update("\n");
    TRY(ahead_, line());
    return {};
}

Result<std::optional<kv::Entry>> ExportReader::next() {
    TRY(std::optional<io::Line> following, lines_.next());
    if (!following) {
        TRY_VOID(check_tail(*ahead_, entries_, sum_.finish()));
        return std::nullopt;
    }
    if (following->end != io::Line::End::newline) return not_whole();
    const std::string text = std::exchange(*ahead_, std::move(following->text));
    TRY(kv::Entry entry, parse_entry_line(text, number_));
    if (!is_of_the_directory(entry)) return malformed(number_, "is no entry of a directory");
    if (entries_ > 0 && entry.key <= last_key_) return malformed(number_, "is out of order");
    last_key_ = entry.key;
    sum_.update(text);
    sum_.update("\n");
    ++number_;
    ++entries_;
    return entry;
}

}  // namespace domicile::directory
