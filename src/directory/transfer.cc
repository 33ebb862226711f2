#include "directory/transfer.h"

#include <map>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/hash.h"
#include "directory/key_record.h"
#include "directory/record.h"

namespace domicile::directory {
namespace {

constexpr char kFormat[] = "domicile directory";
constexpr std::int64_t kVersion = 1;
constexpr std::size_t kPage = 1'000;

using Entries = std::map<std::string, kv::Entry>;

std::unexpected<Error> malformed(std::size_t line, const char* what) {
    return fail(Code::malformed, "Line " + std::to_string(line) + " of the export " + what + ".");
}

void take(Entries& entries, kv::Change change) {
    const auto found = entries.find(change.entry.key);
    if (found != entries.end() && found->second.revision > change.entry.revision) return;
    if (change.deleted) {
        if (found != entries.end()) entries.erase(found);
        return;
    }
    std::string key = change.entry.key;
    entries.insert_or_assign(std::move(key), std::move(change.entry));
}

io::Task<Result<Entries>> read_all(kv::Store& store) {
    Entries out;
    std::string after;
    while (true) {
        std::string all;
        CO_TRY(auto page, co_await store.range(std::move(all), after, kPage));
        const bool last = page.size() < kPage;
        if (!last) after = page.back().key;
        for (kv::Entry& entry : page) {
            std::string key = entry.key;
            out.insert_or_assign(std::move(key), std::move(entry));
        }
        if (last) co_return out;
    }
}

io::Task<Result<std::int64_t>> revision_of(kv::Store& store) {
    kv::Transaction nothing;
    CO_TRY(const kv::TransactionResult now, co_await store.commit(std::move(nothing)));
    co_return now.revision;
}

std::string print(const Entries& entries, std::int64_t revision) {
    const json::object head{{"format", kFormat}, {"version", kVersion}, {"revision", revision}};
    std::string out = json::serialize(head) + '\n';
    for (const auto& [key, entry] : entries) {
        const json::object line{{"key", to_base64(key)}, {"value", to_base64(entry.value)}};
        out += json::serialize(line) + '\n';
    }
    const json::object tail{{"entries", entries.size()}, {"sha256", to_hex(crypto::sha256(out))}};
    return out + json::serialize(tail) + '\n';
}

// The directory has room for these and nothing else (I3).
bool is_of_the_directory(const kv::Entry& entry) {
    const std::string& key = entry.key;
    if (key.starts_with("k/")) return key.size() == 2 + kSubjectKeyBytes && decode(entry.value);
    if (key.starts_with("f/")) return key.size() == 2 + kClaimIdBytes && decode_fence(entry.value);
    return key.starts_with(kKeyRecordPrefix) && decode_key(entry);
}

Result<kv::Write> parse_entry(std::string_view text, std::size_t line) {
    const auto object = parse_json_object(text);
    if (!object) return malformed(line, "is no JSON");
    const auto key = require_string(*object, "key"), value = require_string(*object, "value");
    if (!key || !value) return malformed(line, "is no entry");
    auto key_bytes = from_base64(*key), value_bytes = from_base64(*value);
    if (!key_bytes || !value_bytes) return malformed(line, "is not in base64");
    if (!is_of_the_directory({*key_bytes, *value_bytes, 0, 0}))
        return malformed(line, "is no entry of a directory");
    return kv::Write{std::move(*key_bytes), std::move(*value_bytes)};
}

Result<void> check_head(std::string_view text) {
    const auto head = parse_json_object(text);
    if (!head || require_string(*head, "format").value_or("") != kFormat)
        return fail(Code::malformed, "This is no export of a directory.");
    if (optional_int(*head, "version").value_or(std::nullopt) != kVersion)
        return fail(Code::unsupported, "The export is of a newer version.");
    return {};
}

Result<void> check_tail(std::string_view before, std::string_view text, std::size_t entries) {
    const auto tail = parse_json_object(text);
    const bool whole =
        tail &&
        optional_int(*tail, "entries").value_or(std::nullopt) ==
            static_cast<std::int64_t>(entries) &&
        require_string(*tail, "sha256").value_or("") == to_hex(crypto::sha256(before));
    if (!whole) return fail(Code::malformed, "The export is not whole, or was changed.");
    return {};
}

Result<std::vector<kv::Write>> parse(const std::string& text) {
    std::vector<std::string_view> lines;
    std::size_t from = 0;
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', from)) {
        lines.push_back(std::string_view(text).substr(from, end - from));
        from = end + 1;
    }
    if (lines.empty() || from != text.size())
        return fail(Code::malformed, "The export is not whole.");
    TRY_VOID(check_head(lines.front()));
    if (lines.size() < 2) return fail(Code::malformed, "The export is not whole.");
    const auto before = static_cast<std::size_t>(lines.back().data() - text.data());
    TRY_VOID(check_tail(std::string_view(text).substr(0, before), lines.back(), lines.size() - 2));
    std::vector<kv::Write> out;
    for (std::size_t i = 1; i + 1 < lines.size(); ++i) {
        TRY(kv::Write write, parse_entry(lines[i], i + 1));
        out.push_back(std::move(write));
    }
    return out;
}

using Batch = std::vector<kv::Write>;

// Those that are not there yet, all at once; until none of them is left.
io::Task<Result<void>> write_batch(kv::Store& store, Batch batch, Imported& report) {
    while (!batch.empty()) {
        kv::Transaction transaction;
        for (const kv::Write& write : batch)
            transaction.compares.push_back({kv::Compare::Kind::absent, write.key, "", 0});
        transaction.writes = batch;
        transaction.repeatable = true;
        CO_TRY(const kv::TransactionResult result, co_await store.commit(std::move(transaction)));
        if (result.applied) {
            report.written += batch.size();
            co_return Result<void>();
        }
        Batch left;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            if (!result.current[i]) {
                left.push_back(std::move(batch[i]));
            } else {
                const bool same = result.current[i]->value == *batch[i].value;
                ++(same ? report.present : report.conflicts);
            }
        }
        batch = std::move(left);
    }
    co_return Result<void>();
}

}  // namespace

// What was read page by page is of several revisions; the changes since the first one make it that
// of the last.
io::Task<Result<Exported>> export_all(kv::Store& store) {
    CO_TRY(std::int64_t revision, co_await revision_of(store));
    CO_TRY(Entries entries, co_await read_all(store));
    CO_TRY(const std::int64_t target, co_await revision_of(store));
    while (revision < target) {
        CO_TRY(auto news, co_await store.changes(revision, kPage));
        if (news.empty()) break;  // what counted the revision on is not ours
        revision = news.back().entry.revision;
        for (kv::Change& change : news) take(entries, std::move(change));
    }
    Exported out;
    out.entries = entries.size();
    out.revision = std::max(revision, target);
    out.text = print(entries, out.revision);
    co_return out;
}

io::Task<Result<Imported>> import_all(kv::Store& store, std::string text) {
    CO_TRY(std::vector<kv::Write> all, parse(text));
    Imported report;
    for (std::size_t from = 0; from < all.size(); from += kv::kTransactionItemsMax) {
        Batch batch;
        const std::size_t end = std::min(all.size(), from + kv::kTransactionItemsMax);
        for (std::size_t i = from; i < end; ++i) batch.push_back(std::move(all[i]));
        CO_TRY_VOID(co_await write_batch(store, std::move(batch), report));
    }
    co_return report;
}

}  // namespace domicile::directory
