// The store in a folder of this machine. One process at a time owns the folder: opening it sweeps
// away what puts that were cut off have left. Its format: docs/formats/blobs.md.
#pragma once

#include <memory>
#include <string>

#include "blob/store.h"
#include "io/files.h"

namespace domicile::blob {

struct FilesOptions {
    std::string folder;                      // made when absent
    io::Files* files = &io::system_files();  // outlives the store
    std::size_t piece_bytes = 256 << 10;     // what a put or a get has in memory, at most
    std::size_t at_once_max = 256;           // puts and gets; resource_exhausted beyond
    std::uint64_t size_max = 1ull << 40;     // of one body
};

// Blocks: call it at start. failed_precondition (newer_format): written by a newer program.
Result<std::unique_ptr<Store>> open_files(FilesOptions options);

}  // namespace domicile::blob
