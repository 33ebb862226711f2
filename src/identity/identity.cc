#include "identity/identity.h"

#include "identity/administration.h"
#include "identity/client_secrets.h"
#include "identity/home.h"
#include "identity/key_publisher.h"
#include "identity/oauth.h"
#include "identity/passkeys.h"
#include "identity/revocation_watch.h"
#include "identity/routable.h"
#include "identity/router.h"
#include "telemetry/outcome.h"

namespace domicile::identity {

using residency::Operation;
using telemetry::Outcome;

// What people do with a pool, wherever their home is.
enum class Act : std::uint8_t {
    sign_up,
    confirm,
    resend_code,
    start_srp,
    answer_srp,
    password,
    refresh,
    get_user,
    revoke,
    sign_out,
    forgot_password,
    reset_password,
    change_password,
    new_password,
    update_attributes,
    attribute_code,
    prove_attribute,
    delete_user,
    associate_token,
    verify_token,
    set_mfa,
    mfa,
    confirm_device,
    get_device,
    list_devices,
    update_device,
    forget_device,
    device_srp,
    device_proof,
    start_custom,
    custom_answer
};
constexpr std::array<std::string_view, 31> label_values(Act) {
    return {"sign_up",         "confirm",       "resend_code",       "srp_start",
            "srp_answer",      "password",      "refresh",           "get_user",
            "revoke",          "sign_out",      "forgot_password",   "reset_password",
            "change_password", "new_password",  "update_attributes", "attribute_code",
            "prove_attribute", "delete_user",   "associate_token",   "verify_token",
            "set_mfa",         "mfa",           "confirm_device",    "get_device",
            "list_devices",    "update_device", "forget_device",     "device_srp",
            "device_proof",    "custom_start",  "custom_answer"};
}

struct Identity::Impl {
    explicit Impl(Parts given);

    io::Task<Result<void>> reload_keys() { return publisher.reload(); }
    io::Task<Result<Done>> withdraw(std::string region, PasswordRequest request);
    // At another region, which turned out to be the one to ask.
    template <class Answer, class Request>
    io::Task<Result<Answer>> elsewhere(std::string region, const char* type, Request request) {
        json::value payload = to_message(request);
        CO_TRY(const json::value answer,
               co_await router.call(std::move(region), type, std::move(payload)));
        co_return from_message<Answer>(answer);
    }
    // The region that a routable value names, if it is one of ours.
    Result<std::string> known(const Result<std::string>& region, const std::string& client_id,
                              const char* why) const;
    io::Task<Result<std::string>> home_of_token(std::string access_token);
    // Counted by what the caller is told, so that the counters are no oracle.
    template <class T>
    io::Task<Result<T>> counted(Act act, io::Task<Result<T>> task) {
        auto outcome = co_await task;
        acts.add(act, telemetry::outcome_of(outcome));
        co_return outcome;
    }

    // At the home that the directory names for a user name, or the decoy.
    template <class Request, class Answer>
    io::Task<Result<Answer>> by_name(Operation operation, const char* type, Request request,
                                     io::Task<Result<Answer>> (Home::*here)(Request)) {
        CO_TRY(std::string at,
               co_await router.home_of_username(request.client_id, request.username));
        co_return co_await router.run(std::move(at), operation, type, std::move(request), here);
    }
    // At the home of whose access token it is.
    template <class Request, class Answer>
    io::Task<Result<Answer>> by_token(const char* type, Request request,
                                      io::Task<Result<Answer>> (Home::*here)(Request)) {
        CO_TRY(std::string at, co_await home_of_token(request.access_token));
        co_return co_await router.run(std::move(at), Operation::sign_in, type, std::move(request),
                                      here);
    }
    // At the home of whose session it is, or else of whose access token.
    template <class Request, class Answer>
    io::Task<Result<Answer>> by_session(const char* type, Request request,
                                        io::Task<Result<Answer>> (Home::*here)(Request)) {
        std::string at;
        if (request.session) {
            CO_TRY(at, known(region_of_session(*request.session), "", reason::kSessionInvalid));
        } else {
            CO_TRY(at, co_await home_of_token(request.access_token.value_or("")));
        }
        co_return co_await router.run(std::move(at), Operation::sign_in, type, std::move(request),
                                      here);
    }
    // At the region that a sealed value names.
    io::Task<Result<SignUpResult>> sign_up(SignUpRequest request);
    io::Task<Result<Tokens>> answer_srp(SrpAnswerRequest request);
    io::Task<Result<Tokens>> answer_new_password(NewPasswordRequest request);
    io::Task<Result<Tokens>> answer_mfa(MfaAnswerRequest request);
    io::Task<Result<Tokens>> start_device_srp(DeviceSrpRequest request);
    io::Task<Result<Tokens>> answer_device_srp(DeviceProofRequest request);
    io::Task<Result<Tokens>> answer_custom(CustomAnswerRequest request);
    io::Task<Result<Tokens>> refresh(RefreshRequest request);
    io::Task<Result<Done>> revoke(RevokeRequest request);

