// What regions read out of the shared directory: homes, and the published keys of other regions. A
// record that is accepted is exactly what the encoder writes, so that nothing hides in it (I3); a
// key record can be stored again at its own place and nowhere else. And the export of a directory:
// what is taken from one comes back from the export that is made of it.
#include <algorithm>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "directory/key_record.h"
#include "directory/record.h"
#include "directory/transfer_format.h"
#include "fuzz.h"
#include "memory_files.h"

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

using Entries = std::vector<kv::Entry>;

Result<Entries> read_export(const std::string& text) {
    MemoryFiles files;
    files.contents["export"] = text;
    TRY(const auto file, files.open_read("export"));
    directory::ExportReader reader(*file);
    TRY_VOID(reader.read_head());
    Entries out;
    while (true) {
        TRY(auto entry, reader.next());
        if (!entry) return out;
        out.push_back(std::move(*entry));
    }
}

std::string export_of(const std::string& lines, std::size_t entries) {
    const std::string text = directory::head_line(7) + lines;
    return text + directory::tail_line(entries, crypto::sha256(text));
}

// The input as it is, and as the entries of an export whose digest fits.
void check_export(std::string_view input) {
    [[maybe_unused]] const auto as_it_is = read_export(std::string(input));
    const auto lines = static_cast<std::size_t>(std::ranges::count(input, '\n'));
    const auto entries = read_export(export_of(std::string(input), lines));
    if (!entries) return;
    std::string again;
    for (const kv::Entry& entry : *entries) {
        DOMICILE_CHECK(directory::is_of_the_directory(entry));
        again += directory::entry_line(entry.key, entry.value);
    }
    DOMICILE_CHECK(read_export(export_of(again, entries->size())).value() == *entries);
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(directory) {
    using namespace domicile::fuzz;
    check_record(input);
    check_key_record(input);
    check_export(input);
}
