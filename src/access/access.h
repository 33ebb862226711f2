// Who may call which operation on what: access keys of programs and operators, short-lived session
// credentials of functions, policies with an optional binding to one subject. Per region.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/redacted.h"
#include "base/result.h"
#include "base/time.h"
#include "io/clock.h"
#include "io/task.h"
#include "keyring/keyring.h"
#include "sql/database.h"

namespace domicile::access {

// Operations as "dynamodb:PutItem", "admin:*"; resources as "table/DiaryEntries", "*". A trailing
// "*" matches the rest. Nothing is allowed unless a statement allows it.
struct Statement {
    std::vector<std::string> operations;
    std::vector<std::string> resources;
    bool operator==(const Statement&) const = default;
};
struct Policy {
    std::vector<Statement> statements;
    bool operator==(const Policy&) const = default;
};

namespace reason {  // of Code::unauthenticated
inline constexpr const char* kUnknownKey = "unknown_key";
inline constexpr const char* kExpiredToken = "expired_token";
inline constexpr const char* kInvalidToken = "invalid_token";
}  // namespace reason

// An authenticated caller.
struct Principal {
    std::string access_key_id;
    Policy policy;
    std::optional<std::string> subject;  // bound: may touch only data of this sub
};

// The policy as JSON, as the admin API, key records and session tokens have it:
// {"statements":[{"operations":["dynamodb:*"],"resources":["table/*"]}]}. invalid_argument names
// what is wrong: unknown members, empty lists, patterns that are not text, more than 64 statements.
json::object to_json(const Policy& policy);
Result<Policy> policy_from_json(const json::object& object);

// permission_denied unless the policy allows the operation on the resource.
Result<void> authorize(const Principal& principal, std::string_view operation,
                       std::string_view resource);

struct Credentials {
    std::string
        access_key_id;  // "DOMK" + 16 for keys, "DOMS" + 16 for sessions (upper-case base32)
    Redacted<std::string> secret_access_key;
    std::string session_token;  // empty for keys
    Timestamp expires;          // of sessions
};

// What SigV4 needs to check a signature, and who it is then.
struct SigningIdentity {
    Redacted<std::string> secret_access_key;
    Principal principal;
};

struct KeyDescription {
    std::string access_key_id;
    std::string description;
    Timestamp created;
    bool active = true;
    Policy policy;
};

class Access {
  public:
    Access(sql::Database& database, keyring::Keyring& keyring, io::Clock& clock, io::Random& random,
           std::string region);
    ~Access();
    static sql::Component schema();
    io::Task<Result<void>> open();  // migrates component "access"

    io::Task<Result<Credentials>> create_key(std::string description, Policy policy);
    // A new key with the policy of the old one, which stays valid until it is revoked.
    io::Task<Result<Credentials>> rotate_key(std::string access_key_id);
    io::Task<Result<void>> revoke_key(std::string access_key_id);  // effective at once; idempotent
    io::Task<Result<std::vector<KeyDescription>>> list_keys();

    // Stateless: the token is sealed under a region key and carries policy, subject and expiry.
    Credentials issue_session(const Policy& policy, std::optional<std::string> subject,
                              Millis lifetime);

    // unauthenticated (reason "unknown_key", "expired_token", "invalid_token").
    io::Task<Result<SigningIdentity>> identify(std::string access_key_id,
                                               std::string session_token);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace domicile::access
