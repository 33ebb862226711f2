// The user pools of one region. Domain only: no JSON, no HTTP. Each operation takes where it
// arrived into account: what belongs to another home is forwarded over the border or refused, as
// residency decides, and the home checks everything again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log.h"
#include "base/live.h"
#include "base/result.h"
#include "border/border.h"
#include "config/config.h"
#include "directory/directory.h"
#include "identity/account_types.h"
#include "identity/courier.h"
#include "identity/custom_auth_types.h"
#include "identity/device_types.h"
#include "identity/mfa_types.h"
#include "identity/token_verifier.h"
#include "identity/triggers.h"
#include "identity/types.h"
#include "io/clock.h"
#include "io/task.h"
#include "keyring/keyring.h"
#include "nodes/nodes.h"
#include "residency/residency.h"
#include "sql/database.h"
#include "telemetry/registry.h"

namespace domicile::identity {

class Administration;
class ClientSecrets;
class ExternalProviders;
class OAuth;
class Passkeys;

class Identity {
  public:
    struct Parts {
        Ref<config::Config> config;
        Ref<residency::Policy> policy;
        sql::Database& database;
        keyring::Keyring& keyring;
        directory::Directory& directory;
        border::Border& border;
        audit::Log& audit;
        io::Clock& clock;
        io::Random& random;
        std::string region;
        std::uint16_t public_port = 443;  // in issuer URLs when it is not 443
        // The region's border key signs its key records; a record of another region is used only
        // when its region's border certificate verifies it.
        std::function<Result<std::string>(const directory::KeyRecord&)> sign_key_record;
        std::function<bool(const directory::KeyRecord&)> verify_key_record;
        nodes::Nodes* nodes = nullptr;      // null: this process is its region's only one
        Courier::Options mail = {};         // how mails leave the region
        std::string config_directory = {};  // what the files of clients' secrets are relative to
        Triggers* triggers = nullptr;       // null: functions take no part
        ExternalProviders* providers = nullptr;  // null: nobody signs in with others
    };
    explicit Identity(Parts parts);
    ~Identity();  // after stop()
    // Migrates, loads or makes the signing key, publishes it, registers border handlers, and starts
    // the task that reloads the published keys. Before the border serves.
    io::Task<Result<void>> open();
    // Ends that task; on the executor that open() ran on.
    io::Task<void> stop();
    // Text messages need functions: from when these are there until they go. Likewise.
    void start_texts();
    io::Task<void> stop_texts();

    io::Task<Result<SignUpResult>> sign_up(SignUpRequest request);
    io::Task<Result<Done>> confirm_sign_up(ConfirmRequest request);
    io::Task<Result<CodeDelivery>> resend_code(ResendRequest request);
    io::Task<Result<SrpChallenge>> start_srp(SrpStartRequest request);
    io::Task<Result<Tokens>> answer_srp(SrpAnswerRequest request);
    io::Task<Result<Tokens>> sign_in_with_password(PasswordRequest request);
    io::Task<Result<Tokens>> refresh(RefreshRequest request);
    io::Task<Result<User>> get_user(AccessTokenRequest request);
    io::Task<Result<Done>> revoke(RevokeRequest request);
    io::Task<Result<Done>> global_sign_out(AccessTokenRequest request);
    io::Task<Result<CodeDelivery>> forgot_password(ForgotPasswordRequest request);
    io::Task<Result<Done>> reset_password(ResetPasswordRequest request);
    io::Task<Result<Done>> change_password(ChangePasswordRequest request);
    // A new e-mail address is in force once its code is given to prove_attribute().
    io::Task<Result<CodeDeliveries>> update_attributes(AttributesRequest request);
    io::Task<Result<CodeDelivery>> attribute_code(AttributeCodeRequest request);
    io::Task<Result<Done>> prove_attribute(ProveAttributeRequest request);
    io::Task<Result<Done>> delete_user(AccessTokenRequest request);

    io::Task<Result<Tokens>> answer_new_password(NewPasswordRequest request);
    // Challenges of the application's own.
    io::Task<Result<Tokens>> start_custom(CustomStartRequest request);
    io::Task<Result<Tokens>> answer_custom(CustomAnswerRequest request);
    // Authenticator apps, and the answers to the challenges that ask for one.
    io::Task<Result<AssociatedApp>> associate(AssociateRequest request);
    io::Task<Result<VerifiedApp>> verify_token(VerifyTokenRequest request);
    io::Task<Result<Done>> set_mfa(MfaPreferenceRequest request);
    io::Task<Result<Tokens>> answer_mfa(MfaAnswerRequest request);
    // Devices, and the answers to the challenges with which one proves itself.
    io::Task<Result<ConfirmedDevice>> confirm_device(ConfirmDeviceRequest request);
    io::Task<Result<DeviceDescription>> get_device(DeviceRequest request);
    io::Task<Result<DevicePage>> list_devices(ListDevicesRequest request);
    io::Task<Result<Done>> update_device(DeviceStatusRequest request);
    io::Task<Result<Done>> forget_device(DeviceRequest request);
    io::Task<Result<Tokens>> start_device_srp(DeviceSrpRequest request);
    io::Task<Result<Tokens>> answer_device_srp(DeviceProofRequest request);
    // What administrators may do.
    Administration& administration();
    const ClientSecrets& client_secrets() const;
    // What the OpenID provider is made of.
    OAuth& oauth();
    // Passkeys, and sign-in by choice.
    Passkeys& passkeys();

    // The home's own database decides: is this subject here (confirmed, not moved away)?
    io::Task<Result<bool>> is_resident(std::string sub);
    io::Task<Result<std::vector<Mail>>> outbox(std::size_t limit);

    // Adds its metrics. Once, at start. They tell no more than the answers do (I8).
    void report_to(telemetry::Registry& registry);
    // Whether the own signing key is in the directory, where the other regions find it.
    bool keys_published() const;

    TokenVerifier& verifier();
    // JWKS documents (serialised): of the own issuer, and of all regions.
    std::string jwks() const;
    std::string combined_jwks() const;
    // The issuer of a pool by its id in this region ("eu-central-1_Health1"); nullopt when it has
    // none.
    std::optional<std::string> issuer_of(std::string_view pool_id) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace domicile::identity
