// The part of CBOR (RFC 8949) that authenticators write: CTAP2's canonical form without floats and
// tags. Strict: definite lengths, numbers in their shortest form, no key twice, UTF-8, so that a
// value has one encoding but for the order of a map, which says nothing. Bounded in depth and
// number of items; memory is taken for what is there, not for what a length claims. Why not a
// library: docs/adr/0030.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace domicile::webauthn::cbor {

enum class Kind : std::uint8_t { integer, bytes, text, array, map, boolean, null };

struct Value {
    Kind kind = Kind::null;
    std::int64_t number = 0;   // integer; boolean: 0 or 1
    std::string bytes;         // bytes, text
    std::vector<Value> items;  // array; map: key, value, key, value

    // Of a map; null when it is none, or has no such key.
    const Value* find(std::int64_t key) const;
    const Value* find(std::string_view key) const;
};

inline constexpr int kDepthMax = 8;
inline constexpr std::size_t kItemsMax = 512;  // of all levels

// Takes one value from the front of `rest`. malformed.
Result<Value> take(std::string_view& rest);
// The same, and nothing may follow.
Result<Value> decode(std::string_view bytes);

}  // namespace domicile::webauthn::cbor
