// What the home of a person does, whoever asked: this region's own clients, or another region that
// forwarded a request over the border. Everything is checked here again. Unknown people are
// answered like known ones, with the same work (I8).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "audit/log.h"
#include "base/live.h"
#include "config/config.h"
#include "directory/claims.h"
#include "directory/directory.h"
#include "directory/region_keys.h"
#include "identity/account_types.h"
#include "identity/admin_types.h"
#include "identity/attempts.h"
#include "identity/authenticators.h"
#include "identity/authorization_codes.h"
#include "identity/challenges.h"
#include "identity/client_secrets.h"
#include "identity/codes.h"
#include "identity/courier.h"
#include "identity/custom_auth.h"
#include "identity/custom_auth_types.h"
#include "identity/device_types.h"
#include "identity/devices.h"
#include "identity/external.h"
#include "identity/groups.h"
#include "identity/mail_words.h"
#include "identity/messages.h"
#include "identity/mfa_types.h"
#include "identity/notices.h"
#include "identity/oauth_types.h"
#include "identity/outbox.h"
#include "identity/passkey_store.h"
#include "identity/passkey_types.h"
#include "identity/sessions.h"
#include "identity/signer.h"
#include "identity/srp_block.h"
#include "identity/token_verifier.h"
#include "identity/users.h"
#include "io/clock.h"
#include "keyring/keyring.h"
#include "nodes/nodes.h"
#include "residency/residency.h"
#include "webauthn/ceremony.h"

namespace domicile::identity {

inline constexpr std::int64_t kListMax = 60;  // entries of a page

// A client of a pool, found by its id; ids are unique over all pools.
struct ClientOfPool {
    const config::Pool* pool;
    const config::Client* client;
};
// not_found with reason unknown_client and the text that clients show.
Result<ClientOfPool> find_client(const config::Config& config, std::string_view client_id);
// not_found with reason unknown_pool.
Result<const config::Pool*> find_pool(const config::Config& config, std::string_view id_suffix);
// Whether each region answers for its own people of this pool (ADR 0033); false when there is none.
bool stands_alone(const config::Config& config, std::string_view id_suffix);
// Where somebody with these attributes who arrives here is at home: residency says it by their
// country; in a pool that stands alone that is not asked, and they are at home here.
residency::HomeChoice home_for(const residency::Policy& policy, const config::Pool& pool,
                               const Attributes& attributes, const std::string& region);
// invalid_argument with reason flow_not_enabled.
Result<void> check_flow(const config::Client& client, config::AuthFlow flow, const char* name);

// Sources of PreTokenGeneration.
inline constexpr const char* kTokensOfSignIn = "TokenGeneration_Authentication";
inline constexpr const char* kTokensOfNewPassword = "TokenGeneration_NewPasswordChallenge";
inline constexpr const char* kTokensOfDevice = "TokenGeneration_AuthenticateDevice";
inline constexpr const char* kTokensOfPages = "TokenGeneration_HostedAuth";
inline constexpr const char* kTokensOfRefresh = "TokenGeneration_RefreshTokens";

// And of PreSignUp.
inline constexpr const char* kSignUpOfPerson = "PreSignUp_SignUp";
inline constexpr const char* kSignUpOfProvider = "PreSignUp_ExternalProvider";

class Home {
  public:
    struct Parts {
        Ref<config::Config> config;
        Ref<residency::Policy> policy;
        sql::Database& database;
        keyring::Keyring& keyring;
        directory::Directory& directory;
        audit::Log& audit;
        io::Clock& clock;
        io::Random& random;
        TokenVerifier& verifier;
        std::string region;
        std::uint16_t public_port;
        // Asks another region to give up an unconfirmed sign-up (message::kWithdraw).
        std::function<io::Task<Result<Done>>(std::string region, PasswordRequest)>
            withdraw_elsewhere;
        nodes::Nodes* nodes = nullptr;  // null: this process is its region's only one
        Courier::Options mail = {};
        const ClientSecrets* secrets = nullptr;
        std::string config_directory = "";  // what files that the config names are relative to
        Triggers* triggers = nullptr;       // null: functions take no part
        // Asks the region that turned out to be the home of somebody who is being migrated; `type`
        // is of the operation.
        std::function<io::Task<Result<Tokens>>(std::string region, const char* type,
                                               PasswordRequest)>
            sign_in_elsewhere = {};
        std::function<io::Task<Result<CodeDelivery>>(std::string region, ForgotPasswordRequest)>
            forgot_elsewhere = {};
        ExternalProviders* providers = nullptr;
        // Tells the home of an address that somebody wants it (message::kAddressWanted).
        std::function<io::Task<Result<Done>>(std::string region, AddressNotice)> tell_elsewhere =
            {};
    };
    explicit Home(Parts parts);

