// The rows of the people who live here. What says who somebody is (user name, attributes, what
// stands for the password) is sealed under the person's own key; the user name can be looked up by
// a blind index, an HMAC under a region secret. In clear: sub, pool, status, times, counters, the
// claim id.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/pool.h"
#include "directory/claims.h"
#include "identity/passwords.h"
#include "identity/types.h"
#include "io/clock.h"
#include "io/task.h"
#include "keyring/keyring.h"
#include "sql/database.h"
#include "sql/remembered.h"

namespace domicile::identity {

// What a person has to do before they get in, beside proving who they are.
enum class PersonState : std::uint8_t {
    normal,
    new_password,  // has a temporary one: FORCE_CHANGE_PASSWORD
    reset,         // has to ask for a code: RESET_REQUIRED
};

// Another address for somebody (ADR 0022, ADR 0036): the old one stays in force until its owner has
// proven this one, or, said by an administrator, until its keys are the person's.
struct AddressChange {
    std::string value;      // empty: the address goes
    std::string change_id;  // directory::Claims::offered()
    bool renames = false;   // the address is the user name too
    bool taken = false;     // it is somebody's: nothing comes of this, and nobody is told
    bool proven = true;     // once it is in force; false: an administrator did not say so
};
// By the attribute that it is to be: "email", "phone_number".
using AddressChanges = std::map<std::string, AddressChange>;

// Whom another OpenID provider names: they have no password here.
struct ExternalIdentity {
    std::string provider, subject;
    bool operator==(const ExternalIdentity&) const = default;
};

struct UserRow {
    std::string sub;
    std::string pool;  // id suffix
    std::string claim_id;
    Timestamp created;
    std::uint64_t epoch = 0;
    bool confirmed = false;
    std::int64_t version = 0;  // of the row; each change of what is sealed counts
    // Sealed:
    std::string username;  // as typed
    std::string srp_name;  // what SRP hashes (USER_ID_FOR_SRP): random, and the same for ever
    Attributes attributes;
    StoredPassword password;
    std::vector<StoredPassword> past_passwords;  // newest first; as many as the policy asks for
    PersonState state = PersonState::normal;
    bool disabled = false;
    Timestamp temporary_until;  // a temporary password is of no use after it
    Timestamp modified;         // the last time that it was sealed
    AddressChanges address_changes;
    std::optional<ExternalIdentity> external;
    // The confirmation code, as an HMAC; kept after confirming, so that a repeated confirmation by
    // whoever knows the code can be told from a guess.
    std::string code_mac;
    Timestamp code_expires;
    std::int64_t code_tries = 0;
    Medium code_medium = Medium::email;  // which of the addresses it proves; sealed too
    // A sign-up with an address of somebody else's, which came to nothing and nobody is told so
    // (ADR 0032). Sealed too.
    bool hidden = false;
};

// What confirming proves, and what it says nothing of, where neither is known.
void mark_confirmed(UserRow& row);
// As they are once what is tied to this claim is in force.
UserRow with_change(UserRow row, const std::string& change_id);

inline constexpr std::size_t kResidentsMax = 50'000;

class Users final : public directory::ClaimOwner {
  public:
    Users(sql::Database& database, keyring::Keyring& keyring, io::Clock& clock)
        : database_(database),
          keyring_(keyring),
          clock_(clock),
          residents_(database, kResidentsMax),
          index_secret_(keyring.region_secret("identity.username_index")),
          code_secret_(keyring.region_secret("identity.confirmation_code")) {}

    static sql::Component schema();
    io::Task<Result<void>> migrate();

    // 32 bytes; equal for user names that normalise to the same.
    std::string username_index(std::string_view pool, std::string_view username) const;
    std::string code_mac(std::string_view sub, std::string_view code) const;

    // Null when there is none; that case costs the same look-ups.
    io::Task<Result<std::optional<UserRow>>> find(std::string pool, std::string username);
    // A hidden one, of whoever was refused this user name.
    io::Task<Result<std::optional<UserRow>>> find_hidden(std::string pool, std::string username);
    io::Task<Result<std::optional<UserRow>>> find_claim(std::string claim_id);
    io::Task<Result<std::optional<UserRow>>> find_sub(std::string sub);

    // People of a pool in the order of their subs, after one of them; maybe fewer than there are.
    io::Task<Result<std::vector<UserRow>>> page(std::string pool, std::string after,
                                                std::int64_t limit);

    // Makes the person's key and the statement that inserts the row (conflict "unique" when the
    // user name is taken here).
    io::Task<Result<sql::Statement>> insertion(UserRow row);
    // Writes attributes and code of an unconfirmed row anew. failed_precondition when it is gone.
    io::Task<Result<void>> replace_unconfirmed(UserRow row, std::vector<sql::Statement> with);
    // The statement that writes what is sealed of a row anew: a conflict when the row was changed,
    // or confirmed, since it was read.
    io::Task<Result<sql::Statement>> replacement(UserRow row);
    // Counts a try before it is judged, so that guesses at once cannot outrun the bound. False when
    // all tries are used up.
    io::Task<Result<bool>> count_code_try(std::string sub, std::int64_t tries_max);
    // For the claim protocol. Nobody who is confirmed is removed by it: a batch that would fails
    // with a conflict. Whose row goes is noted for destroy_keys().
    std::vector<sql::Statement> confirmed(const std::string& claim_id) override;
    std::vector<sql::Statement> removed(const std::string& claim_id) override;
    // The new addresses in the place of the old ones.
    io::Task<Result<std::vector<sql::Statement>>> changed(std::string claim_id,
                                                          std::string change_id) override;
    // For a batch before removed(): lets it remove somebody who is confirmed, if the row is still
    // as it was read. forget() when it is durable.
    static sql::Statement leaving(const UserRow& row);
    void forget(const std::string& sub) { residents_.forget(sub); }
    // Destroys the keys of people whose rows are gone. They lie in a database of their own, so this
    // comes after the batch that removed the row, and again after a crash.
    io::Task<Result<void>> destroy_keys();
    io::Task<Result<bool>> is_confirmed(std::string sub);
    // A durable write that changes nothing about anybody: unknown people cost what known ones do
    // (I8). Of a few rows, by the key, so that they are seldom in each other's way.
    io::Task<Result<void>> pace(std::string key);

  private:
    std::string hidden_index(std::string_view pool, std::string_view username) const;
    io::Task<Result<std::optional<UserRow>>> find_where(std::string condition,
                                                        std::vector<sql::Value> parameters);
    io::Task<Result<UserRow>> opened(const sql::Row row);
    io::Task<Result<sql::Blob>> sealed_profile(const UserRow row);

    sql::Database& database_;
    keyring::Keyring& keyring_;
    io::Clock& clock_;
    // Who is confirmed here, by sub. Nobody ceases to be; what comes to move or erase people has to
    // forget them here.
    sql::Remembered<bool> residents_;
    std::string index_secret_, code_secret_;
};

}  // namespace domicile::identity
