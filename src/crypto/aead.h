// AES-256-GCM (NIST SP 800-38D). A nonce must never serve twice under one key: with random nonces,
// at most 2^32 messages per key.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace domicile::crypto {

inline constexpr std::size_t kAeadKeySize = 32;
inline constexpr std::size_t kAeadNonceSize = 12;
inline constexpr std::size_t kAeadTagSize = 16;

// ciphertext || tag. The sizes of key and nonce are the caller's duty: a wrong one aborts. `aad` is
// authenticated, not encrypted, and must be given to open() again.
std::string seal(std::string_view key32, std::string_view nonce12, std::string_view aad,
                 std::string_view plaintext);

// The inverse. Code::malformed when key, nonce, aad or a single bit of the text differ, without
// saying which. A key or nonce of a wrong size is Code::malformed too, since here they may come
// from storage.
Result<std::string> open(std::string_view key32, std::string_view nonce12, std::string_view aad,
                         std::string_view ciphertext_and_tag);

// nonce || ciphertext || tag: 28 bytes longer than the plaintext.
std::string seal_with_nonce(std::string_view key32, std::string_view nonce12, std::string_view aad,
                            std::string_view plaintext);
Result<std::string> open_with_nonce(std::string_view key32, std::string_view aad,
                                    std::string_view nonce_ciphertext_and_tag);

}  // namespace domicile::crypto
