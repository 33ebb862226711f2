// What /account shows first: the password, passkeys, the authenticator app and the sessions of
// whoever is signed in, each as far as their pool has it. One form, whose buttons say what to do
// about what.
#include "api/oidc/oidc.h"
#include "base/time.h"
#include "identity/passkeys.h"

namespace domicile::api::oidc {
namespace {

constexpr std::string_view kPath = "/account";

}  // namespace

// Whether passkeys are theirs to have; those whom another provider knows have none.
bool Oidc::has_passkeys(const Visit& visit) const {
    const auto client = oauth_.client(visit.request.asked.client_id);
    return client && client->pool->passkeys && !visit.who.external;
}

io::Task<Result<void>> Oidc::show_account(http::Exchange& exchange, Visit visit, Said said) {
    const Language& words = language(exchange);
    Page page{words, words[Text::own_account]};
    page.text = words[Text::signed_in_as];
    page.name = visit.who.username;
    page.note = said.note;
    page.problem = std::move(said.problem);
    page.action = kPath;
    const Result<void> made = co_await add_sections(words, visit, page);
    if (!made) co_return co_await refuse_visit(exchange, made.error());
    const std::string client_id = percent_encode(visit.request.asked.client_id);
    page.links.push_back({"/logout?client_id=" + client_id, words[Text::sign_out]});
    std::string query = *visit.request.account_query;
    co_return co_await show_of(exchange, visit.request, said.status, std::move(page),
                               std::move(query));
}

io::Task<Result<void>> Oidc::add_sections(const Language& words, const Visit& visit, Page& page) {
    if (!visit.who.external) {
        Section password{"password", words[Text::password]};
        password.acts.push_back({"password", words[Text::change_password]});
        page.sections.push_back(std::move(password));
    }
    if (has_passkeys(visit)) CO_TRY_VOID(co_await add_passkeys(words, visit, page));
    CO_TRY_VOID(co_await add_app_section(words, visit, page));
    CO_TRY_VOID(co_await add_sessions(words, visit, page));
    co_return Result<void>();
}

// The newest; all others end at once, also those that are not shown.
io::Task<Result<void>> Oidc::add_sessions(const Language& words, const Visit& visit, Page& page) {
    identity::ListSessionsRequest call;
    call.access_token = visit.who.access_token;
    CO_TRY(const identity::SessionPage has, co_await identity_.list_sessions(std::move(call)));
    Section section{"sessions", words[Text::sessions]};
    for (const identity::SessionDescription& one : has.sessions) {
        const Text text = one.current ? Text::this_browser : Text::signed_in_since;
        Entry entry{words[text], Timestamp{one.created_ms}};
        if (!one.current) entry.act = Act{"end_session." + one.id, words[Text::end_session]};
        section.entries.push_back(std::move(entry));
    }
    if (has.sessions.size() > 1) {
        section.acts.push_back({"end_others", words[Text::end_others]});
    }
    page.sections.push_back(std::move(section));
    co_return Result<void>();
}

io::Task<Result<void>> Oidc::add_passkeys(const Language& words, const Visit& visit, Page& page) {
    identity::PasskeyListRequest call;
    call.access_token = visit.who.access_token;
    CO_TRY(const identity::PasskeyPage has, co_await identity_.passkeys().list(std::move(call)));
    Section section{"passkeys", words[Text::passkeys]};
    if (has.passkeys.empty()) section.text = words[Text::no_passkeys];
    for (const identity::PasskeyDescription& one : has.passkeys) {
        Entry entry{words[Text::made_on], Timestamp{one.created_ms}};
        entry.act = Act{"remove_passkey." + one.credential_id, words[Text::remove]};
        section.entries.push_back(std::move(entry));
    }
    if (offers_passkeys(visit.request)) {
        section.acts.push_back({"passkey", words[Text::passkey_make], true});
        page.passkeys.emplace();
    }
    page.sections.push_back(std::move(section));
    co_return Result<void>();
}

io::Task<Result<void>> Oidc::add_app_section(const Language& words, const Visit& visit,
                                             Page& page) {
    CO_TRY(const identity::ClientOfPool client, oauth_.client(visit.request.asked.client_id));
    const config::Mfa rule = client.pool->mfa;
    const bool has_apps = rule != config::Mfa::off && client.pool->has_mfa(config::MfaMethod::app);
    if (!has_apps || visit.who.external) co_return Result<void>();
    identity::AccessTokenRequest call{visit.who.access_token};
    CO_TRY(const identity::AuthFactors has, co_await identity_.passkeys().factors(std::move(call)));
    const bool is_on = has.mfa && has.mfa->enabled;
    Section section{"app", words[Text::app], words[is_on ? Text::app_on : Text::app_off]};
    section.acts.push_back({"app", words[is_on ? Text::app_replace : Text::app_setup]});
    // Where a second factor is demanded, another one has to remain.
    const bool another_remains = has.mfa && has.mfa->email_enabled.value_or(false);
    if (is_on && (rule == config::Mfa::optional || another_remains)) {
        section.acts.push_back({"app_off", words[Text::app_turn_off]});
    }
    page.sections.push_back(std::move(section));
    co_return Result<void>();
}

}  // namespace domicile::api::oidc