    // Finishes what a crash left, before anything is served.
    io::Task<Result<void>> open();
    // From time to time: finishes what an outage of the directory left, and ends sign-ups that were
    // not confirmed in time. Nothing while another node does so.
    io::Task<Result<void>> upkeep();

    io::Task<Result<SignUpResult>> sign_up(SignUpRequest request);
    // Gives up an unconfirmed sign-up, so that the person can sign up elsewhere: the password
    // proves that it is the same person.
    io::Task<Result<Done>> withdraw(PasswordRequest request);
    // Of whose address somebody wants: mails them, but not often (home_hidden.cc).
    io::Task<Result<Done>> tell_owner(AddressNotice notice);
    io::Task<Result<Done>> confirm(ConfirmRequest request);
    io::Task<Result<CodeDelivery>> resend(ResendRequest request);
    io::Task<Result<SrpChallenge>> start_srp(SrpStartRequest request);
    io::Task<Result<Tokens>> answer_srp(SrpAnswerRequest request);
    io::Task<Result<Tokens>> sign_in(PasswordRequest request);
    io::Task<Result<Tokens>> refresh(RefreshRequest request);
    io::Task<Result<User>> get_user(AccessTokenRequest request);
    io::Task<Result<Done>> revoke(RevokeRequest request);
    io::Task<Result<Done>> sign_out(AccessTokenRequest request);
    // Sends a code with which a forgotten password is replaced.
    io::Task<Result<CodeDelivery>> forgot_password(ForgotPasswordRequest request);
    io::Task<Result<Done>> reset_password(ResetPasswordRequest request);
    io::Task<Result<Done>> change_password(ChangePasswordRequest request);
    // The own account (home_account.cc, home_address.cc).
    io::Task<Result<CodeDeliveries>> update_attributes(AttributesRequest request);
    io::Task<Result<CodeDelivery>> attribute_code(AttributeCodeRequest request);
    io::Task<Result<Done>> prove_attribute(ProveAttributeRequest request);
    io::Task<Result<Done>> delete_own(AccessTokenRequest request);

    // The answer to a challenge that sign-in gave.
    io::Task<Result<Tokens>> answer_new_password(NewPasswordRequest request);

    // Challenges of the application's own (home_custom_auth.cc).
    io::Task<Result<Tokens>> start_custom(CustomStartRequest request);
    io::Task<Result<Tokens>> answer_custom(CustomAnswerRequest request);

    // Authenticator apps (home_mfa.cc). failed_precondition with reason totp_not_found where the
    // pool has none.
    io::Task<Result<AssociatedApp>> associate(AssociateRequest request);
    // A wrong code is totp_setup.
    io::Task<Result<VerifiedApp>> verify_token(VerifyTokenRequest request);
    io::Task<Result<Done>> set_mfa(MfaPreferenceRequest request);
    io::Task<Result<Done>> admin_set_mfa(AdminMfaRequest request);
    // totp_mismatch, totp_used; session_invalid after five tries.
    io::Task<Result<Tokens>> answer_mfa(MfaAnswerRequest request);

    // Devices (home_devices.cc, home_device_sign_in.cc). not_found with reason unknown_device.
    io::Task<Result<ConfirmedDevice>> confirm_device(ConfirmDeviceRequest request);
    io::Task<Result<DeviceDescription>> get_device(DeviceRequest request);
    io::Task<Result<DevicePage>> list_devices(ListDevicesRequest request);
    io::Task<Result<Done>> update_device(DeviceStatusRequest request);
    io::Task<Result<Done>> forget_device(DeviceRequest request);
    io::Task<Result<DeviceDescription>> admin_get_device(AdminDeviceRequest request);
    io::Task<Result<DevicePage>> admin_list_devices(AdminListDevicesRequest request);
    io::Task<Result<Done>> admin_update_device(AdminDeviceStatusRequest request);
    io::Task<Result<Done>> admin_forget_device(AdminDeviceRequest request);
    // The answers to the challenges with which a device proves itself.
    io::Task<Result<Tokens>> start_device_srp(DeviceSrpRequest request);
    io::Task<Result<Tokens>> answer_device_srp(DeviceProofRequest request);

