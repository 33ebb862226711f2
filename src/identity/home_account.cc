// What people do with their own account, signed in: attributes, and leaving. Another e-mail address
// is in home_address.cc.
#include <algorithm>
#include <iterator>

#include "identity/addresses.h"
#include "identity/home.h"
#include "identity/validation.h"

namespace domicile::identity {
io::Task<Result<CodeDeliveries>> Home::update_attributes(AttributesRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(UserRow row, co_await own_user(token));
    CO_TRY(const ClientOfPool client, find_client(p_.config, token->client_id));
    const config::Pool& pool = *client.pool;
    CO_TRY_VOID(check_own_attributes(pool, *client.client, request.attributes));
    CO_TRY_VOID(check_changes(pool, request.attributes));
    const auto keys = keys_of(row);
    const auto wishes = take_wishes(pool, row, request.attributes);
    change_attributes(request.attributes, row.attributes);
    if (keys_of(row) != keys) {
        co_return fail(Code::invalid_argument,
                       "A phone number that people are found by cannot be changed without a code, "
                       "nor an address taken away.",
                       reason::kSchema);
    }
    CO_TRY_VOID(check_stays(pool, row.attributes));
    CodeDeliveries out;
    std::vector<sql::Statement> offers;
    Result<void> done;
    for (const auto& [medium, address] : wishes) {
        MailFor what{&pool, MailKind::verification, "CustomMessage_UpdateUserAttribute",
                     client.client->id, request.client_metadata};
        auto offer = co_await offer_address(&pool, row, medium, address, std::move(what));
        if (!offer) done = std::unexpected(offer.error());
        if (!offer) break;
        std::ranges::move(*offer, std::back_inserter(offers));
        const Address shown{medium, address};
        out.sent.push_back(delivery_to(shown));
    }
    if (done) done = co_await write_account(row, std::move(offers));
    // The keys that were claimed are for nothing then; what fails here is left to upkeep().
    for (const auto& wish : wishes) {
        const auto claimed = row.address_changes.find(attribute_of(wish.first));
        if (done || claimed == row.address_changes.end()) continue;
        (void)co_await claims_.abandon(claimed->second.change_id);
    }
    CO_TRY_VOID(done);
    co_return out;
}

// Of those that may be proven. The present one may be written in another way at once.
std::map<Medium, std::string> Home::take_wishes(const config::Pool& pool, const UserRow& row,
                                                Attributes& asked) const {
    std::map<Medium, std::string> out;
    for (const Medium medium : kMedia) {
        const auto found = asked.find(attribute_of(medium));
        if (found == asked.end() || found->second.empty()) continue;
        if (medium == Medium::sms && (!pool.sms || row.external)) continue;
        if (is_address_of(row, medium, found->second)) continue;
        out[medium] = std::move(found->second);
        asked.erase(found);
    }
    return out;
}

io::Task<Result<void>> Home::write_account(UserRow row, std::vector<sql::Statement> with) {
    CO_TRY(sql::Statement replacement, co_await users_.replacement(std::move(row)));
    with.insert(with.begin(), std::move(replacement));
    CO_TRY_VOID(co_await write_changes(std::move(with)));
    co_return Result<void>();
}

io::Task<Result<Done>> Home::delete_own(AccessTokenRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(UserRow row, co_await own_user(token));
    audit::Event event{"account_deleted", {{"pool", row.pool}, {"home", p_.region}}};
    CO_TRY_VOID(co_await p_.audit.record(std::move(event)));
    CO_TRY_VOID(co_await remove_person(std::move(row)));
    co_return Done{};
}

}  // namespace domicile::identity
