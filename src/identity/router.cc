#include "identity/router.h"

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
    answer(message::kDeviceSrp, &Home::start_device_srp);
    answer(message::kDeviceProof, &Home::answer_device_srp);
    answer(message::kStartCustom, &Home::start_custom);
    answer(message::kAnswerCustom, &Home::answer_custom);
    answer(message::kAdminPassword, &Home::admin_sign_in);
}

Result<std::string> Router::home_of_sign_up(const config::Pool& pool,
                                            const Attributes& attributes) const {
    residency::SignUp facts;
    facts.arrival = p_.region;
    const auto country = attributes.find(pool.country_attribute);
    if (country != attributes.end() && !country->second.empty()) facts.country = country->second;
    const auto choice = residency::choose_home(p_.policy, facts);
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
