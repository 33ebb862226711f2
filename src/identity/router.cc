#include "identity/router.h"

#include "identity/routable.h"

namespace domicile::identity {
namespace {

constexpr Millis kBorderDeadline{10'000};

}  // namespace

void Router::register_handlers() {
    answer(message::kSignUp, &Home::sign_up);
    answer(message::kWithdraw, &Home::withdraw);
    answer(message::kAddressWanted, &Home::tell_owner);
    answer(message::kConfirm, &Home::confirm);
    answer(message::kResend, &Home::resend);
    answer(message::kStartSrp, &Home::start_srp);
    answer(message::kAnswerSrp, &Home::answer_srp);
    answer(message::kPassword, &Home::sign_in);
    answer(message::kRefresh, &Home::refresh);
    answer(message::kGetUser, &Home::get_user);
    answer(message::kRevoke, &Home::revoke);
    answer(message::kSignOut, &Home::sign_out);
    answer(message::kForgotPassword, &Home::forgot_password);
    answer(message::kResetPassword, &Home::reset_password);
    answer(message::kChangePassword, &Home::change_password);
    answer(message::kNewPassword, &Home::answer_new_password);
    answer(message::kUpdateAttributes, &Home::update_attributes);
    answer(message::kAttributeCode, &Home::attribute_code);
    answer(message::kProveAttribute, &Home::prove_attribute);
    answer(message::kDeleteUser, &Home::delete_own);
    answer(message::kAssociateToken, &Home::associate);
    answer(message::kVerifyToken, &Home::verify_token);
    answer(message::kMfaPreference, &Home::set_mfa);
    answer(message::kAnswerMfa, &Home::answer_mfa);
    answer(message::kConfirmDevice, &Home::confirm_device);
    answer(message::kGetDevice, &Home::get_device);
    answer(message::kListDevices, &Home::list_devices);
    answer(message::kUpdateDevice, &Home::update_device);
    answer(message::kForgetDevice, &Home::forget_device);
    answer(message::kListSessions, &Home::list_sessions);
    answer(message::kEndSession, &Home::end_session);
    answer(message::kDeviceSrp, &Home::start_device_srp);
    answer(message::kDeviceProof, &Home::answer_device_srp);
    answer(message::kStartCustom, &Home::start_custom);
    answer(message::kAnswerCustom, &Home::answer_custom);
    answer(message::kAdminPassword, &Home::admin_sign_in);
}

Result<std::string> Router::home_of_sign_up(const config::Pool& pool,
                                            const Attributes& attributes) const {
    const auto choice = home_for(p_.policy, pool, attributes, p_.region);
    if (choice.home) return *choice.home;
    return fail(Code::invalid_argument,
                pool.country_attribute + ": The country is not one that is served here",
                reason::kAttribute);
}

io::Task<Result<std::string>> Router::home_of_username(std::string client_id,
                                                       std::string username) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, client_id));
    co_return co_await home_in_pool(client.pool->id_suffix, std::move(username));
}

io::Task<Result<std::string>> Router::home_in_pool(std::string pool, std::string username) {
    if (stands_alone(p_.config, pool)) co_return p_.region;
    const auto kind = directory::kind_of_username(username);
    auto key = p_.directory.key(pool, kind, username);
    auto located = co_await p_.directory.locate(std::move(key));
    if (located) co_return located->home;
    if (located.error().code == Code::unavailable) {
        CO_TRY(const auto row, co_await p_.home.users().find(pool, std::move(username)));
        if (row && row->confirmed) co_return p_.region;
    }
    co_return std::unexpected(located.error());
}

