// Passkeys at the home (WebAuthn, docs/adr/0030): made, listed and removed by whoever is signed in.
#include <algorithm>

#include "base/encoding.h"
#include "identity/home.h"
#include "identity/page_token.h"
#include "webauthn/options.h"

namespace domicile::identity {
namespace {

constexpr const char* kRegistration = "WEB_AUTHN_REGISTRATION";

std::unexpected<Error> no_challenge() {
    return fail(Code::failed_precondition, "There is no such registration, or it is over.",
                reason::kPasskeyChallenge);
}

std::unexpected<Error> unknown_passkey() {
    return fail(Code::not_found, "The passkey does not exist.", reason::kUnknownPasskey);
}

const char* word_of(config::UserVerification verification) {
    return verification == config::UserVerification::required ? "required" : "preferred";
}

PasskeyDescription describe_passkey(const Passkey& passkey) {
    PasskeyDescription out;
    out.credential_id = to_base64url(passkey.credential_id);
    out.name = passkey.name;
    out.relying_party_id = passkey.relying_party_id;
    out.attachment = passkey.attachment;
    out.transports = passkey.transports;
    out.created_ms = passkey.created.ms;
    return out;
}

// Where it stands in the list, also after others are gone.
std::string place_of(const Passkey& passkey) {
    std::string time = std::to_string(passkey.created.ms);
    return std::string(20 - time.size(), '0') + time + passkey.credential_id;
}

Passkey new_passkey(webauthn::NewCredential made, webauthn::RegistrationResponse response,
                    const std::string& relying_party_id, Timestamp now) {
    Passkey out;
    out.credential_id = std::move(made.credential.id);
    out.public_key = std::move(made.credential.public_key);
    out.aaguid = std::move(made.credential.aaguid);
    out.relying_party_id = relying_party_id;
    out.name = "Passkey of " + to_rfc3339(now).substr(0, 10);
    out.transports = std::move(response.transports);
    out.attachment = std::move(response.attachment);
    out.user_verified = made.user_verified;
    out.backed_up = made.backed_up;
    out.created = now;
    out.counter = made.counter;
    return out;
}

}  // namespace

Result<Home::PasskeyOwner> Home::with_passkeys(PasskeyOwner owner) {
    if (!owner.pool->passkeys) {
        return fail(Code::failed_precondition, "Passkeys are not enabled for the user pool.",
                    reason::kPasskeysOff);
    }
    // Their provider says who they are; a passkey would go on saying so without it.
    if (owner.row.external) {
        return fail(Code::failed_precondition, "Passkeys are not enabled for the user.",
                    reason::kPasskeysOff);
    }
    return owner;
}

io::Task<Result<Home::PasskeyOwner>> Home::passkey_owner(std::string access_token) {
    PasskeyOwner out;
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(access_token)));
    out.client_id = token->client_id;
    CO_TRY(out.row, co_await own_user(token));
    CO_TRY(out.pool, pool_of(out.row));
    co_return with_passkeys(std::move(out));
}

io::Task<Result<Home::PasskeyOwner>> Home::browsing_owner(Authorization asked,
                                                          std::string browser_session) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, asked.client_id));
    CO_TRY_VOID(check_authorization(*client.client, asked));
    CO_TRY_VOID(check_flow(*client.client, config::AuthFlow::user_auth, "USER_AUTH"));
    CO_TRY(Browsing who,
           co_await browsing(client, std::move(browser_session), kBrowserFreshSeconds));
    PasskeyOwner out{client.client->id, std::move(who.row), client.pool};
    co_return with_passkeys(std::move(out));
}

io::Task<Result<bool>> Home::lacks_passkey(ClientOfPool client, UserRow row) {
    const bool can_have = client.pool->passkeys && !row.external &&
                          client.client->allows(config::AuthFlow::user_auth);
    if (!can_have) co_return false;
    CO_TRY(const auto has, co_await passkeys_.list(std::move(row.sub)));
    co_return has.empty();
}

// The challenge is a session of its own, sealed: nothing is kept until it is answered, and only we
// can have made it.
io::Task<Result<PasskeyOptions>> Home::start_passkey(AccessTokenRequest request) {
    CO_TRY(PasskeyOwner owner, co_await passkey_owner(std::move(request.access_token)));
    co_return co_await offer_passkey(std::move(owner));
}

io::Task<Result<PasskeyOptions>> Home::oauth_passkey_options(BrowserPasskey request) {
    CO_TRY(PasskeyOwner owner,
           co_await browsing_owner(std::move(request.asked), std::move(request.browser_session)));
    co_return co_await offer_passkey(std::move(owner));
}

io::Task<Result<Done>> Home::complete_passkey(PasskeyRequest request) {
    CO_TRY(PasskeyOwner owner, co_await passkey_owner(std::move(request.access_token)));
    co_return co_await add_passkey(std::move(owner), std::move(request.credential));
}

io::Task<Result<Done>> Home::oauth_add_passkey(BrowserPasskey request) {
    CO_TRY(PasskeyOwner owner,
           co_await browsing_owner(std::move(request.asked), std::move(request.browser_session)));
    co_return co_await add_passkey(std::move(owner), request.credential.value_or(""));
}

