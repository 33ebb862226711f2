// Users of other providers linked with people who are here, by administrators (ADR 0031). The key
// of the provider's user is claimed and handed to the person's claim, as that of a new address is
// (ADR 0022); taken away, it is nobody's.
#include "identity/external.h"
#include "identity/home.h"
#include "identity/links.h"

namespace domicile::identity {
namespace {

std::unexpected<Error> refused(std::string text) {
    return fail(Code::invalid_argument, std::move(text), reason::kSchema);
}

std::unexpected<Error> unknown_user() {
    return fail(Code::not_found, "User does not exist.", reason::kUserUnknown);
}

std::unexpected<Error> busy() {
    return fail(Code::resource_exhausted, "Something else changed it at the same time.");
}

// The change was not made, and is not on record: something else came first.
bool is_overtaken(const Error& error) {
    return error.reason == directory::kReasonClaimState ||
           error.reason == directory::kReasonClaimLost;
}

Result<void> check_link(const config::Pool& pool, const UserRow& row, const ExternalIdentity& who) {
    if (pool.identity_providers.find(who.provider) == nullptr) {
        return refused("The pool has no identity provider " + who.provider + ".");
    }
    if (!row.confirmed) {
        return fail(Code::failed_precondition, "User is not confirmed.", reason::kNotConfirmed);
    }
    if (is_named_by(row, who)) return refused("SourceUser is already linked to DestinationUser");
    if (row.links.size() < kLinksMax) return {};
    return fail(Code::resource_exhausted,
                "A user can have " + std::to_string(kLinksMax) + " linked users at most.",
                reason::kTooManyLinks);
}

}  // namespace

directory::SubjectKey Home::key_of(const std::string& pool, const ExternalIdentity& who) const {
    const std::string name = external_username(who.provider, who.subject);
    return keeper_of(pool).key(pool, directory::kind_of_username(name), name);
}

// Of the provider's user, as far as there is one: themselves, or whom they are linked with.
io::Task<Result<std::optional<UserRow>>> Home::named_by(std::string pool, ExternalIdentity who) {
    const std::string name = external_username(who.provider, who.subject);
    CO_TRY(auto row, co_await users_.find(pool, name));
    if (!row) {
        CO_TRY(row, co_await users_.find_linked(std::move(pool), name));
    }
    if (row && !is_named_by(*row, who)) {
        co_return fail(Code::unauthenticated, "The account is not this person's.",
                       reason::kProviderAnswer);
    }
    co_return row;
}

io::Task<Result<Done>> Home::admin_link(AdminLinkRequest request) {
    CO_TRY(UserRow row, co_await administered("AdminLinkProviderForUser", request.who, request.pool,
                                              request.username));
    CO_TRY(const config::Pool* pool, find_pool(p_.config, request.pool));
    ExternalIdentity who{std::move(request.provider), std::move(request.subject)};
    CO_TRY_VOID(check_link(*pool, row, who));
    std::vector<directory::SubjectKey> keys;
    keys.push_back(key_of(row.pool, who));
    const auto held = co_await begin_claim(std::move(keys), row.pool);
    if (!held && held.error().code == Code::already_exists) {
        co_return refused(
            "Merging is not currently supported, provide a SourceUser that has not been signed up "
            "in order to link");
    }
    CO_TRY_VOID(held);
    // One wish at a time: that for another address ends.
    row.email_change.reset();
    row.link_change = LinkChange{std::move(who), held->claim_id};
    const auto done = co_await hand_over(std::move(row));
    if (done) co_return Done{};
    // Nothing where it is on record: then it is finished later.
    (void)co_await claims_.abandon(held->claim_id);
    if (is_overtaken(done.error())) co_return busy();
    co_return std::unexpected(done.error());
}

io::Task<Result<void>> Home::hand_over(UserRow row) {
    const std::string change_id = row.link_change->change_id, claim_id = row.claim_id;
    CO_TRY(sql::Statement replacement, co_await users_.replacement(std::move(row)));
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(replacement));
    auto offered = directory::Claims::offered(change_id, claim_id);
    batch.insert(batch.end(), offered.begin(), offered.end());
    std::vector<directory::SubjectKey> none;
    co_return co_await claims_.change(change_id, claim_id, std::move(none), std::move(batch));
}

io::Task<Result<Done>> Home::admin_unlink(AdminLinkRequest request) {
    CO_TRY_VOID(find_pool(p_.config, request.pool));
    CO_TRY_VOID(co_await on_record("AdminDisableProviderForUser", request.who, request.pool));
    const ExternalIdentity who{std::move(request.provider), std::move(request.subject)};
    CO_TRY(auto row, co_await named_by(request.pool, who));
    if (!row) co_return unknown_user();
    if (row->external == who) {
        co_return refused("The user is linked with nobody: disable the user instead.");
    }
    std::erase_if(row->links, [&](const LinkedIdentity& link) { return link.who == who; });
    show_identities(*row);
    CO_TRY(sql::Statement replacement, co_await users_.replacement(*row));
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(replacement));
    batch.push_back(users_.unlinking(*row, who));
    std::vector<directory::SubjectKey> keys;
    keys.push_back(key_of(row->pool, who));
    const auto done =
        co_await claims_.drop(row->claim_id, row->pool, std::move(keys), std::move(batch));
    if (!done && is_overtaken(done.error())) co_return busy();
    CO_TRY_VOID(done);
    co_return Done{};
}

}  // namespace domicile::identity
