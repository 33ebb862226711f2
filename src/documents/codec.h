// The form of an item on disk, before it is sealed. A version byte, then the item as a map:
//   map   := count (name value)*        name, text := length bytes
//   value := 'S' text | 'N' text | 'B' text | 'T' | 'F' | '0' | 's' 'n' 'b' count text* |
//            'L' count value* | 'M' map
// Counts and lengths are LEB128, as short as can be; names and elements of sets ascend. So each
// item has one form, and a reader refuses any other. Binary rather than JSON: a third smaller with
// binary values, and no escaping rules to get wrong.
#pragma once

#include <string>
#include <string_view>

#include "documents/documents.h"

namespace domicile::documents {

std::string encode_item(const Item& item);
// internal: what was sealed here is expected to be whole.
Result<Item> decode_item(std::string_view bytes);

inline constexpr int kDepthMax = 32;  // of nested lists and maps, as in DynamoDB
// invalid_argument above kDepthMax.
Result<void> check_depth(const Item& item);

}  // namespace domicile::documents