io::Task<Result<std::optional<std::string>>> Router::home_if_known(std::string pool,
                                                                   std::string username) {
    if (stands_alone(p_.config, pool)) {
        CO_TRY(auto row, co_await p_.home.users().find(pool, username));
        if (!row) {
            CO_TRY(row, co_await p_.home.users().find_linked(pool, std::move(username)));
        }
        if (!row) co_return std::optional<std::string>();
        co_return std::optional<std::string>(p_.region);
    }
    const auto kind = directory::kind_of_username(username);
    auto key = p_.directory.key(pool, kind, username);
    CO_TRY(const directory::Located located, co_await p_.directory.locate(std::move(key)));
    if (!located.known) co_return std::optional<std::string>();
    co_return std::optional<std::string>(located.home);
}

io::Task<Result<std::string>> Router::decide(std::string home, residency::Operation operation,
                                             std::string type) {
    const residency::Exchange exchange{p_.region, std::move(home), operation, {}};
    const auto decision = residency::decide_exchange(p_.policy, exchange);
    switch (decision.action) {
        case residency::Action::serve:
            co_return p_.region;
        case residency::Action::forward:
            co_return decision.region;
        case residency::Action::unavailable:
            co_return fail(Code::unavailable, "The home region is down.", "region_down");
        default:
            break;
    }
    audit::Event event{"refusal", {{"operation", type}, {"reason", std::string(decision.reason)}}};
    CO_TRY_VOID(co_await p_.audit.record(std::move(event)));
    if (decision.action != residency::Action::misdirected) {
        co_return fail(Code::permission_denied, "The request is not allowed here.");
    }
    const std::string port = p_.public_port == 443 ? "" : ":" + std::to_string(p_.public_port);
    const std::string instead =
        " Use https://idp." + decision.region + "." + p_.config->domain + port + "/ instead.";
    if (operation == residency::Operation::administer) {
        co_return fail(Code::misdirected, "User does not exist in this jurisdiction." + instead,
                       reason::kPersonElsewhere);
    }
    co_return fail(Code::misdirected, "This account does not belong to this region." + instead,
                   reason::kNotInRegion);
}

std::optional<std::string> Router::named(const Result<std::string>& region,
                                         std::string_view client_id) const {
    if (!region) return std::nullopt;
    if (*region == name_at_home(p_.region)) return p_.region;
    if (p_.policy->of_region(*region) == nullptr) return std::nullopt;
    const auto client = find_client(p_.config, client_id);
    if (client && client->pool->stands_alone() && *region != p_.region) return std::nullopt;
    return *region;
}

Result<std::string> Router::home_of(const VerifiedToken& token) const {
    if (token.home == p_.region || !stands_alone(p_.config, token.pool_suffix)) return token.home;
    return fail(Code::unauthenticated, "Invalid Access Token", reason::kAccessInvalid);
}

Result<void> Router::check_client_leaves(std::string_view client_id) const {
    const auto client = find_client(p_.config, client_id);
    if (!client) return {};  // whoever looks for it says so
    return check_pool_leaves(client->pool->id_suffix);
}

Result<void> Router::check_pool_leaves(std::string_view id_suffix) const {
    if (!stands_alone(p_.config, id_suffix)) return {};
    return fail(Code::permission_denied, "Each region answers for its own people of this pool.");
}

// One that is no good is refused by the home in the words of the operation.
io::Task<Result<void>> Router::check_token(std::string access_token) {
    if (access_token.empty()) co_return Result<void>();
    const auto token = co_await p_.verifier.verify(std::move(access_token));
    if (!token) co_return Result<void>();
    co_return check_pool_leaves((*token)->pool_suffix);
}

Result<void> Router::check_administrators(const std::string& from) const {
    if (p_.policy->same_jurisdiction(from, p_.region)) return {};
    return fail(Code::permission_denied, "People are administered from their own jurisdiction.");
}

io::Task<Result<json::value>> Router::call(std::string region, std::string type,
                                           json::value payload) {
    const Instant deadline = io::deadline_in(kBorderDeadline);
    co_return co_await p_.border.call(std::move(region), std::move(type), std::move(payload),
                                      deadline);
}

}  // namespace domicile::identity
