// The bytes of the directory: see docs/formats/directory.md.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "directory/directory.h"

namespace domicile::directory {

inline constexpr std::size_t kSubjectKeyBytes = 16;

// Big-endian integers and a length byte before a text, as all formats here have them.
void append_u64(std::string& out, std::uint64_t value);
void append_text(std::string& out, std::string_view text);  // 32-bit length, then the bytes

// 1 to size_max of A-Z a-z 0-9 - _ . : what region ids and key ids consist of. Records hold nothing
// else, so that there is no place for an identifier (I3), nor for a '/' that moves a key.
bool is_name(std::string_view text, std::size_t size_max);

std::string store_key(const SubjectKey& key);              // "k/" and the 16 bytes
std::string fence_key(const std::string& claim_id);        // "f/" and the 16 bytes
std::string encode_fence(const std::string& region);       // who gave the claim up
Result<std::string> decode_fence(std::string_view bytes);  // the region

std::string encode(const Record& record);
// malformed, or unsupported when the version is not known.
Result<Record> decode(std::string_view bytes);

}  // namespace domicile::directory