    // Passkeys (home_passkeys.cc). failed_precondition with reason passkeys_off where the pool has
    // none; a passkey that cannot be taken has one of webauthn::reason.
    io::Task<Result<PasskeyOptions>> start_passkey(AccessTokenRequest request);
    io::Task<Result<Done>> complete_passkey(PasskeyRequest request);
    io::Task<Result<PasskeyPage>> list_passkeys(PasskeyListRequest request);
    io::Task<Result<Done>> delete_passkey(PasskeyDeleteRequest request);
    io::Task<Result<AuthFactors>> auth_factors(AccessTokenRequest request);
    // Sign-in by choice (home_choice.cc): tokens, or what has to be answered first.
    io::Task<Result<Tokens>> start_choice(ChoiceRequest request);
    io::Task<Result<Tokens>> answer_choice(ChoiceAnswerRequest request);

    // What the OpenID provider asks (home_oauth.cc). A code for who proves to be somebody: by name
    // and password, by the answer to a challenge that followed, by what the browser was given.
    io::Task<Result<Authorized>> oauth_sign_in(BrowserSignIn request);
    io::Task<Result<Authorized>> oauth_answer(BrowserAnswer request);
    io::Task<Result<Authorized>> oauth_resume(BrowserResume request);
    // Whom another provider names, also for the first time (home_external.cc).
    io::Task<Result<Authorized>> oauth_external(BrowserExternal request);
    io::Task<Result<Done>> oauth_end(BrowserEnd request);
    // A passkey for whoever has just signed in on the pages (home_passkeys.cc). session_invalid:
    // they have to sign in again; passkeys_off: there is none for them.
    io::Task<Result<PasskeyOptions>> oauth_passkey_options(BrowserPasskey request);
    io::Task<Result<Done>> oauth_add_passkey(BrowserPasskey request);
    io::Task<Result<Tokens>> oauth_redeem(RedeemRequest request);
    io::Task<Result<TokenState>> oauth_inspect(InspectRequest request);
    io::Task<Result<Done>> oauth_revoke(InspectRequest request);
    io::Task<Result<User>> oauth_user(AccessTokenRequest request);

    // What administrators do (home_admin.cc, home_admin_password.cc). not_found with reason
    // user_unknown; a change that meets another one is resource_exhausted.
    io::Task<Result<PersonDescription>> admin_create(AdminCreateRequest request);
    io::Task<Result<PersonDescription>> admin_get(AdminRequest request);
    io::Task<Result<Done>> admin_confirm(AdminRequest request);
    io::Task<Result<Done>> admin_delete(AdminRequest request);
    io::Task<Result<Done>> admin_disable(AdminRequest request);
    io::Task<Result<Done>> admin_enable(AdminRequest request);
    io::Task<Result<Done>> admin_set_settings(AdminRequest request);
    io::Task<Result<Done>> admin_sign_out(AdminRequest request);
    io::Task<Result<Done>> admin_update(AdminAttributesRequest request);
    io::Task<Result<Done>> admin_reset_password(AdminRequest request);
    io::Task<Result<Done>> admin_set_password(AdminPasswordRequest request);
    // A new temporary password for somebody who has not used theirs.
    io::Task<Result<PersonDescription>> admin_invite_again(AdminCreateRequest request);
    io::Task<Result<Tokens>> admin_sign_in(PasswordRequest request);
    // Groups, and lists of the people here (home_groups.cc, home_list.cc). Lists have at most
    // kListMax entries.
    io::Task<Result<Done>> admin_add_to_group(AdminGroupRequest request);
    io::Task<Result<Done>> admin_remove_from_group(AdminGroupRequest request);
    io::Task<Result<GroupPage>> admin_groups_of(AdminListGroupsRequest request);
    io::Task<Result<Group>> create_group(Administrator who, std::string pool, Group group);
    io::Task<Result<Group>> update_group(Administrator who, std::string pool, GroupChange change);
    io::Task<Result<Done>> delete_group(Administrator who, std::string pool, std::string name);
    io::Task<Result<GroupPage>> list_groups(std::string pool, std::string token,
                                            std::int64_t limit);
    io::Task<Result<PersonPage>> list_people(Administrator who, std::string pool, UserFilter filter,
                                             std::string token, std::int64_t limit);
    io::Task<Result<PersonPage>> list_group(AdminGroupRequest request, std::string token,
                                            std::int64_t limit);
    Groups& groups() { return groups_; }

