// What people do with their own account, signed in: attributes, and leaving. Another e-mail address
// is in home_address.cc.
#include <algorithm>
#include <iterator>

#include "identity/home.h"
#include "identity/validation.h"

namespace domicile::identity {
namespace {

// The address that is asked for, out of the attributes.
std::optional<std::string> take_address(Attributes& attributes) {
    const auto found = attributes.find("email");
    if (found == attributes.end() || found->second.empty()) return std::nullopt;
    std::string out = std::move(found->second);
    attributes.erase(found);
    return out;
}

}  // namespace

io::Task<Result<CodeDeliveries>> Home::update_attributes(AttributesRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(UserRow row, co_await own_user(token));
    CO_TRY(const ClientOfPool client, find_client(p_.config, token->client_id));
    const config::Pool& pool = *client.pool;
    CO_TRY_VOID(check_own_attributes(pool, *client.client, request.attributes));
    CO_TRY_VOID(check_changes(pool, request.attributes));
    const auto keys = keys_of(row);
    const auto address = take_address(request.attributes);
    change_attributes(request.attributes, row.attributes);
    const bool is_present = address && is_address_of(row, Medium::email, *address);
    if (is_present) row.attributes["email"] = *address;  // maybe written in another way
    if (keys_of(row) != keys) {
        co_return fail(Code::invalid_argument,
                       "A phone number that people are found by cannot be changed, nor an e-mail "
                       "address taken away.",
                       reason::kSchema);
    }
    CO_TRY_VOID(check_stays(pool, row.attributes));
    CodeDeliveries out;
    std::vector<sql::Statement> offer;
    const bool wants = address && !is_present;
    if (wants) {
        MailFor what{&pool, MailKind::verification, "CustomMessage_UpdateUserAttribute",
                     client.client->id, std::move(request.client_metadata)};
        CO_TRY(offer, co_await offer_address(&pool, row, Medium::email, *address, std::move(what)));
        out.sent.push_back(delivery_to(*address));
    }
    const auto done = co_await write_account(row, std::move(offer));
    // The key that was claimed is for nothing then; what fails here is left to upkeep().
    if (!done && wants) (void)co_await claims_.abandon(row.address_changes.at("email").change_id);
    CO_TRY_VOID(done);
    co_return out;
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
