// The whole directory as a text, to keep or to carry to another engine: docs/formats/directory.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/task.h"
#include "kv/store.h"

namespace domicile::directory {

struct Exported {
    std::string text;
    std::size_t entries = 0;
    std::int64_t revision = 0;  // of the store, whose entries these are
};
// Everything as it was at one revision, whoever writes meanwhile. All of it in memory: about a
// quarter of a kilobyte for each key.
io::Task<Result<Exported>> export_all(kv::Store& store);

struct Imported {
    std::size_t written = 0;
    std::size_t present = 0;    // were there with the same value
    std::size_t conflicts = 0;  // are there with another value, and were left alone
};
// Entries of an export. malformed, before anything is written, when a part of the text is missing
// or changed, or an entry is none of the directory's. May be repeated, also after an import that
// broke off.
io::Task<Result<Imported>> import_all(kv::Store& store, std::string text);

}  // namespace domicile::directory
