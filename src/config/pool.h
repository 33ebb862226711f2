// User pools: one logical pool exists in every region under the same id suffix and client ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/budget.h"
#include "config/identity_provider.h"
#include "config/named.h"
#include "config/oauth.h"
#include "config/passkeys.h"
#include "config/triggers.h"

namespace domicile::config {

// Names as Cognito's InitiateAuth writes AuthFlow.
enum class AuthFlow : std::uint8_t {
    user_srp_auth,
    user_password_auth,
    refresh_token_auth,
    admin_user_password_auth,
    custom_auth,  // challenges of the application's own, after SRP or without
    user_auth
};

// What signs the tokens of a client (RFC 7518). RS256 is what Cognito does and every library knows;
// ES256 signs in a thirtieth of the time and makes shorter tokens, but costs more to verify.
enum class TokenAlgorithm : std::uint8_t { rs256, es256 };

// A refresh token is good for one use, and each use gives the next one (RFC 9700, 4.14.2).
struct RefreshRotation {
    int grace_seconds = 0;  // for which the one before is still taken, for answers that got lost
};

struct Client {
    std::string name;
    std::string id;  // 1 to 128 of [A-Za-z0-9_+]
    std::vector<AuthFlow> flows = {AuthFlow::user_srp_auth, AuthFlow::refresh_token_auth};
    int access_token_minutes = 60;
    int id_token_minutes = 60;
    int refresh_token_days = 30;
    std::optional<RefreshRotation> refresh_token_rotation;
    TokenAlgorithm token_algorithm = TokenAlgorithm::rs256;
    std::optional<std::string> secret_file;  // relative to the file's folder; read when asked for
    // What its users see and change of themselves through it; empty: everything.
    std::vector<std::string> read_attributes, write_attributes;
    std::optional<OAuth> oauth;  // absent: the OpenID provider does not know it
    std::optional<ClientLimits> limits;

    bool allows(AuthFlow flow) const;
    bool reads(std::string_view attribute) const;
    bool writes(std::string_view attribute) const;
};

// What a password costs that is kept as Argon2id (RFC 9106). The standard is OWASP's for 19 MiB.
struct Argon2id {
    int memory_kib = 19'456;
    int iterations = 2;
    int lanes = 1;  // computed one after the other
};

struct PasswordPolicy {
    int length_min = 8;
    bool lower = true;
    bool upper = true;
    bool digit = true;
    bool symbol = true;
    int temporary_days = 7;  // life of a password that an administrator gave
    int history = 0;         // how many of the last passwords a new one must differ from
    Argon2id argon2id;       // where no client signs in by SRP
    std::optional<std::string> breached_file;  // relative to the file's folder
};

// An attribute of the pool beyond the standard ones, or what differs for a standard one.
struct Attribute {
    std::string name;  // "custom:..." or a standard OpenID Connect claim name
    bool required = false;
    bool is_mutable = true;  // `mutable` in the file
};

// Codes of an authenticator app beside the password.
enum class Mfa : std::uint8_t {
    off,
    optional,  // for whoever turns it on
    required,
};

// Which devices people sign in from are remembered, once the client has confirmed them.
enum class Devices : std::uint8_t {
    off,
    user_opt_in,  // those that the person says so of
    always,
};

// Who says where the pool's people are at home (ADR 0033).
enum class Residency : std::uint8_t {
    directory,  // one home for each, by their country, which all regions know
    triggers,   // nobody: each region has its own people, and the pool's functions place them
};

// Text messages, which a function of the home region hands to whoever carries them.
struct Sms {
    std::string function;
};

struct Pool {
    std::string name;
    std::string id_suffix;  // the pool id in region R is "R_<id_suffix>"
    NamedList<Client> clients;
    NamedList<ResourceServer> resource_servers;
    NamedList<IdentityProvider> identity_providers;
    PasswordPolicy password;
    std::vector<Attribute> attributes;
    Residency residency = Residency::directory;
    std::string country_attribute = "custom:country";  // where the directory says it
    int code_hours = 24;
    Mfa mfa = Mfa::off;
    Devices devices = Devices::off;
    bool devices_replace_mfa = false;  // a remembered device proves itself instead of a code
    std::optional<Passkeys> passkeys;  // absent: nobody can have one
    bool email_otp = false;            // sign-in with a code that is mailed
    std::optional<Sms> sms;            // absent: nothing is sent to phone numbers
    Triggers triggers;
    bool reveal_existing = false;  // true: answers tell whether a user exists, as Cognito's LEGACY

    // Each region answers for its own people of it, and knows of no others.
    bool stands_alone() const { return residency == Residency::triggers; }
    // "eu-central-1_Health1"
    std::string id_in(const std::string& region) const { return region + "_" + id_suffix; }
    // nullptr if no client has this id.
    const Client* find_client(std::string_view id) const;
    bool has_flow(AuthFlow flow) const;  // does any client have it?
};

}  // namespace domicile::config
