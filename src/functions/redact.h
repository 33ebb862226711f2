// Takes identifiers of people out of text that a program of somebody else wrote, such as a line of
// a function's output, before it goes to a log (I2). A net for what was not meant to be there: it
// knows e-mail addresses, phone numbers, UUIDs (a `sub` is one) and tokens by their form, and
// nothing else, names for instance. What it takes too much is only a line that says less.
#pragma once

#include <string>
#include <string_view>

namespace domicile::functions {

// "[e-mail]", "[phone]", "[id]", "[token]" stand where something was. `keep` is a UUID that stays,
// that of the request.
std::string redact(std::string_view text, std::string_view keep = {});

}  // namespace domicile::functions
