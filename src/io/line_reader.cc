#include "io/line_reader.h"

#include <utility>

namespace domicile::io {

Result<std::optional<Line>> LineReader::next() {
    for (;;) {
        if (const auto end = buffer_.find('\n', start_); end != std::string::npos) {
            Line line{buffer_.substr(start_, end - start_), Line::End::newline};
            start_ = end + 1;
            return line;
        }
        buffer_.erase(0, std::exchange(start_, 0));
        if (buffer_.size() >= max_bytes_) return take_rest(Line::End::too_long);
        TRY(const std::size_t got, read_more());
        if (got > 0) continue;
        if (buffer_.empty()) return std::nullopt;
        return take_rest(Line::End::file);
    }
}

Line LineReader::take_rest(Line::End end) { return {std::exchange(buffer_, {}), end}; }

Result<std::size_t> LineReader::read_more() {
    char chunk[16 * 1024];
    TRY(const std::size_t got, file_.read_at(read_, chunk, sizeof chunk));
    buffer_.append(chunk, got);
    read_ += got;
    return got;
}

}  // namespace domicile::io
