#include "gateway/rewrite.h"

#include <algorithm>

#include "base/encoding.h"

namespace domicile::gateway {
namespace {

// Whether servers may take a part of it for a step up: between slashes of either kind, also
// those that were sent encoded.
bool climbs(std::string_view decoded) {
    while (true) {
        const std::size_t end = std::min(decoded.find_first_of("/\\"), decoded.size());
        // "..;x" is ".." to those who cut path parameters off.
        std::string_view segment = decoded.substr(0, end);
        segment = segment.substr(0, segment.find(';'));
        if (segment == "." || segment == "..") return true;
        if (end == decoded.size()) return false;
        decoded.remove_prefix(end + 1);
    }
}

}  // namespace

Rewrite::Rewrite(std::string_view text) {
    while (!text.empty()) {
        const std::size_t open = std::min(text.find('{'), text.size());
        if (open > 0) pieces_.push_back({Piece::Kind::literal, std::string(text.substr(0, open))});
        has_query_ = has_query_ || text.substr(0, open).find('?') != std::string_view::npos;
        text.remove_prefix(open);
        if (text.empty()) break;
        const std::size_t close = std::min(text.find('}'), text.size() - 1);
        const std::string_view name = text.substr(1, close - 1);
        const bool query = has_query_ && name == "query";
        const Piece::Kind kind = has_query_ ? Piece::Kind::in_query : Piece::Kind::in_path;
        pieces_.push_back({query ? Piece::Kind::query : kind, std::string(name)});
        text.remove_prefix(close + 1);
    }
}

Result<std::string> Rewrite::render(std::span<const PathParameter> parameters,
                                    std::string_view query) const {
    std::string out;
    for (const Piece& piece : pieces_) {
        if (piece.kind == Piece::Kind::literal) {
            out += piece.text;
            continue;
        }
        if (piece.kind == Piece::Kind::query) {
            out += query;
            continue;
        }
        const auto found = std::ranges::find(parameters, piece.text, &PathParameter::name);
        if (found == parameters.end()) continue;
        const bool in_query = piece.kind == Piece::Kind::in_query;
        out += in_query ? percent_encode(percent_decode(found->raw).value_or(""))
                        : std::string(found->raw);
    }
    // As a whole, since what stands beside a parameter may make a step up of it.
    const auto path = percent_decode(std::string_view(out).substr(0, out.find('?')));
    if (!path || climbs(*path))
        return fail(Code::invalid_argument, "The path leads out of its place.");
    if (!has_query_ && !query.empty()) out.append(1, '?').append(query);
    return out;
}

}  // namespace domicile::gateway
