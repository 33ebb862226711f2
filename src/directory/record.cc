#include "directory/record.h"

#include <algorithm>

#include "base/check.h"

namespace domicile::directory {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kFixedBytes = 35;  // up to the region's name
constexpr std::size_t kRegionBytesMax = 63;

std::uint64_t read_u64(std::string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

std::unexpected<Error> malformed() {
    return fail(Code::malformed, "A record of the directory is damaged.");
}

}  // namespace

void append_u64(std::string& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

void append_text(std::string& out, std::string_view text) {
    for (int shift = 24; shift >= 0; shift -= 8)
        out += static_cast<char>(text.size() >> shift & 0xff);
    out += text;
}

bool is_name(std::string_view text, std::size_t size_max) {
    return !text.empty() && text.size() <= size_max && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
}

std::string store_key(const SubjectKey& key) { return "k/" + key.bytes; }
std::string fence_key(const std::string& claim_id) { return "f/" + claim_id; }

std::string encode_fence(const std::string& region) { return kVersion + region; }

Result<std::string> decode_fence(std::string_view bytes) {
    if (bytes.size() < 2 || bytes[0] != kVersion || bytes.size() > 1 + kRegionBytesMax)
        return malformed();
    return std::string(bytes.substr(1));
}

std::string encode(const Record& record) {
    DOMICILE_CHECK(record.claim_id.size() == kClaimIdBytes);
    DOMICILE_CHECK(is_name(record.home, kRegionBytesMax));
    const bool active = record.state == State::active;
    std::string out;
    out.reserve(kFixedBytes + record.home.size());
    out += kVersion;
    out += active ? '\1' : '\0';
    append_u64(out, record.epoch);
    out += record.claim_id;
    append_u64(out, active ? 0 : static_cast<std::uint64_t>(record.pending_until.ms));
    out += static_cast<char>(record.home.size());
    out += record.home;
    return out;
}

Result<Record> decode(std::string_view bytes) {
    if (bytes.empty()) return malformed();
    if (bytes[0] != kVersion)
        return fail(Code::unsupported, "A record of the directory is of a newer version.");
    if (bytes.size() < kFixedBytes || static_cast<unsigned char>(bytes[1]) > 1) return malformed();
    Record out;
    out.state = bytes[1] == 1 ? State::active : State::pending;
    out.epoch = read_u64(bytes.substr(2));
    out.claim_id = bytes.substr(10, kClaimIdBytes);
    out.pending_until.ms = static_cast<std::int64_t>(read_u64(bytes.substr(26)));
    const std::size_t size = static_cast<unsigned char>(bytes[34]);
    if (bytes.size() != kFixedBytes + size) return malformed();
    out.home = bytes.substr(kFixedBytes);
    const bool timeless = out.state == State::pending || out.pending_until.ms == 0;
    if (!is_name(out.home, kRegionBytesMax) || !timeless) return malformed();
    return out;
}

}  // namespace domicile::directory
