// The whole directory as a file, to keep or to carry to another engine: docs/formats/directory.md.
// Both directions hold a page of it in memory, however many people live in it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "io/files.h"
#include "io/task.h"
#include "kv/store.h"

namespace domicile::directory {

// Told now and then how many entries have been read, or written, so far.
using OnEntries = std::function<void(std::size_t)>;

struct Exported {
    std::size_t entries = 0;
    std::int64_t revision = 0;  // of the store, whose entries these are
};
// Writes everything as it was at one revision, whoever writes meanwhile, to a file of mode 0600.
// Who lives at the moment (presence.h) is not in it.
// `path` is replaced when the new one is whole and durable, not before; until then the work is in
// `path`.part and `path`.pages, which an interrupted export leaves behind and the next one
// replaces. resource_exhausted when kExportChangesMax keys changed while it read.
io::Task<Result<Exported>> export_all(kv::Store& store, io::Files& files, std::string path,
                                      OnEntries on_entries);
inline constexpr std::size_t kExportChangesMax = 100'000;

struct Imported {
    std::size_t written = 0;
    std::size_t present = 0;    // were there with the same value
    std::size_t conflicts = 0;  // are there with another value, and were left alone
};
// Writes the entries of an export. malformed, before anything is written, when a part of the file
// is missing or changed, or an entry is none of the directory's. May be repeated, also after an
// import that broke off.
io::Task<Result<Imported>> import_all(kv::Store& store, io::Files& files, std::string path,
                                      OnEntries on_entries);

}  // namespace domicile::directory
