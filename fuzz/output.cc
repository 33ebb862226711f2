// What a function writes, on its way to the log: the same lines however it is cut into pieces, none
// with an end of a line or beyond the bound, and in none an address, also where a long line was cut
// off. Redacting never makes an identifier of what was none.
#include "functions/output.h"

#include <vector>

#include "functions/redact.h"
#include "fuzz.h"

namespace domicile::fuzz {
namespace {

constexpr std::size_t kLineBytes = 64;

bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool holds_address(std::string_view text) {
    for (std::size_t at = 1; at + 1 < text.size(); ++at)
        if (text[at] == '@' && is_plain(text[at - 1]) && is_plain(text[at + 1])) return true;
    return false;
}

// Not as a part of something else that is taken out.
bool stands_alone(std::string_view line, std::string_view id) {
    for (const std::string_view other : {"@", "%40", "eyJ"})
        if (line.contains(other)) return false;
    const std::size_t at = line.find(id);
    return at == 0 || (at != std::string_view::npos && line[at - 1] == ' ');
}

std::vector<std::string> lines_of(std::string_view input, unsigned round) {
    std::vector<std::string> out;
    const functions::Output::Line keep = [&out](std::string_view line, bool) {
        DOMICILE_CHECK(!line.empty() && line.size() <= kLineBytes);
        DOMICILE_CHECK(!line.contains('\n'));
        out.emplace_back(line);
    };
    functions::Output output({.line_bytes = kLineBytes, .lines = 20, .bytes = 1000});
    Cuts cuts(input, round);
    for (std::string_view left = input; !left.empty();) {
        const std::size_t size = cuts.next(left.size());
        output.take(left.substr(0, size), Instant{1}, keep);
        left.remove_prefix(size);
    }
    output.finish(Instant{1}, keep);
    DOMICILE_CHECK(out.size() <= 20);
    return out;
}

}  // namespace

FUZZ_TARGET(output) {
    const std::vector<std::string> lines = lines_of(input, 0);
    for (unsigned round = 1; round < Cuts::kRounds; ++round)
        DOMICILE_CHECK(lines_of(input, round) == lines);
    const std::string_view keep = "11111111-2222-4333-8444-555555555555";
    for (const std::string& line : lines) {
        const std::string clean = functions::redact(line, keep);
        DOMICILE_CHECK(!holds_address(clean));
        DOMICILE_CHECK(!stands_alone(line, keep) || clean.contains(keep));
        DOMICILE_CHECK(clean.size() <= line.size() * 9);
    }
}

}  // namespace domicile::fuzz