    const telemetry::CounterBy<Act, Outcome> acts;
    Parts p;
    TokenVerifier verifier;
    ClientSecrets secrets;
    KeyPublisher publisher;
    Home home;
    RevocationWatch watch;
    Router router;
    Administration administration;
    OAuth oauth;
    Passkeys passkeys;
};

Identity::Impl::Impl(Parts given)
    : p(std::move(given)),
      verifier(
          {.region = p.region}, p.clock,
          [this](std::string_view region, std::string_view pool) {
              return issuer(p.config, p.public_port, region, pool);
          },
          [this] { return reload_keys(); }),
      secrets(p.config, p.config_directory),
      publisher({p.directory, verifier, p.region, p.sign_key_record, p.verify_key_record,
                 [this] { return home.upkeep(); }}),
      home({p.config,
            p.policy,
            p.database,
            p.keyring,
            p.directory,
            p.audit,
            p.clock,
            p.random,
            verifier,
            p.region,
            p.public_port,
            [this](std::string region, PasswordRequest request) {
                return withdraw(std::move(region), std::move(request));
            },
            p.nodes,
            p.mail,
            &secrets,
            p.config_directory,
            p.triggers,
            [this](std::string region, const char* type, PasswordRequest request) {
                return elsewhere<Tokens>(std::move(region), type, std::move(request));
            },
            [this](std::string region, ForgotPasswordRequest request) {
                return elsewhere<CodeDelivery>(std::move(region), message::kForgotPassword,
                                               std::move(request));
            },
            p.providers,
            [this](std::string region, AddressNotice notice) {
                return elsewhere<Done>(std::move(region), message::kAddressWanted,
                                       std::move(notice));
            }}),
      watch(p.database, home.sessions(), p.nodes),
      router({p.config, p.policy, p.directory, p.border, p.audit, home, verifier, p.region,
              p.public_port}),
      administration({p.config, p.region, home, router}),
      oauth({p.config, p.region, p.public_port, home, router, verifier, secrets, p.clock, p.random,
             p.providers, p.keyring.region_key("identity.external_sign_in")}),
      passkeys({router, verifier}) {}

io::Task<Result<Done>> Identity::Impl::withdraw(std::string region, PasswordRequest request) {
    json::value payload = to_message(request);
    CO_TRY_VOID(co_await router.call(std::move(region), message::kWithdraw, std::move(payload)));
    co_return Done{};
}

Result<std::string> Identity::Impl::known(const Result<std::string>& region,
                                          const std::string& client_id, const char* why) const {
    if (auto named = router.named(region, client_id)) return *std::move(named);
    return fail(Code::unauthenticated, "The value names no region of ours.", why);
}

io::Task<Result<std::string>> Identity::Impl::home_of_token(std::string access_token) {
    CO_TRY(const TokenPtr token, co_await verifier.verify(std::move(access_token)));
    co_return router.home_of(*token);
}

Identity::Identity(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Identity::~Identity() = default;

io::Task<Result<void>> Identity::open() {
    CO_TRY_VOID(co_await impl_->home.open());
    impl_->router.register_handlers();
    impl_->administration.register_handlers();
    impl_->oauth.register_handlers();
    impl_->passkeys.register_handlers();
    co_await impl_->publisher.start(impl_->home.signer().public_keys());
    impl_->watch.start();
    impl_->home.courier().start();
    impl_->home.notices().start();
    co_return Result<void>();
}

io::Task<void> Identity::stop() {
    co_await impl_->publisher.stop();
    co_await impl_->watch.stop();
    co_await impl_->home.notices().stop();
    co_await impl_->home.courier().stop();
    co_await stop_texts();
}

void Identity::start_texts() { impl_->home.texts().start(); }
io::Task<void> Identity::stop_texts() { return impl_->home.texts().stop(); }

io::Task<Result<SignUpResult>> Identity::Impl::sign_up(SignUpRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p.config, request.client_id));
    CO_TRY(std::string home, router.home_of_sign_up(*client.pool, request.attributes));
    co_return co_await router.run(std::move(home), Operation::sign_up, message::kSignUp,
                                  std::move(request), &Home::sign_up);
}

