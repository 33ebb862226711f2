#include "audit/chain.h"

namespace domicile::audit {
namespace {

// Hands out the lines of a file in bounded memory.
class LineReader {
  public:
    explicit LineReader(io::ReadFile& file) : file_(file) {}

    // The next line without its newline; nullopt at the end. `torn` says that the last one had
    // none.
    Result<std::optional<std::string>> next(bool& torn) {
        torn = false;
        for (;;) {
            if (auto end = buffer_.find('\n', start_); end != std::string::npos) {
                std::string line = buffer_.substr(start_, end - start_);
                start_ = end + 1;
                return line;
            }
            buffer_.erase(0, start_);
            start_ = 0;
            if (buffer_.size() > kLineBytesMax) return take_rest();
            TRY(const std::size_t got, more());
            if (got > 0) continue;
            if (buffer_.empty()) return std::nullopt;
            torn = true;
            return take_rest();
        }
    }

  private:
    std::string take_rest() { return std::exchange(buffer_, {}); }
    Result<std::size_t> more() {
        char chunk[16 * 1024];
        TRY(const std::size_t got, file_.read_at(offset_, chunk, sizeof chunk));
        buffer_.append(chunk, got);
        offset_ += got;
        return got;
    }

    io::ReadFile& file_;
    std::string buffer_;
    std::size_t start_ = 0;
    std::uint64_t offset_ = 0;
};

}  // namespace

Result<Verification> verify(io::Files& files, const std::string& path) {
    TRY(auto file, files.open_read(path));
    LineReader lines(*file);
    Verification out;
    Link link{0, genesis_hash()};
    for (std::uint64_t number = 1;; ++number) {
        bool torn = false;
        TRY(auto line, lines.next(torn));
        if (!line) break;
        if (torn) {
            // Not a break: a line without its newline was never acknowledged.
            out.problem = "The last line is torn; it was never acknowledged.";
            break;
        }
        if (auto good = check_line(link, *line); !good) {
            out.broken_line = number;
            out.problem = good.error().message;
            break;
        }
        out.entries = number;
    }
    if (out.entries == 0 && out.broken_line == 0) {
        out.broken_line = 1;
        out.problem = "The log is empty: its header is missing.";
    }
    out.head = link.hash;
    return out;
}

}  // namespace domicile::audit
