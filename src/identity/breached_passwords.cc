#include "identity/breached_passwords.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace domicile::identity {
namespace {

constexpr std::size_t kHashDigits = 40;

std::unexpected<Error> unreadable() {
    return fail(Code::unavailable, "The list of breached passwords cannot be read.");
}

// Bytes of `file` from `offset`, at most a line and a bit.
Result<std::string> bytes_at(io::ReadFile& file, std::uint64_t offset) {
    std::string out(2 * kBreachedLineBytesMax, '\0');
    std::size_t filled = 0;
    while (filled < out.size()) {
        const auto read = file.read_at(offset + filled, out.data() + filled, out.size() - filled);
        if (!read) return unreadable();
        if (*read == 0) break;
        filled += *read;
    }
    out.resize(filled);
    return out;
}

struct Line {
    std::uint64_t begin, end;  // `end` is behind the line's end
    std::string hash;          // upper case
};

// The first line that begins at `from` or later; from > 0 is in the middle of a line, unless the
// byte before ends one. An empty hash when there is none.
Result<Line> line_after(io::ReadFile& file, std::uint64_t from) {
    std::uint64_t begin = from == 0 ? 0 : from - 1;
    TRY(std::string text, bytes_at(file, begin));
    if (from != 0) {
        const auto newline = text.find('\n');
        if (newline == std::string::npos && text.size() > kBreachedLineBytesMax) {
            return unreadable();
        }
        const std::size_t skipped = newline == std::string::npos ? text.size() : newline + 1;
        begin += skipped;
        text.erase(0, skipped);
    }
    if (text.empty()) return Line{begin, begin, ""};
    const std::size_t length = std::min(text.find('\n'), text.size());
    if (length > kBreachedLineBytesMax) return unreadable();
    const std::string_view line = std::string_view(text).substr(0, length);
    std::string hash(line.substr(0, kHashDigits));
    const std::string_view rest = line.substr(hash.size());
    const bool is_hash = hash.size() == kHashDigits && from_hex(hash) &&
                         (rest.empty() || rest[0] == ':' || rest[0] == '\r');
    if (!is_hash) return unreadable();
    std::ranges::transform(hash, hash.begin(),
                           [](char c) { return c >= 'a' && c <= 'f' ? char(c - 'a' + 'A') : c; });
    return Line{begin, begin + length + 1, std::move(hash)};
}

std::string upper_hex(std::string_view bytes) {
    std::string out = to_hex(bytes);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'a' && c <= 'f' ? char(c - 'a' + 'A') : c; });
    return out;
}

}  // namespace

Result<bool> is_breached(io::Files& files, const std::string& path, std::string_view password) {
    const auto file = files.open_read(path);
    if (!file) return unreadable();
    const std::string wanted = upper_hex(crypto::sha1(password));
    // Lines that begin in [low, high) may be it.
    std::uint64_t low = 0, high = (*file)->info().size;
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        TRY(const Line line, line_after(**file, middle));
        if (line.hash.empty() || line.begin >= high) {
            high = middle;
        } else if (line.hash == wanted) {
            return true;
        } else if (line.hash < wanted) {
            low = line.end;
        } else {
            high = middle;
        }
    }
    return false;
}

}  // namespace domicile::identity