    Signer& signer() { return signer_; }
    Users& users() { return users_; }
    Sessions& sessions() { return sessions_; }
    Outbox& outbox() { return outbox_; }
    Courier& courier() { return courier_; }
    Courier& texts() { return texts_; }
    Notices& notices() { return notices_; }

  private:
    // What mails say (home_mail.cc).
    struct MailFor {
        const config::Pool* pool = nullptr;
        MailKind kind = MailKind::verification;
        const char* source = "";  // of CustomMessage
        std::string client_id;    // empty: an administrator asks
        std::optional<Attributes> metadata;
    };
    // A mail, or a text message, for this address.
    io::Task<Result<Mail>> compose(MailFor what, UserRow row, MailFacts facts, Address to);
    TextFacts text_facts(const MailFor& what, const UserRow& row, const MailFacts& facts,
                         const Address& to) const;
    // What functions are told of somebody.
    Attributes told_of(const UserRow& row) const;
    // What puts it into the outbox, queues it for whoever sends it, and takes old ones out.
    io::Task<Result<std::vector<sql::Statement>>> mailing(std::string sub, Mail mail);
    // The work of that where there is nobody.
    io::Task<Result<std::vector<sql::Statement>>> mailing_to_nobody(Mail mail);
    Courier& courier_of(Medium medium);
    // Whether codes can be sent, by whatever way: before anybody is looked for.
    Result<void> check_room(const config::Pool& pool);
    io::Task<Result<void>> send_text(Mail mail);
    Courier::Options text_options();
    // What the answer says of where it goes: of an address that was typed, that one. `by_text`:
    // whether it may be a text message.
    CodeDelivery shown_delivery(const config::Pool& pool, const std::string& username,
                                const Address& to, bool by_text = true) const;
    // Whom a function is told of where there is nobody to write to, and where that seems to go.
    UserRow decoy_person(const config::Pool& pool, const std::string& username) const;
    Address decoy_address(const config::Pool& pool, const std::string& username,
                          bool by_text = true) const;

    // sign-up (home_sign_up.cc)
    io::Task<Result<void>> check_sign_up(ClientOfPool client, SignUpRequest request);
    io::Task<Result<SignUpResult>> repeat_sign_up(ClientOfPool client, UserRow row,
                                                  SignUpRequest request, PreSignUpAnswer wanted);
    io::Task<Result<SignUpResult>> new_sign_up(ClientOfPool client, SignUpRequest request,
                                               PreSignUpAnswer wanted);
    // Of an address that is somebody's, where that is not revealed (home_hidden.cc).
    enum class Holding : std::uint8_t { free, address, name };
    io::Task<Result<SignUpResult>> hidden_sign_up(ClientOfPool client, SignUpRequest request,
                                                  PreSignUpAnswer wanted);
    io::Task<Result<Holding>> holding_of(UserRow row);
    // Marks the row as hidden where one of its addresses is somebody's.
    io::Task<Result<directory::ClaimHandle>> claim_or_hide(UserRow& row, PasswordRequest person);
    io::Task<Result<std::vector<sql::Statement>>> no_mailing(std::string sub, Mail mail);
    void notify_owners(const UserRow& row);
    void notify_owner(const std::string& pool, const directory::SubjectKey& key);
    Address address_to_tell(const config::Pool& pool, const UserRow& row,
                            const directory::SubjectKey& wanted) const;
    io::Task<Result<void>> pass_on(AddressNotice notice);
    io::Task<Result<void>> write_confirmed(UserRow row);
    io::Task<Result<directory::ClaimHandle>> claim(UserRow row, PasswordRequest person);
    io::Task<Result<void>> write_person(MailFor what, UserRow row);
    io::Task<Result<void>> give_up(std::string claim_id);
    io::Task<Result<Done>> confirm_nobody(const config::Pool* pool, std::string username);
    io::Task<Result<std::vector<sql::Statement>>> write_code(MailFor what, UserRow& row);
    io::Task<Result<bool>> password_fits(UserRow row, std::string password);
    std::vector<directory::SubjectKey> keys_of(const UserRow& row) const;
    // Who keeps the subject keys of a pool, and claims keys of theirs.
    directory::KeyKeeper& keeper_of(const std::string& pool);
    // What this region is called in what people of a pool bring back (identity/routable.h).
    std::string name_in(const std::string& pool) const;
    const directory::KeyKeeper& keeper_of(const std::string& pool) const;
    io::Task<Result<directory::ClaimHandle>> begin_claim(std::vector<directory::SubjectKey> keys,
                                                         std::string pool);
    // failed_precondition when a pool has people of the other residency.
    io::Task<Result<void>> check_residency();
    io::Task<Result<void>> sweep();

