// The messages of etcd's v3 JSON gateway (etcd API reference, "etcdserverpb"): pure, no I/O. Keys
// and values are base64, 64-bit numbers are texts, and what has its default value is left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "kv/store.h"

namespace domicile::kv::etcd {

// What kv calls a key is behind the store's prefix in etcd.
json::object encode_transaction(const Transaction& transaction, const std::string& prefix);
Result<TransactionResult> decode_transaction(const json::object& response,
                                             const Transaction& transaction,
                                             const std::string& prefix);

json::object encode_get(const std::string& key, const std::string& prefix);
// Keys that start with `under` and are greater than `after`; nullopt when there can be none.
std::optional<json::object> encode_range(const std::string& under, const std::string& after,
                                         std::size_t limit, const std::string& prefix);
// The answer to encode_get(), or one of those of a transaction: of this key, or none.
Result<std::optional<Entry>> decode_one(const json::object& response, const std::string& key,
                                        const std::string& prefix);
Result<std::vector<Entry>> decode_entries(const json::object& response, const std::string& prefix);

// All keys of the store, changes of `after` and later: the one at `after` itself is asked for too,
// since etcd tells that it has compacted only what lies before the first revision asked for, and
// 3.4 drops a deletion at the revision compacted at.
json::object encode_watch(std::int64_t after, const std::string& prefix);

struct WatchMessage {
    std::int64_t revision = 0;  // of the store
    bool created = false;
    bool ended = false;  // the watch is over; `compacted`: since its start is no longer kept
    bool compacted = false;
    std::vector<Change> changes;
};
// One line of the stream.
Result<WatchMessage> decode_watch(std::string_view line, const std::string& prefix);

// Whether the answer to a keep-alive says that the lease is there; an ended one has no time left.
bool lease_lives(const json::object& response);

// What an answer that is no success means.
enum class Refusal : std::uint8_t {
    final,        // the same again would be refused again
    not_done,     // surely not carried out, and another member, or this one later, may do it
    stale_token,  // not carried out: the token is no longer good
    unknown,      // may have been carried out, or may yet be
};
struct Refused {
    Refusal kind;
    Error error;
};
Refused decode_error(int status, std::string_view body);

std::int64_t number_of(const json::object& object, std::string_view name);  // 0 when absent or bad
std::int64_t revision_of(const json::object& response);                     // of its header

}  // namespace domicile::kv::etcd
