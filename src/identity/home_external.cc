// People whom another OpenID provider names, at their home. The provider's proof is checked here
// again, whichever region brings it. Somebody new is made in one go, confirmed: their user name is
// the provider's and what it calls them, and an address that it vouches for is theirs alone. Nobody
// is linked with an account that is there already, unless an administrator said so (home_links.cc):
// whoever holds an address elsewhere may not be who holds it here.
#include <algorithm>

#include "directory/record.h"
#include "identity/external.h"
#include "identity/home.h"
#include "identity/links.h"
#include "identity/validation.h"

namespace domicile::identity {
namespace {

std::unexpected<Error> busy() {
    return fail(Code::unavailable, "Something else is under way for this person.");
}

bool is_address(std::string_view name) { return name == "email" || name == "email_verified"; }

bool is_fixed(const config::Pool& pool, const std::string& name) {
    return std::ranges::any_of(pool.attributes, [&](const config::Attribute& one) {
        return one.name == name && !one.is_mutable;
    });
}

}  // namespace

io::Task<Result<Authorized>> Home::oauth_external(BrowserExternal request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.asked.client_id));
    CO_TRY_VOID(check_authorization(*client.client, request.asked));
    std::string provider = request.proof.provider;
    if (p_.providers == nullptr || !client.client->oauth->takes_provider(provider)) {
        co_return fail(Code::not_found, "There is no such identity provider.",
                       reason::kProviderUnknown);
    }
    CO_TRY(ExternalPerson person,
           co_await p_.providers->identify(client.pool, std::move(request.proof)));
    const ExternalIdentity who{provider, person.subject};
    CO_TRY(auto row, co_await named_by(client.pool->id_suffix, who));
    // Who is linked stays as they are: what a provider says of them is not theirs to take over.
    const bool is_own = row && row->external == who;
    if (is_own) {
        CO_TRY(row, co_await refresh_external(client.pool, std::move(*row),
                                              std::move(person.attributes)));
    } else if (!row) {
        // As the region of the browser saw it when it asked (oauth_external.cc).
        const std::string& country = client.pool->country_attribute;
        const bool placed =
            home_for(p_.policy, *client.pool, person.attributes, p_.region).home.has_value();
        if (!placed || person.attributes[country].empty()) person.attributes.erase(country);
        for (auto& [name, value] : request.answers) {
            if (name == "email_verified" || name == "phone_number_verified") continue;
            person.attributes.try_emplace(name, std::move(value));
        }
        CO_TRY(row, co_await make_external(client, std::move(person), std::move(provider)));
    }
    if (!row->confirmed) co_return busy();
    if (row->disabled) {
        co_return fail(Code::unauthenticated, "User is disabled.", reason::kDisabled);
    }
    CO_TRY(Tokens tokens, co_await begin_session(std::move(*row), client, kTokensOfPages));
    co_return co_await authorize(client, std::move(request.asked), std::move(tokens));
}

io::Task<Result<UserRow>> Home::make_external(ClientOfPool client, ExternalPerson person,
                                              std::string provider) {
    const config::Pool& pool = *client.pool;
    CO_TRY_VOID(check_administered_attributes(pool, person.attributes));
    CO_TRY_VOID(check_required(pool, person.attributes));
    // The region that brought this may be mistaken, or lying.
    if (!pool.stands_alone() && !person.attributes.contains(pool.country_attribute)) {
        co_return fail(Code::invalid_argument,
                       pool.country_attribute + ": The attribute is required", reason::kAttribute);
    }
    CO_TRY_VOID(check_stays(pool, person.attributes));
    UserRow row;
    row.sub = p_.random.uuid();
    row.pool = pool.id_suffix;
    row.created = p_.clock.now();
    row.username = external_username(provider, person.subject);
    row.srp_name = p_.random.uuid();
    row.attributes = std::move(person.attributes);
    row.code_mac = p_.random.bytes(32);  // no code fits
    row.external = ExternalIdentity{std::move(provider), std::move(person.subject)};
    show_identities(row);
    SignUpRequest asked;
    asked.username = row.username;
    asked.attributes = row.attributes;
    CO_TRY_VOID(co_await before_sign_up(client, std::move(asked), kSignUpOfProvider));
    audit::Event event{
        "sign_up", {{"pool", row.pool}, {"home", p_.region}, {"provider", row.external->provider}}};
    CO_TRY_VOID(co_await p_.audit.record(std::move(event)));
    CO_TRY(row, co_await write_external(std::move(row)));
    CO_TRY_VOID(co_await after_confirmation(client, row, std::nullopt));
    co_return row;
}

// As write_created() does it. Which key was taken decides what is said: of the name, that the same
// person is signing in elsewhere at this moment; of the address, that it is somebody's.
io::Task<Result<UserRow>> Home::write_external(UserRow row) {
    auto keys = keys_of(row);
    auto name = keys.front();
    const auto held = co_await begin_claim(std::move(keys), row.pool);
    if (!held && held.error().code == Code::already_exists) {
        CO_TRY(const auto holder, co_await keeper_of(row.pool).record(std::move(name)));
        if (holder) co_return busy();
        co_return fail(Code::already_exists, "An account with this address already exists.",
                       reason::kAddressTaken);
    }
    CO_TRY_VOID(held);
    row.claim_id = held->claim_id;
    auto written = co_await write_confirmed(row);
    if (!written) {
        const auto abandoned = co_await claims_.abandon(row.claim_id);
        if (abandoned) (void)co_await p_.keyring.destroy(row.sub);
        co_return busy();
    }
    CO_TRY_VOID(co_await claims_.activate(row.claim_id));
    row.confirmed = true;
    co_return row;
}

// What the provider says now, as far as it may change: neither what the pool fixes, nor what would
// lead to another home, nor the address that the person is found by.
io::Task<Result<UserRow>> Home::refresh_external(const config::Pool* pool, UserRow row,
                                                 Attributes said) {
    CO_TRY_VOID(check_administered_attributes(*pool, said));
    UserRow next = row;
    for (const auto& [name, value] : said) {
        if (!is_address(name) && !is_fixed(*pool, name)) next.attributes[name] = value;
    }
    if (!check_stays(*pool, next.attributes)) {
        const std::string& country = pool->country_attribute;
        next.attributes[country] = row.attributes[country];
    }
    UserRow moved = next;
    for (const auto& [name, value] : said) {
        if (is_address(name)) moved.attributes[name] = value;
    }
    if (keys_of(moved) == keys_of(row)) next = std::move(moved);
    if (next.attributes == row.attributes) co_return row;
    std::vector<sql::Statement> nothing_else;
    CO_TRY_VOID(co_await write_account(next, std::move(nothing_else)));
    ++next.version;  // as it was written
    co_return next;
}

}  // namespace domicile::identity