    // sign-in (home_sign_in.cc)
    // `device`: the id of one that is known, empty for a new one, absent where the client has
    // nothing to do with devices.
    io::Task<Result<Tokens>> begin_session(UserRow row, ClientOfPool client,
                                           const char* token_source = kTokensOfSignIn,
                                           std::optional<std::string> device = std::nullopt);
    io::Task<Result<Tokens>> judge(std::optional<UserRow> row, bool proven,
                                   Attempts::Attempt attempt, ClientOfPool client,
                                   std::optional<std::string> device_key = std::nullopt);
    io::Task<Result<SrpChallenge>> srp_challenge(ClientOfPool client, std::optional<UserRow> row,
                                                 SrpStartRequest request, bool custom);
    io::Task<Result<TokenPtr>> own_access_token(std::string token);
    // Of the refresh token that a use of one of generation `used` gives (home_refresh.cc).
    io::Task<Result<std::int64_t>> next_generation(Session session, std::int64_t used,
                                                   const config::Client* client);
    io::Task<Result<UserRow>> own_user(TokenPtr token);
    // The session of a refresh token and whose it is, if both are still good.
    struct Resumed {
        Session session;
        UserRow row;
    };
    io::Task<Result<Resumed>> resume(RefreshToken token);
    // New tokens of a session; no refresh token.
    io::Task<Result<Tokens>> tokens_of(RefreshToken session, UserRow row, ClientOfPool client,
                                       std::optional<std::string> nonce, const char* source,
                                       std::string device = std::string());
    // OpenID Connect (home_oauth.cc)
    // `offers_passkey`: see Authorized.
    io::Task<Result<Authorized>> authorize(ClientOfPool client, Authorization asked, Tokens tokens,
                                           bool offers_passkey = false);
    io::Task<Result<Tokens>> take_browser_answer(ClientOfPool client, BrowserAnswer request);
    io::Task<Result<bool>> lacks_passkey(ClientOfPool client, UserRow row);
    io::Task<Result<std::string>> begin_browser_session(UserRow row, Timestamp auth_time);
    // Whose browser it is; session_invalid also when they were there longer ago.
    struct Browsing {
        UserRow row;
        Timestamp auth_time;
    };
    io::Task<Result<Browsing>> browsing(ClientOfPool client, std::string browser_session,
                                        std::optional<std::int64_t> max_age_seconds);
    // Sign-in with another provider (home_external.cc)
    io::Task<Result<UserRow>> make_external(ClientOfPool client, ExternalPerson person,
                                            std::string provider);
    io::Task<Result<UserRow>> write_external(UserRow row);
    io::Task<Result<UserRow>> refresh_external(const config::Pool* pool, UserRow row,
                                               Attributes said);
    io::Task<Result<TokenState>> inspect_refresh(ClientOfPool client, std::string text);
    Result<const config::Pool*> pool_of(const UserRow& row) const;
    TokenSubject token_subject(const UserRow& row, const config::Client& client) const;

