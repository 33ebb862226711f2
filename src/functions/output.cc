#include "functions/output.h"

#include <algorithm>

namespace domicile::functions {
namespace {

// A word that was cut in two could be half of an identifier, in a form that no longer shows it.
constexpr std::size_t kWordBytesMax = 256;

void drop_last_word(std::string& line) {
    const std::size_t blank = line.find_last_of(" \t,;\"'");
    const bool whole = blank != std::string::npos && line.size() - blank <= kWordBytesMax;
    line.resize(whole ? blank + 1 : line.size() - std::min(line.size(), kWordBytesMax));
}

}  // namespace

void Output::take(std::string_view bytes, Instant now, const Line& line) {
    while (!bytes.empty()) {
        const std::size_t end = std::min(bytes.find('\n'), bytes.size());
        const std::size_t room = limits_.line_bytes - line_.size();
        cut_ = cut_ || end > room;
        line_ += bytes.substr(0, std::min(end, room));
        if (end == bytes.size()) return;
        end_line(now, line);
        bytes.remove_prefix(end + 1);
    }
}

void Output::finish(Instant now, const Line& line) {
    if (!line_.empty()) end_line(now, line);
}

void Output::end_line(Instant now, const Line& line) {
    if (line_.ends_with('\r')) line_.pop_back();
    if (cut_) drop_last_word(line_);
    if (!fits(now, line_.size())) {
        ++dropped_;
    } else if (!line_.empty()) {
        line(line_, cut_);
    }
    line_.clear();
    cut_ = false;
}

bool Output::fits(Instant now, std::size_t bytes) {
    if (now - second_ >= Millis(1000)) {
        second_ = now;
        lines_ = bytes_ = 0;
    }
    if (lines_ >= limits_.lines || bytes_ + bytes > limits_.bytes) return false;
    ++lines_;
    bytes_ += bytes;
    return true;
}

}  // namespace domicile::functions