io::Task<Result<Tokens>> Identity::Impl::answer_srp(SrpAnswerRequest request) {
    CO_TRY(std::string home, known(region_of_secret_block(request.secret_block), request.client_id,
                                   reason::kWrongCredentials));
    co_return co_await router.run(std::move(home), Operation::sign_in, message::kAnswerSrp,
                                  std::move(request), &Home::answer_srp);
}

io::Task<Result<Tokens>> Identity::Impl::answer_new_password(NewPasswordRequest request) {
    CO_TRY(std::string home,
           known(region_of_session(request.session), request.client_id, reason::kSessionInvalid));
    co_return co_await router.run(std::move(home), Operation::sign_in, message::kNewPassword,
                                  std::move(request), &Home::answer_new_password);
}

io::Task<Result<Tokens>> Identity::Impl::answer_mfa(MfaAnswerRequest request) {
    CO_TRY(std::string home,
           known(region_of_session(request.session), request.client_id, reason::kSessionInvalid));
    co_return co_await router.run(std::move(home), Operation::sign_in, message::kAnswerMfa,
                                  std::move(request), &Home::answer_mfa);
}

io::Task<Result<Tokens>> Identity::Impl::start_device_srp(DeviceSrpRequest request) {
    CO_TRY(std::string home,
           known(region_of_session(request.session), request.client_id, reason::kSessionInvalid));
    co_return co_await router.run(std::move(home), Operation::sign_in, message::kDeviceSrp,
                                  std::move(request), &Home::start_device_srp);
}

io::Task<Result<Tokens>> Identity::Impl::answer_device_srp(DeviceProofRequest request) {
    CO_TRY(std::string home, known(region_of_secret_block(request.secret_block), request.client_id,
                                   reason::kWrongCredentials));
    co_return co_await router.run(std::move(home), Operation::sign_in, message::kDeviceProof,
                                  std::move(request), &Home::answer_device_srp);
}

io::Task<Result<Tokens>> Identity::Impl::answer_custom(CustomAnswerRequest request) {
    CO_TRY(std::string home,
           known(region_of_session(request.session), request.client_id, reason::kSessionInvalid));
    co_return co_await router.run(std::move(home), Operation::sign_in, message::kAnswerCustom,
                                  std::move(request), &Home::answer_custom);
}

io::Task<Result<Tokens>> Identity::Impl::refresh(RefreshRequest request) {
    CO_TRY_VOID(find_client(p.config, request.client_id));
    CO_TRY(std::string home, known(region_of_refresh_token(request.refresh_token),
                                   request.client_id, reason::kRefreshInvalid));
    co_return co_await router.run(std::move(home), Operation::sign_in, message::kRefresh,
                                  std::move(request), &Home::refresh);
}

io::Task<Result<Done>> Identity::Impl::revoke(RevokeRequest request) {
    CO_TRY_VOID(find_client(p.config, request.client_id));
    auto home =
        known(region_of_refresh_token(request.token), request.client_id, reason::kRefreshInvalid);
    if (!home) co_return Done{};  // an unknown token is as good as revoked
    co_return co_await router.run(std::move(*home), Operation::sign_in, message::kRevoke,
                                  std::move(request), &Home::revoke);
}

