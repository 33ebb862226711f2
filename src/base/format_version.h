// What is written to disk carries the version of its format (docs/formats/README.md). A program
// reads what it knows and refuses the rest, by name and with what to do, before it changes
// anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace domicile {

inline constexpr const char* kReasonNewerFormat = "newer_format";
inline constexpr const char* kReasonDamaged = "damaged";
inline constexpr const char* kReasonForeign = "foreign_file";
inline constexpr const char* kReasonSecretMissing = "secret_missing";
// Of the errors above: a person has to do something to the files, starting again does not help.
bool needs_operator(const Error& error);

// failed_precondition (newer_format) above `known`, malformed (damaged) below 1.
Result<void> check_format(std::string_view file, std::int64_t version, std::int64_t known);

inline constexpr std::size_t kSecretBytes = 32;
// Format 1 of a file that holds one secret is its 32 bytes and nothing else; later formats begin
// with the line "domicile secret <version>". `content` is the whole file.
Result<std::string> secret_of(std::string_view file, std::string content);

}  // namespace domicile
