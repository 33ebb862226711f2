// Data keys wrapped under a region key: AES-256 key wrap (RFC 3394), which needs no nonce and hence
// cannot be ruined by a repeated one. The key-encryption key is HKDF-SHA-256 of the region key with
// the context, so that a wrapped key moved to another subject's row does not unwrap.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace domicile::crypto {

inline constexpr std::size_t kDataKeySize = 32;
inline constexpr std::size_t kWrappedKeySize = 40;

// Both keys are 32 bytes (anything else aborts); the context is free text such as "subject:<uuid>".
// Deterministic: the same three inputs give the same 40 bytes.
std::string wrap_key(std::string_view region_key32, std::string_view context,
                     std::string_view data_key32);

// The 32-byte data key. Code::malformed when the region key, the context or any bit differs.
Result<std::string> unwrap_key(std::string_view region_key32, std::string_view context,
                               std::string_view wrapped40);

}  // namespace domicile::crypto
