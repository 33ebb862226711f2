#include "kv/etcd_codec.h"

#include <charconv>

#include "base/encoding.h"
#include "kv/rules.h"

namespace domicile::kv::etcd {
namespace {

constexpr std::size_t kLineBytesMax = 64 << 20;

std::unexpected<Error> malformed() {
    return fail(Code::unavailable, "etcd sent an answer that cannot be read.", "malformed_answer");
}

json::object compare_version(const std::string& key, const char* result) {
    return {{"key", key}, {"target", "VERSION"}, {"result", result}, {"version", "0"}};
}

void append_compare(json::array& out, const Compare& compare, const std::string& prefix) {
    const std::string key = to_base64(prefix + compare.key);
    switch (compare.kind) {
        case Compare::Kind::absent:
            out.push_back(compare_version(key, "EQUAL"));
            return;
        case Compare::Kind::present:
            out.push_back(compare_version(key, "GREATER"));
            return;
        case Compare::Kind::value_is:
            out.push_back({{"key", key},
                           {"target", "VALUE"},
                           {"result", "EQUAL"},
                           {"value", to_base64(compare.value)}});
            return;
        case Compare::Kind::revision_is:
            // An absent key has revision 0 for etcd, and none for us.
            out.push_back(compare_version(key, "GREATER"));
            out.push_back({{"key", key},
                           {"target", "MOD"},
                           {"result", "EQUAL"},
                           {"mod_revision", std::to_string(compare.revision)}});
            return;
    }
}

json::object encode_write(const Write& write, const std::string& prefix) {
    const std::string key = to_base64(prefix + write.key);
    if (!write.value) return {{"request_delete_range", json::object{{"key", key}}}};
    const json::object put{{"key", key}, {"value", to_base64(*write.value)}};
    return {{"request_put", put}};
}

Result<std::string> bytes_of(const json::object& object, std::string_view name) {
    const json::value* text = object.if_contains(name);
    if (text == nullptr) return std::string();
    if (!text->is_string()) return malformed();
    auto bytes = from_base64(text->get_string());
    if (!bytes) return malformed();
    return std::move(*bytes);
}

Result<Entry> decode_entry(const json::value& from, const std::string& prefix) {
    if (!from.is_object()) return malformed();
    const json::object& kv = from.get_object();
    Entry out;
    TRY(out.key, bytes_of(kv, "key"));
    if (!out.key.starts_with(prefix)) return malformed();
    out.key.erase(0, prefix.size());
    TRY(out.value, bytes_of(kv, "value"));
    out.create_revision = number_of(kv, "create_revision");
    out.revision = number_of(kv, "mod_revision");
    if (out.revision <= 0) return malformed();
    return out;
}

const json::array& array_of(const json::object& object, std::string_view name) {
    static const json::array none;
    const json::value* found = object.if_contains(name);
    return found != nullptr && found->is_array() ? found->get_array() : none;
}

const json::object& object_of(const json::object& object, std::string_view name) {
    static const json::object none;
    const json::value* found = object.if_contains(name);
    return found != nullptr && found->is_object() ? found->get_object() : none;
}

bool flag_of(const json::object& object, std::string_view name) {
    const json::value* found = object.if_contains(name);
    return found != nullptr && found->is_bool() && found->get_bool();
}

Result<Change> decode_event(const json::value& from, const std::string& prefix) {
    if (!from.is_object()) return malformed();
    const json::object& event = from.get_object();
    const json::value* kv = event.if_contains("kv");
    if (kv == nullptr) return malformed();
    Change out;
    TRY(out.entry, decode_entry(*kv, prefix));
    const json::value* type = event.if_contains("type");
    out.deleted = type != nullptr && type->is_string() && type->get_string() == "DELETE";
    return out;
}

bool mentions(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// grpc/status codes, as far as etcd sends them.
constexpr std::int64_t kInvalidArgument = 3;
constexpr std::int64_t kResourceExhausted = 8;
constexpr std::int64_t kUnauthenticated = 16;

Refused refused(Refusal kind, Code code, std::string message, std::string reason = {}) {
    return {kind, Error{code, std::move(message), std::move(reason)}};
}

}  // namespace

std::int64_t number_of(const json::object& object, std::string_view name) {
    const json::value* found = object.if_contains(name);
    if (found == nullptr) return 0;
    if (found->is_int64()) return found->get_int64();
    if (!found->is_string()) return 0;
    const std::string_view text = found->get_string();
    std::int64_t out = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    return read.ec == std::errc() && read.ptr == text.data() + text.size() ? out : 0;
}

std::int64_t revision_of(const json::object& response) {
    return number_of(object_of(response, "header"), "revision");
}

// etcd reads the keys of a transaction by quorum when it writes or has a range that asks for it; a
// transaction of compares only, or of nothing, would be answered from a member's own state. The
// ranges of the other branch are enough for the former, an own one is needed for the latter.
json::object encode_transaction(const Transaction& transaction, const std::string& prefix) {
    json::array compares, writes, reads;
    for (const Compare& compare : transaction.compares) {
        append_compare(compares, compare, prefix);
        const json::object range{{"key", to_base64(prefix + compare.key)}};
        reads.push_back(json::object{{"request_range", range}});
    }
    for (const Write& write : transaction.writes) writes.push_back(encode_write(write, prefix));
    if (compares.empty() && writes.empty()) {
        const json::object range{{"key", to_base64(prefix)}, {"keys_only", true}};
        writes.push_back(json::object{{"request_range", range}});
    }
    return {{"compare", std::move(compares)},
            {"success", std::move(writes)},
            {"failure", std::move(reads)}};
}

Result<TransactionResult> decode_transaction(const json::object& response,
                                             const Transaction& transaction,
                                             const std::string& prefix) {
    TransactionResult out{.applied = flag_of(response, "succeeded"),
                          .revision = revision_of(response),
                          .current = {}};
    if (out.revision <= 0) return malformed();
    if (out.applied) return out;
    const json::array& responses = array_of(response, "responses");
    if (responses.size() != transaction.compares.size()) return malformed();
    for (std::size_t i = 0; i < responses.size(); ++i) {
        if (!responses[i].is_object()) return malformed();
        const json::object& range = object_of(responses[i].get_object(), "response_range");
        TRY(auto entry, decode_one(range, transaction.compares[i].key, prefix));
        out.current.push_back(std::move(entry));
    }
    return out;
}

Result<std::optional<Entry>> decode_one(const json::object& response, const std::string& key,
                                        const std::string& prefix) {
    TRY(auto entries, decode_entries(response, prefix));
    if (entries.empty()) return std::nullopt;
    if (entries.size() != 1 || entries[0].key != key) return malformed();
    return std::move(entries[0]);
}

json::object encode_get(const std::string& key, const std::string& prefix) {
    return {{"key", to_base64(prefix + key)}};
}

std::optional<json::object> encode_range(const std::string& under, const std::string& after,
                                         std::size_t limit, const std::string& prefix) {
    const std::string first = after < under ? prefix + under : prefix + after + '\0';
    const auto end = prefix_end(prefix + under);
    if (limit == 0 || (end && first >= *end)) return std::nullopt;
    return json::object{{"key", to_base64(first)},
                        {"range_end", to_base64(end.value_or(std::string(1, '\0')))},
                        {"limit", std::to_string(limit)}};
}

Result<std::vector<Entry>> decode_entries(const json::object& response, const std::string& prefix) {
    std::vector<Entry> out;
    for (const json::value& kv : array_of(response, "kvs")) {
        TRY(Entry entry, decode_entry(kv, prefix));
        out.push_back(std::move(entry));
    }
    return out;
}

json::object encode_watch(std::int64_t after, const std::string& prefix) {
    const json::object create{
        {"key", to_base64(prefix)},
        {"range_end", to_base64(prefix_end(prefix).value_or(std::string(1, '\0')))},
        {"start_revision", std::to_string(std::max<std::int64_t>(after, 1))},
        {"progress_notify", true}};
    return {{"create_request", create}};
}

Result<WatchMessage> decode_watch(std::string_view line, const std::string& prefix) {
    const auto parsed = parse_json_object(line, {.bytes_max = kLineBytesMax});
    if (!parsed) return malformed();
    if (parsed->contains("error"))
        return fail(Code::unavailable, "etcd ended the watch.", "watch_ended");
    const json::object& result = object_of(*parsed, "result");
    WatchMessage out;
    out.revision = revision_of(result);
    out.created = flag_of(result, "created");
    out.compacted = number_of(result, "compact_revision") != 0;
    out.ended = flag_of(result, "canceled");
    for (const json::value& event : array_of(result, "events")) {
        TRY(Change change, decode_event(event, prefix));
        out.changes.push_back(std::move(change));
    }
    return out;
}

bool lease_lives(const json::object& response) {
    return number_of(object_of(response, "result"), "TTL") > 0;
}

// What etcd thinks of our credentials is no statement about whoever asked us: for them the
// directory is down. Texts are etcd's (etcdserver/api/v3rpc/rpctypes/error.go); they hold no data.
Refused decode_error(int status, std::string_view body) {
    const auto parsed = parse_json_object(body);
    std::string text;
    std::int64_t grpc = 0;
    if (mentions(body, "CommonName of client"))
        return refused(
            Refusal::final, Code::unavailable,
            "etcd takes no certificate with a Common Name from a client that has a user: "
            "docs/directory.md.",
            "engine_credentials");
    if (parsed) {
        text = require_string(*parsed, "error").value_or("");
        grpc = number_of(*parsed, "code");
    }
    if (mentions(text, "invalid auth token") || mentions(text, "revision of auth store is old"))
        return refused(Refusal::stale_token, Code::unavailable, "etcd no longer takes the token.");
    if (mentions(text, "no leader") || mentions(text, "not capable"))
        return refused(Refusal::not_done, Code::unavailable, "The etcd cluster has no leader.");
    if (mentions(text, "permission denied") || mentions(text, "authentication") ||
        mentions(text, "user name is empty") || grpc == kUnauthenticated)
        return refused(Refusal::final, Code::unavailable,
                       "etcd refuses the configured user: " + text, "engine_credentials");
    if (mentions(text, "has been compacted")) {
        return {Refusal::final, std::move(compacted().error())};
    }
    if (mentions(text, "already exists"))
        return refused(Refusal::final, Code::already_exists, "It is there already: " + text);
    if (mentions(text, "request is too large"))
        return refused(Refusal::final, Code::too_large, "The transaction is too large for etcd.");
    if (mentions(text, "database space exceeded"))
        return refused(Refusal::final, Code::unavailable,
                       "etcd's quota is used up: compact, defragment, disarm its alarm.", "quota");
    if (grpc == kResourceExhausted || mentions(text, "too many requests"))
        return refused(Refusal::not_done, Code::resource_exhausted, "etcd has too much to do.");
    if (grpc == kInvalidArgument)
        return refused(Refusal::final, Code::internal, "etcd does not accept a request: " + text);
    if (status == 404 && grpc == 0)
        return refused(Refusal::final, Code::unavailable,
                       "There is no etcd v3 JSON gateway at this address.", "no_gateway");
    return refused(Refusal::unknown, Code::unavailable, "etcd could not answer: " + text);
}

}  // namespace domicile::kv::etcd