io::Task<Result<PasskeyOptions>> Home::offer_passkey(PasskeyOwner owner) {
    CO_TRY(const auto known, co_await passkeys_.list(owner.row.sub));
    webauthn::CreationRequest wanted;
    wanted.relying_party_id = owner.pool->passkeys->relying_party_id;
    wanted.user_id = owner.row.sub;
    wanted.user_name = owner.row.username;
    wanted.display_name = owner.row.username;
    const auto name = owner.row.attributes.find("name");
    if (name != owner.row.attributes.end()) wanted.display_name = name->second;
    wanted.challenge =
        challenges_.seal(challenges_.begin(kRegistration, owner.row, owner.client_id));
    wanted.user_verification = word_of(owner.pool->passkeys->user_verification);
    wanted.timeout_ms = Challenges::kLifetime.count();
    for (const Passkey& passkey : known) {
        wanted.known.push_back({passkey.credential_id, passkey.transports});
    }
    co_return PasskeyOptions{json::serialize(webauthn::creation_options(wanted))};
}

io::Task<Result<Done>> Home::add_passkey(PasskeyOwner owner, std::string credential) {
    CO_TRY(webauthn::RegistrationResponse response,
           webauthn::read_registration_response(credential));
    CO_TRY(const webauthn::ClientData data, webauthn::read_client_data(response.client_data));
    const auto session = challenges_.open(data.challenge, kRegistration);
    if (!session || session->sub != owner.row.sub || !challenges_.check(*session, owner.row)) {
        co_return no_challenge();
    }
    if (session->client_id != owner.client_id) {
        co_return fail(Code::permission_denied, "Another client began this registration.",
                       reason::kPasskeyClient);
    }
    const Timestamp ends{session->expires_ms};
    const auto spent = co_await challenges_.spend(session->id, ends);
    if (!spent && spent.error().reason == reason::kSessionInvalid) co_return no_challenge();
    if (!spent) co_return std::unexpected(spent.error());
    const config::Passkeys& rules = *owner.pool->passkeys;
    const webauthn::Expected expected{
        data.challenge, rules.relying_party_id, rules.origins,
        rules.user_verification == config::UserVerification::required};
    CO_TRY(auto made, webauthn::verify_registration(response, expected));
    Passkey passkey =
        new_passkey(std::move(made), std::move(response), rules.relying_party_id, p_.clock.now());
    auto added = co_await passkeys_.add(owner.row.sub, std::move(passkey), kPasskeysMax);
    if (added) co_return Done{};
    switch (added.error().code) {
        case Code::resource_exhausted:
            added.error().reason = reason::kTooManyPasskeys;
            break;
        case Code::already_exists:
            added.error() = {Code::invalid_argument, "The passkey is registered already.",
                             reason::kSchema};
            break;
        case Code::conflict:  // the person is gone
            co_return fail(Code::unauthenticated, "Invalid Access Token", reason::kAccessInvalid);
        default:
            break;
    }
    co_return std::unexpected(added.error());
}

io::Task<Result<PasskeyPage>> Home::list_passkeys(PasskeyListRequest request) {
    CO_TRY(const PasskeyOwner owner, co_await passkey_owner(std::move(request.access_token)));
    const std::string list = "passkeys of " + owner.row.sub;
    CO_TRY(const std::string after, open_page_token(page_key_, list, request.token));
    CO_TRY(const auto all, co_await passkeys_.list(owner.row.sub));
    auto at = std::ranges::upper_bound(all, after, {}, place_of);
    const auto limit =
        static_cast<std::size_t>(std::clamp<std::int64_t>(request.limit, 1, kPasskeysMax));
    PasskeyPage out;
    for (; at != all.end() && out.passkeys.size() < limit; ++at) {
        out.passkeys.push_back(describe_passkey(*at));
    }
    if (at != all.end()) out.token = seal_page_token(page_key_, list, place_of(*std::prev(at)));
    co_return out;
}

io::Task<Result<Done>> Home::delete_passkey(PasskeyDeleteRequest request) {
    CO_TRY(const PasskeyOwner owner, co_await passkey_owner(std::move(request.access_token)));
    auto id = from_base64url(request.credential_id);
    if (!id) co_return unknown_passkey();
    CO_TRY(const bool was_there, co_await passkeys_.remove(owner.row.sub, std::move(*id)));
    if (!was_there) co_return unknown_passkey();
    co_return Done{};
}

io::Task<Result<AuthFactors>> Home::auth_factors(AccessTokenRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(UserRow row, co_await own_user(token));
    CO_TRY(const config::Pool* pool, pool_of(row));
    AuthFactors out;
    out.username = row.username;
    out.factors.emplace_back(kByPassword);
    if (pool->passkeys) {
        CO_TRY(const auto passkeys, co_await passkeys_.list(row.sub));
        if (!passkeys.empty()) out.factors.emplace_back(kByPasskey);
    }
    const bool has_address = !proven_address(row, Medium::email).empty();
    if (pool->email_otp && has_address) out.factors.emplace_back(kByMail);
    CO_TRY(out.mfa, co_await mfa_settings(row.pool, row.sub));
    co_return out;
}

}  // namespace domicile::identity
