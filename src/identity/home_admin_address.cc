// Other addresses that an administrator says: in force at once, without a code (ADR 0036). Their
// keys come to the person by the steps of a change that was proven (ADR 0022), in one go: what the
// row is to become, the offer and the mark that it is being made are one commit, so that a crash
// leaves nothing that waits for a code which nobody has.
#include <algorithm>
#include <iterator>

#include "directory/record.h"
#include "identity/addresses.h"
#include "identity/home.h"

namespace domicile::identity {
namespace {

using Keys = std::vector<directory::SubjectKey>;

Keys without(Keys keys, const Keys& others) {
    std::erase_if(keys,
                  [&](const auto& key) { return std::ranges::find(others, key) != others.end(); });
    return keys;
}

std::string named(const AddressChanges& wanted) {
    return wanted.size() == 1 ? wanted.begin()->first : "email or phone_number";
}

}  // namespace

std::unexpected<Error> alias_exists(const std::string& attribute) {
    return fail(Code::already_exists, "An account with the given " + attribute + " already exists.",
                reason::kAliasExists);
}

// Those that become others, or go. The same one in another writing is no change, and nothing of an
// external person's is: what leads to them is their provider's.
Result<AddressChanges> Home::readdressed(const UserRow& row, const Attributes& said) const {
    AddressChanges out;
    for (const Medium medium : kMedia) {
        const std::string attribute = attribute_of(medium);
        const auto found = said.find(attribute);
        if (row.external || found == said.end()) continue;
        const bool goes = found->second.empty();
        if (goes && !row.attributes.contains(attribute)) continue;
        if (is_address_of(row, medium, found->second)) continue;
        const auto flag = said.find(flag_of(medium));
        AddressChange& change = out[attribute];
        change.value = found->second;
        change.proven = flag != said.end() && flag->second == "true";
        if (!goes) {
            TRY(change.renames, renames(row, medium));
        }
    }
    return out;
}

// The person may have asked for the same address, and holds its key then without having proven it.
io::Task<Result<void>> Home::end_wishes(UserRow row, AddressChanges wanted) {
    for (const auto& [attribute, change] : wanted) {
        const auto wish = row.address_changes.find(attribute);
        if (wish == row.address_changes.end() || wish->second.taken) continue;
        const auto key = [&](const std::string& value) {
            return keeper_of(row.pool).key(row.pool, kind_of(*medium_of(attribute)), value);
        };
        if (key(wish->second.value) != key(change.value)) continue;
        const auto ended = co_await claims_.release(wish->second.change_id);
        const bool was_over = !ended && ended.error().code == Code::failed_precondition;
        if (!ended && !was_over) co_return std::unexpected(ended.error());
    }
    co_return Result<void>();
}

io::Task<Result<void>> Home::readdress(UserRow row, AddressChanges wanted) {
    if (wanted.empty()) co_return co_await write_administered(std::move(row), Also::nothing);
    UserRow next = row;
    for (const auto& [attribute, change] : wanted) next.address_changes[attribute] = change;
    next = with_change(std::move(next), std::string());
    const Keys before = keys_of(row), after = keys_of(next);
    Keys added = without(after, before), dropped = without(before, after);
    if (added.empty() && dropped.empty()) {
        co_return co_await write_administered(std::move(next), Also::nothing);
    }
    if (!row.confirmed) {
        co_return fail(Code::invalid_argument,
                       "The addresses of a user who is not confirmed cannot be changed.",
                       reason::kSchema);
    }
    if (added.empty()) {
        // A claim has a key: one of nobody's, which goes with the old ones.
        added.push_back({p_.random.bytes(directory::kSubjectKeyBytes)});
        dropped.push_back(added.front());
    }
    CO_TRY_VOID(co_await end_wishes(row, wanted));
    auto held = co_await begin_claim(std::move(added), row.pool);
    const bool taken = !held && held.error().code == Code::already_exists;
    if (taken) co_return alias_exists(named(wanted));
    if (!held) co_return std::unexpected(held.error());
    co_return co_await hand_over(std::move(row), std::move(*held), std::move(wanted),
                                 std::move(dropped));
}

io::Task<Result<void>> Home::hand_over(UserRow row, directory::ClaimHandle held,
                                       AddressChanges wanted, Keys dropped) {
    // Codes that went to what is no more, or is not wanted any more, open nothing.
    std::vector<sql::Statement> batch;
    const std::string name = users_.username_index(row.pool, row.username);
    batch.push_back(codes_.removal({kResetPurpose, name}));
    std::vector<std::string> instead_of;
    for (auto& [attribute, change] : wanted) {
        const auto before = row.address_changes.find(attribute);
        if (before != row.address_changes.end()) instead_of.push_back(before->second.change_id);
        batch.push_back(codes_.removal({purpose_of(*medium_of(attribute)), row.sub}));
        change.change_id = held.claim_id;
        row.address_changes[attribute] = std::move(change);
    }
    CO_TRY(sql::Statement replacement, co_await users_.replacement(row));
    batch.insert(batch.begin(), std::move(replacement));
    auto offer = directory::Claims::offered(held.claim_id, row.claim_id, instead_of);
    std::ranges::move(offer, std::back_inserter(batch));
    auto done =
        co_await claims_.change(held.claim_id, row.claim_id, std::move(dropped), std::move(batch));
    if (done) co_return Result<void>();
    // Nothing where the change is on record: upkeep() finishes that.
    (void)co_await claims_.abandon(held.claim_id);
    if (done.error().reason == directory::kReasonClaimState) {
        co_return fail(Code::resource_exhausted, "Something else changed it at the same time.");
    }
    const bool lost = done.error().code == Code::failed_precondition;
    if (lost) co_return fail(Code::unavailable, "The change took too long.");
    co_return done;
}

}  // namespace domicile::identity