io::Task<Result<SignUpResult>> Identity::sign_up(SignUpRequest request) {
    return impl_->counted(Act::sign_up, impl_->sign_up(std::move(request)));
}
io::Task<Result<Done>> Identity::confirm_sign_up(ConfirmRequest request) {
    return impl_->counted(Act::confirm, impl_->by_name(Operation::sign_up, message::kConfirm,
                                                       std::move(request), &Home::confirm));
}
io::Task<Result<CodeDelivery>> Identity::resend_code(ResendRequest request) {
    return impl_->counted(Act::resend_code, impl_->by_name(Operation::sign_up, message::kResend,
                                                           std::move(request), &Home::resend));
}
io::Task<Result<SrpChallenge>> Identity::start_srp(SrpStartRequest request) {
    return impl_->counted(Act::start_srp, impl_->by_name(Operation::sign_in, message::kStartSrp,
                                                         std::move(request), &Home::start_srp));
}
io::Task<Result<Tokens>> Identity::answer_srp(SrpAnswerRequest request) {
    return impl_->counted(Act::answer_srp, impl_->answer_srp(std::move(request)));
}
io::Task<Result<Tokens>> Identity::sign_in_with_password(PasswordRequest request) {
    return impl_->counted(Act::password, impl_->by_name(Operation::sign_in, message::kPassword,
                                                        std::move(request), &Home::sign_in));
}
io::Task<Result<Tokens>> Identity::refresh(RefreshRequest request) {
    return impl_->counted(Act::refresh, impl_->refresh(std::move(request)));
}
io::Task<Result<User>> Identity::get_user(AccessTokenRequest request) {
    return impl_->counted(Act::get_user,
                          impl_->by_token(message::kGetUser, std::move(request), &Home::get_user));
}
io::Task<Result<Done>> Identity::revoke(RevokeRequest request) {
    return impl_->counted(Act::revoke, impl_->revoke(std::move(request)));
}
io::Task<Result<Done>> Identity::global_sign_out(AccessTokenRequest request) {
    return impl_->counted(Act::sign_out,
                          impl_->by_token(message::kSignOut, std::move(request), &Home::sign_out));
}
io::Task<Result<CodeDelivery>> Identity::forgot_password(ForgotPasswordRequest request) {
    return impl_->counted(Act::forgot_password,
                          impl_->by_name(Operation::sign_in, message::kForgotPassword,
                                         std::move(request), &Home::forgot_password));
}
io::Task<Result<Done>> Identity::reset_password(ResetPasswordRequest request) {
    return impl_->counted(Act::reset_password,
                          impl_->by_name(Operation::sign_in, message::kResetPassword,
                                         std::move(request), &Home::reset_password));
}
io::Task<Result<Done>> Identity::change_password(ChangePasswordRequest request) {
    return impl_->counted(
        Act::change_password,
        impl_->by_token(message::kChangePassword, std::move(request), &Home::change_password));
}

io::Task<Result<CodeDeliveries>> Identity::update_attributes(AttributesRequest request) {
    return impl_->counted(
        Act::update_attributes,
        impl_->by_token(message::kUpdateAttributes, std::move(request), &Home::update_attributes));
}
io::Task<Result<CodeDelivery>> Identity::attribute_code(AttributeCodeRequest request) {
    return impl_->counted(
        Act::attribute_code,
        impl_->by_token(message::kAttributeCode, std::move(request), &Home::attribute_code));
}
io::Task<Result<Done>> Identity::prove_attribute(ProveAttributeRequest request) {
    return impl_->counted(
        Act::prove_attribute,
        impl_->by_token(message::kProveAttribute, std::move(request), &Home::prove_attribute));
}
io::Task<Result<Done>> Identity::delete_user(AccessTokenRequest request) {
    return impl_->counted(Act::delete_user, impl_->by_token(message::kDeleteUser,
                                                            std::move(request), &Home::delete_own));
}

