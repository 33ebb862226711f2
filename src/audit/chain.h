// One line of the log as text, and the check of one line against the one before. Pure, shared by
// the writer and by `verify`, so that the two cannot disagree (docs/formats/audit.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "audit/log.h"
#include "base/result.h"
#include "base/time.h"

namespace domicile::audit {

inline constexpr std::int64_t kFormatVersion = 1;
inline constexpr std::size_t kLineBytesMax = 64 * 1024;  // newline included
inline constexpr const char* kHeaderKind = "log_opened";

// Where the chain stands after a line.
struct Link {
    std::uint64_t number = 0;  // of the last line, 1-based; 0 before the header
    std::string hash;          // hex SHA-256 of the last line without its newline
};

// The hash that the first line names as the one before it.
const std::string& genesis_hash();

// The next line, newline included; moves `link` on. too_large above kLineBytesMax (link unmoved).
Result<std::string> make_line(Link& link, const Event& event, Timestamp at);
Event header_event(const std::string& region);

// Checks a line (without newline) against `link` and moves it on. With an empty hash in `link` the
// line is taken as it is: the start of a window into the file. failed_precondition with what is
// wrong.
Result<void> check_line(Link& link, std::string_view line);

}  // namespace domicile::audit
