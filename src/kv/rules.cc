#include "kv/rules.h"

#include <set>

namespace domicile::kv {
namespace {

Result<void> check_key(const std::string& key) {
    if (key.empty()) return fail(Code::invalid_argument, "A key must not be empty.");
    if (key.size() > kKeyBytesMax) return fail(Code::too_large, "A key is longer than 512 bytes.");
    return {};
}

}  // namespace

Result<void> check_bounds(const Transaction& transaction) {
    if (transaction.compares.size() > kTransactionItemsMax ||
        transaction.writes.size() > kTransactionItemsMax)
        return fail(Code::invalid_argument, "A transaction has at most 64 compares and 64 writes.");
    for (const Compare& compare : transaction.compares) TRY_VOID(check_key(compare.key));
    std::set<std::string_view> written;
    for (const Write& write : transaction.writes) {
        TRY_VOID(check_key(write.key));
        if (write.value && write.value->size() > kValueBytesMax)
            return fail(Code::too_large, "A value is longer than 64 KiB.");
        if (!written.insert(write.key).second)
            return fail(Code::invalid_argument, "A transaction writes each key at most once.");
    }
    return {};
}

bool holds(const Compare& compare, const std::optional<Entry>& current) {
    switch (compare.kind) {
        case Compare::Kind::absent:
            return !current.has_value();
        case Compare::Kind::present:
            return current.has_value();
        case Compare::Kind::value_is:
            return current && current->value == compare.value;
        case Compare::Kind::revision_is:
            return current && current->revision == compare.revision;
    }
    return false;
}

std::optional<std::string> prefix_end(std::string prefix) {
    while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
    if (prefix.empty()) return std::nullopt;
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
    return prefix;
}

std::unexpected<Error> compacted() {
    return fail(Code::failed_precondition, "The changes asked for are no longer kept.",
                std::string(kReasonCompacted));
}

io::Task<Result<void>> Store::keep_present(std::string, std::string, Seconds) {
    co_return fail(Code::unsupported, "This store has no leases.");
}

}  // namespace domicile::kv