    // triggers (home_triggers.cc)
    TriggerEvent event_of(const std::string& function, const char* source,
                          ClientOfPool client) const;
    TriggerEvent event_about(const UserRow& row, const std::string& function, const char* source,
                             ClientOfPool client) const;
    io::Task<Result<PreSignUpAnswer>> before_sign_up(ClientOfPool client, SignUpRequest request,
                                                     const char* source = kSignUpOfPerson);
    io::Task<Result<void>> after_confirmation(ClientOfPool client, UserRow row,
                                              std::optional<Attributes> metadata);
    io::Task<Result<void>> before_authentication(ClientOfPool client, std::optional<UserRow> row,
                                                 std::string username,
                                                 std::optional<Attributes> metadata);
    io::Task<Result<void>> after_authentication(ClientOfPool client, UserRow row,
                                                bool on_new_device);
    io::Task<Result<TokenChanges>> before_tokens(ClientOfPool client, UserRow row,
                                                 const char* source, std::vector<Group> groups);

    // CUSTOM_AUTH (home_custom_auth.cc)
    TriggerEvent custom_event(const CustomSession& session, const std::optional<UserRow>& row,
                              const std::optional<std::string>& function, const char* source,
                              ClientOfPool client) const;
    io::Task<Result<NextChallenge>> define_challenge(ClientOfPool client,
                                                     std::optional<UserRow> row,
                                                     CustomSession session);
    io::Task<Result<Tokens>> next_challenge(ClientOfPool client, std::optional<UserRow> row,
                                            CustomSession session);
    io::Task<Result<Tokens>> new_challenge(ClientOfPool client, std::optional<UserRow> row,
                                           CustomSession session);
    // The password of a sign-in that began with it is proven.
    io::Task<Result<Tokens>> after_password(ClientOfPool client, UserRow row, SrpBlock block,
                                            std::optional<Attributes> metadata);

    // migration (home_migration.cc)
    struct Migration {  // who asks to be let in, and is not here
        std::string username;
        std::optional<std::string> password;
        const char* source = "";
        std::optional<Attributes> validation_data, client_metadata;
        bool decided = false;  // another region has found that this is the home
    };
    // The home of whom the application has handed over just now; nullopt: it has not.
    io::Task<Result<std::optional<std::string>>> migrate(ClientOfPool client, Migration asked);
    io::Task<Result<bool>> write_migrated(ClientOfPool client, Migration asked, MigratedUser user);
    Result<std::string> home_of_migrated(const config::Pool& pool, const std::string& username,
                                         const MigratedUser& user) const;
    io::Task<Result<std::optional<std::string>>> migrate_to_sign_in(ClientOfPool client,
                                                                    const PasswordRequest& request);

    // the second factor (home_mfa.cc)
    struct Enrolling {  // who sets up an app
        std::optional<ChallengeSession> session;
        UserRow row;
        const config::Pool* pool = nullptr;
        Authenticator app;
    };
    // Of whoever has proven the password: tokens, or a challenge.
    io::Task<Result<Tokens>> second_factor(UserRow row, ClientOfPool client,
                                           const char* token_source = kTokensOfSignIn,
                                           std::optional<std::string> device_key = std::nullopt);
    io::Task<Result<Enrolling>> enrolling(std::optional<std::string> access_token,
                                          std::optional<std::string> session);
    io::Task<Result<std::int64_t>> judge_totp(UserRow row, std::string secret, std::string code,
                                              std::int64_t taken);
    io::Task<Result<void>> prefer(UserRow row, std::optional<bool> enabled,
                                  std::optional<bool> preferred);
    io::Task<Result<MfaSettings>> mfa_settings(std::string pool_name, std::string sub);

    // devices (home_device_sign_in.cc, home_devices.cc)
    // Of whoever has proven all else: tokens, or the challenge of a remembered device.
    io::Task<Result<Tokens>> device_factor(UserRow row, ClientOfPool client,
                                           const char* token_source,
                                           std::optional<std::string> device_key);
    // The person's device of this key; none where the pool has none.
    io::Task<Result<std::optional<Device>>> device_of(UserRow row, ClientOfPool client,
                                                      std::optional<std::string> device_key);
    std::string device_group(const std::string& sub, const std::string& id) const;
    // Whether a refresh token of this session comes from where it has to.
    io::Task<Result<void>> check_device(Session session, ClientOfPool client,
                                        std::optional<std::string> device_key);
    bool is_name_of(const UserRow& row, const std::string& username) const;
    DeviceDescription describe(const Device& device) const;
    io::Task<Result<Device>> device_to_change(std::string sub, std::string device_key);
    io::Task<Result<DevicePage>> page_of_devices(std::string sub, std::string token,
                                                 std::int64_t limit);
    io::Task<Result<void>> set_remembered(std::string sub, std::string device_key,
                                          std::optional<bool> remembered);
    io::Task<Result<void>> remove_device(std::string sub, std::string device_key,
                                         std::string keep_session);

