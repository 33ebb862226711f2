// Hands out the lines of a file in bounded memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "io/files.h"

namespace domicile::io {

struct Line {
    enum class End : std::uint8_t {
        newline,
        file,     // the last line, which has no newline
        too_long  // what had been read by then; the rest comes as further lines
    };
    std::string text;  // without its newline
    End end = End::newline;
};

class LineReader {
  public:
    // Lines of up to max_bytes, newline included. The file outlives the reader.
    LineReader(ReadFile& file, std::size_t max_bytes) : file_(file), max_bytes_(max_bytes) {}

    // nullopt at the end of the file.
    Result<std::optional<Line>> next();

  private:
    Result<std::size_t> read_more();
    Line take_rest(Line::End end);

    ReadFile& file_;
    const std::size_t max_bytes_;
    std::string buffer_;
    std::size_t start_ = 0;   // of the next line, in the buffer
    std::uint64_t read_ = 0;  // bytes of the file
};

}  // namespace domicile::io