io::Task<Result<Tokens>> Identity::answer_new_password(NewPasswordRequest request) {
    return impl_->counted(Act::new_password, impl_->answer_new_password(std::move(request)));
}
io::Task<Result<AssociatedApp>> Identity::associate(AssociateRequest request) {
    return impl_->counted(
        Act::associate_token,
        impl_->by_session(message::kAssociateToken, std::move(request), &Home::associate));
}
io::Task<Result<VerifiedApp>> Identity::verify_token(VerifyTokenRequest request) {
    return impl_->counted(
        Act::verify_token,
        impl_->by_session(message::kVerifyToken, std::move(request), &Home::verify_token));
}
io::Task<Result<Done>> Identity::set_mfa(MfaPreferenceRequest request) {
    return impl_->counted(
        Act::set_mfa, impl_->by_token(message::kMfaPreference, std::move(request), &Home::set_mfa));
}
io::Task<Result<Tokens>> Identity::answer_mfa(MfaAnswerRequest request) {
    return impl_->counted(Act::mfa, impl_->answer_mfa(std::move(request)));
}
io::Task<Result<ConfirmedDevice>> Identity::confirm_device(ConfirmDeviceRequest request) {
    return impl_->counted(
        Act::confirm_device,
        impl_->by_token(message::kConfirmDevice, std::move(request), &Home::confirm_device));
}
io::Task<Result<DeviceDescription>> Identity::get_device(DeviceRequest request) {
    return impl_->counted(Act::get_device, impl_->by_token(message::kGetDevice, std::move(request),
                                                           &Home::get_device));
}
io::Task<Result<DevicePage>> Identity::list_devices(ListDevicesRequest request) {
    return impl_->counted(
        Act::list_devices,
        impl_->by_token(message::kListDevices, std::move(request), &Home::list_devices));
}
io::Task<Result<Done>> Identity::update_device(DeviceStatusRequest request) {
    return impl_->counted(
        Act::update_device,
        impl_->by_token(message::kUpdateDevice, std::move(request), &Home::update_device));
}
io::Task<Result<Done>> Identity::forget_device(DeviceRequest request) {
    return impl_->counted(
        Act::forget_device,
        impl_->by_token(message::kForgetDevice, std::move(request), &Home::forget_device));
}
io::Task<Result<Tokens>> Identity::start_device_srp(DeviceSrpRequest request) {
    return impl_->counted(Act::device_srp, impl_->start_device_srp(std::move(request)));
}
io::Task<Result<Tokens>> Identity::answer_device_srp(DeviceProofRequest request) {
    return impl_->counted(Act::device_proof, impl_->answer_device_srp(std::move(request)));
}
io::Task<Result<Tokens>> Identity::start_custom(CustomStartRequest request) {
    return impl_->counted(Act::start_custom,
                          impl_->by_name(Operation::sign_in, message::kStartCustom,
                                         std::move(request), &Home::start_custom));
}
io::Task<Result<Tokens>> Identity::answer_custom(CustomAnswerRequest request) {
    return impl_->counted(Act::custom_answer, impl_->answer_custom(std::move(request)));
}
const ClientSecrets& Identity::client_secrets() const { return impl_->secrets; }
OAuth& Identity::oauth() { return impl_->oauth; }
Passkeys& Identity::passkeys() { return impl_->passkeys; }
Administration& Identity::administration() { return impl_->administration; }

void Identity::report_to(telemetry::Registry& registry) {
    registry.add("domicile_identity_operations_total",
                 "Operations of the user pools that arrived here, by what the caller was told.",
                 impl_->acts, {"operation", "outcome"});
    impl_->home.courier().report_to(registry);
    impl_->home.texts().report_to(registry);
    impl_->oauth.report_to(registry);
    impl_->passkeys.report_to(registry);
}
bool Identity::keys_published() const { return impl_->publisher.published(); }

io::Task<Result<bool>> Identity::is_resident(std::string sub) {
    return impl_->home.users().is_confirmed(std::move(sub));
}

io::Task<Result<std::vector<Mail>>> Identity::outbox(std::size_t limit) {
    return impl_->home.outbox().list(limit);
}

TokenVerifier& Identity::verifier() { return impl_->verifier; }
std::string Identity::jwks() const { return impl_->publisher.own_jwks(); }
std::string Identity::combined_jwks() const { return impl_->publisher.combined_jwks(); }

std::optional<std::string> Identity::issuer_of(std::string_view pool_id) const {
    for (const config::Pool& pool : impl_->p.config->pools) {
        if (pool.id_in(impl_->p.region) == pool_id) {
            return issuer(impl_->p.config, impl_->p.public_port, impl_->p.region, pool.id_suffix);
        }
    }
    return std::nullopt;
}

}  // namespace domicile::identity