    // passkeys (home_passkeys.cc), and sign-in by choice (home_choice.cc)
    struct PasskeyOwner {
        std::string client_id;  // of the client that asks
        UserRow row;
        const config::Pool* pool = nullptr;
    };
    static Result<PasskeyOwner> with_passkeys(PasskeyOwner owner);
    io::Task<Result<PasskeyOwner>> passkey_owner(std::string access_token);
    io::Task<Result<PasskeyOwner>> browsing_owner(Authorization asked, std::string browser_session);
    io::Task<Result<PasskeyOptions>> offer_passkey(PasskeyOwner owner);
    io::Task<Result<Done>> add_passkey(PasskeyOwner owner, std::string credential);
    ChoiceSession choice_session(ClientOfPool client, std::string name, std::string username) const;
    Tokens choice(ClientOfPool client, const ChoiceSession& session) const;
    io::Task<Result<Tokens>> go_on(ClientOfPool client, std::string name, ChoiceProof proof);
    io::Task<Result<Tokens>> prove_passkey(ClientOfPool client, ChoiceSession session,
                                           ChoiceProof proof);
    // What the answer of a passkey proves of the person; nullopt: nothing.
    io::Task<Result<std::optional<webauthn::Assertion>>> judge_passkey(
        const config::Passkeys* rules, std::optional<UserRow> row, std::string credential,
        std::string challenge);
    // Codes that are mailed (home_mailed_code.cc).
    io::Task<Result<Tokens>> mail_code(ClientOfPool client, ChoiceProof proof);
    io::Task<Result<Tokens>> prove_mailed_code(ClientOfPool client, ChoiceSession session,
                                               ChoiceProof proof);
    // Of whoever has proven who they are: what the person's state asks for, or tokens.
    enum class Proven : std::uint8_t { one_factor, both_factors };
    io::Task<Result<Tokens>> admit(UserRow row, Proven proven, ClientOfPool client,
                                   std::optional<std::string> device_key = std::nullopt);

    // passwords (home_password.cc)
    // The policy, and the list of breached ones.
    io::Task<Result<void>> check_new_password(const config::Pool* pool, std::string password);
    // Kept otherwise than the pool asks for, e.g. imported: anew, while the password is there.
    io::Task<Result<void>> keep_as_asked(const config::Pool* pool, UserRow& row,
                                         std::string password);
    // Puts the new one in its place, if neither it nor one that the policy remembers was it before.
    io::Task<Result<void>> set_password(const config::Pool* pool, UserRow& row,
                                        std::string password);
    // What was read may have been changed meanwhile: resource_exhausted then, so that clients try
    // again.
    io::Task<Result<sql::BatchResult>> write_changes(std::vector<sql::Statement> batch);

    // the own account
    io::Task<Result<void>> write_account(UserRow row, std::vector<sql::Statement> with);
    bool is_address_of(const UserRow& row, Medium medium, const std::string& address) const;
    // Whether the address is the user name too, and may change.
    Result<bool> renames(const UserRow& row, Medium medium) const;
    // The addresses that are asked for, out of the attributes.
    std::map<Medium, std::string> take_wishes(const config::Pool& pool, const UserRow& row,
                                              Attributes& asked) const;
    io::Task<Result<void>> count_address_code(UserRow row, Medium medium);
    io::Task<Result<std::vector<sql::Statement>>> address_code(UserRow row, Medium medium,
                                                               MailFor what);
    io::Task<Result<directory::ClaimHandle>> claim_address(const config::Pool* pool, UserRow row,
                                                           Medium medium, AddressChange& wanted);
    // Claims its key and puts the wish into the row; what else goes into the batch that writes it.
    io::Task<Result<std::vector<sql::Statement>>> offer_address(const config::Pool* pool,
                                                                UserRow& row, Medium medium,
                                                                std::string address, MailFor what);
    // Their sessions, row and keys; what an outage of the directory leaves is on record.
    io::Task<Result<void>> remove_person(UserRow row);

