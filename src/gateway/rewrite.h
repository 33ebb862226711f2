// What an upstream is asked for instead of the client's target: a template compiled once. Internal.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace domicile::gateway {

// One {name} of a route's path in a request.
struct PathParameter {
    std::string_view name;  // in the route table
    std::string_view raw;   // in the path that was looked for, decodable
};

class Rewrite {
  public:
    // As config::is_rewrite takes it, with names that the route's path has.
    explicit Rewrite(std::string_view text);

    // The target. In the path a parameter stands as it was sent; in the query it is encoded anew,
    // so that it cannot become two. Without a `?` in the template the client's query follows.
    // invalid_argument when a parameter is, or holds, a segment `.` or `..`, which would lead out
    // of where the template points.
    Result<std::string> render(std::span<const PathParameter> parameters,
                               std::string_view query) const;

  private:
    struct Piece {
        enum class Kind : std::uint8_t { literal, in_path, in_query, query } kind;
        std::string text;
    };
    std::vector<Piece> pieces_;
    bool has_query_ = false;
};

}  // namespace domicile::gateway
