// The lines of an export, made and read: docs/formats/directory.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/hash.h"
#include "io/line_reader.h"
#include "kv/store.h"

namespace domicile::directory {

// No line of an export is longer, newline included: a key and a value in base64, and their names.
inline constexpr std::size_t kExportLineBytesMax =
    (kv::kKeyBytesMax + kv::kValueBytesMax) / 3 * 4 + 64;

std::string head_line(std::int64_t revision);
std::string entry_line(std::string_view key, std::string_view value);
std::string tail_line(std::size_t entries, const std::string& raw_sha256);

// Whether the directory has room for it (I3): nothing else goes in.
bool is_of_the_directory(const kv::Entry& entry);

// malformed, with `line`, counted from one, in the text.
Result<kv::Entry> parse_entry_line(std::string_view text, std::size_t line);

// Reads an export from head to tail, and says at its end whether it was whole.
class ExportReader {
  public:
    explicit ExportReader(io::ReadFile& file) : lines_(file, kExportLineBytesMax) {}

    // malformed: no export, or one that was changed or is not whole; unsupported: a newer version.
    // Before the first next().
    Result<void> read_head();
    // The next entry, checked; nullopt after the last one, when the tail has proven all of them.
    Result<std::optional<kv::Entry>> next();

  private:
    Result<std::string> line();

    io::LineReader lines_;
    std::optional<std::string> ahead_;  // is the tail when none follows
    crypto::Sha256 sum_;
    std::size_t number_ = 0;  // of the last line read
    std::size_t entries_ = 0;
    std::string last_key_;
};

}  // namespace domicile::directory
