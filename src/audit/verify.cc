#include "audit/chain.h"
#include "io/line_reader.h"

namespace domicile::audit {
Result<Verification> verify(io::Files& files, const std::string& path) {
    TRY(auto file, files.open_read(path));
    io::LineReader lines(*file, kLineBytesMax);
    Verification out;
    Link link{0, genesis_hash()};
    for (std::uint64_t number = 1;; ++number) {
        TRY(const auto line, lines.next());
        if (!line) break;
        if (line->end == io::Line::End::file) {
            // Not a break: a line without its newline was never acknowledged.
            out.problem = "The last line is torn; it was never acknowledged.";
            break;
        }
        if (auto good = check_line(link, line->text); !good) {
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
