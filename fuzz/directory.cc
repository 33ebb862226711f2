// What regions read out of the shared directory: homes, and the published keys of other regions. A
// record that is accepted is exactly what the encoder writes, so that nothing hides in it (I3); a
// key record can be stored again at its own place and nowhere else.
#include <string>

#include "base/encoding.h"
#include "directory/key_record.h"
#include "directory/record.h"
#include "fuzz.h"

namespace domicile::fuzz {
namespace {

void check_record(std::string_view input) {
    const auto record = directory::decode(input);
    if (!record) {
        const Code code = record.error().code;
        DOMICILE_CHECK(code == Code::malformed || code == Code::unsupported);
        return;
    }
    DOMICILE_CHECK(directory::encode(*record) == input);
}

// The first line is the place in the store, the rest the value.
void check_key_record(std::string_view input) {
    const auto newline = input.find('\n');
    if (newline == std::string_view::npos) return;
    kv::Entry entry;
    entry.key = input.substr(0, newline);
    entry.value = input.substr(newline + 1);
    const auto record = directory::decode_key(entry);
    if (!record) return;
    const auto written = directory::encode_key(*record);
    DOMICILE_CHECK(written.has_value() && written->key == entry.key);
    entry.value = *written->value;
    const auto again = directory::decode_key(entry);
    DOMICILE_CHECK(again.has_value());
    DOMICILE_CHECK(again->region == record->region && again->kid == record->kid);
    DOMICILE_CHECK(again->jwk == record->jwk && again->signature == record->signature);
    DOMICILE_CHECK(directory::signed_bytes(*again) == directory::signed_bytes(*record));
    entry.key += "x";
    DOMICILE_CHECK(!directory::decode_key(entry));
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(directory) {
    using namespace domicile::fuzz;
    check_record(input);
    check_key_record(input);
}