    // administration
    // On record, then the person.
    io::Task<Result<UserRow>> administered(std::string operation, Administrator who,
                                           std::string pool, std::string username);
    io::Task<Result<void>> on_record(std::string operation, Administrator who, std::string pool);
    io::Task<Result<void>> write_created(UserRow row, std::optional<Mail> mail);
    // Ends all sessions too, where asked; confirms who is not confirmed, where asked.
    enum class Also : std::uint8_t { nothing, end_sessions, confirm };
    io::Task<Result<void>> write_administered(
        UserRow row, Also also, std::vector<sql::Statement> with = std::vector<sql::Statement>());
    io::Task<Result<std::optional<Mail>>> give_temporary_password(const config::Pool* pool,
                                                                  UserRow& row,
                                                                  AdminCreateRequest request);
    io::Task<Result<Done>> set_disabled(AdminRequest request, bool disabled);
    // Other addresses that an administrator says (home_admin_address.cc).
    Result<AddressChanges> readdressed(const UserRow& row, const Attributes& said) const;
    io::Task<Result<void>> readdress(UserRow row, AddressChanges wanted);
    io::Task<Result<void>> end_wishes(UserRow row, AddressChanges wanted);
    io::Task<Result<void>> hand_over(UserRow row, directory::ClaimHandle held,
                                     AddressChanges wanted,
                                     std::vector<directory::SubjectKey> dropped);
    // Moving house is not there yet, so whatever is written must lead to this home.
    Result<void> check_stays(const config::Pool& pool, const Attributes& attributes) const;
    io::Task<Result<std::optional<PersonDescription>>> found_by_index(std::string pool,
                                                                      UserFilter filter);
    PersonDescription describe(const UserRow& row) const;
    Result<Tokens> new_password_challenge(const UserRow& row, ClientOfPool client) const;
    io::Task<Result<Tokens>> prove_password(ClientOfPool client, PasswordRequest request);

    Parts p_;
    Users users_;
    directory::RegionKeys region_keys_;
    directory::Claims claims_;
    Sessions sessions_;
    Outbox outbox_;
    Courier courier_, texts_;
    Signer signer_;
    Codes codes_;
    Groups groups_;
    Authenticators authenticators_;
    Challenges challenges_;
    Devices devices_;
    PasskeyStore passkeys_;
    AuthorizationCodes authorization_codes_;
    Attempts attempts_, resends_, resets_, address_mails_;
    Attempts factor_tries_;  // codes of authenticator apps, over all sessions of a person
    Attempts sign_in_mails_, mailed_tries_;  // codes for signing in: mails, and wrong ones
    Attempts custom_tries_;  // wrong answers to challenges of the application's own, likewise
    Attempts notices_sent_;  // to the owners of addresses
    Attempts decoy_tries_;   // plays the part of the row's counter for people who do not exist
    keyring::DataKey block_key_, refresh_key_, session_key_, page_key_, browser_key_, choice_key_;
    keyring::DataKey custom_key_;
    keyring::DataKey device_block_key_;
    std::string decoy_secret_, device_group_secret_;
    Notices notices_;
};

// An address of somebody else's; only where that is told.
std::unexpected<Error> alias_exists(const std::string& attribute);
// By whoever; a sign-up that was not confirmed in time does not count.
bool is_taken(const std::optional<directory::Record>& holder, Timestamp now);
// The user name, if it is an address that codes can go to.
Address typed_address(const config::Pool& pool, const std::string& username);
// Where the code of a sign-up goes: to the phone, if the pool sends text messages (as Cognito does
// it); else by mail. Without a value when there is nowhere.
Address first_address(const config::Pool& pool, const std::string& username,
                      const Attributes& attributes);
// The person's address of this kind, if they have proven it and may have a password reset.
Address proven_address(const std::optional<UserRow>& row, Medium medium);
// The e-mail address, else the phone number where the pool sends text messages.
Address proven_address(const config::Pool& pool, const std::optional<UserRow>& row);
// Masked.
CodeDelivery delivery_to(const Address& address);

}  // namespace domicile::identity
