// The region's signing keys, one for each algorithm, and the tokens made with them. The private
// halves are sealed under a region key; the public ones are published through the directory.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "config/config.h"
#include "crypto/keys.h"
#include "identity/triggers.h"
#include "identity/types.h"
#include "io/clock.h"
#include "io/task.h"
#include "keyring/keyring.h"
#include "sql/database.h"

namespace domicile::identity {

// https://idp.<region>.<domain>[:port]/<region>_<suffix>, or the AWS form.
std::string issuer(const config::Config& config, std::uint16_t public_port, std::string_view region,
                   std::string_view pool_suffix);

// What a pair of tokens says about a sign-in.
struct TokenSubject {
    std::string sub, username, pool, region, client_id;
    std::string origin_jti, event_id;
    Timestamp auth_time;
    std::uint64_t epoch = 0;
    Attributes attributes;
    std::vector<Group> groups;  // in the order of their precedence
    // What the OpenID provider gives: the scope of the access token, and whether there is an ID
    // token and what is in it.
    std::optional<std::string> scope;
    std::optional<std::string> nonce;
    std::optional<std::string> device_key;
    TokenChanges changes = {};  // that a trigger asks for
};

class Signer {
  public:
    Signer(sql::Database& database, keyring::Keyring& keyring, io::Clock& clock, io::Random& random)
        : database_(database), keyring_(keyring), clock_(clock), random_(random) {}

    // Loads the key of each algorithm that is in use, or makes and stores one. All of them,
    // whatever the clients ask for today: so a client's algorithm can change without a token
    // becoming invalid. Nodes that start at once agree on one.
    io::Task<Result<void>> open();
    std::vector<crypto::PublicKey> public_keys() const;

    // An access and an id token, signed on the blocking pool with the client's algorithm. No
    // refresh token.
    io::Task<Result<Tokens>> issue(TokenSubject subject, std::string issuer, config::Client client);

    // These claims as the client's tokens are signed.
    io::Task<Result<std::string>> sign(json::object claims, config::Client client);

  private:
    const crypto::SigningKey& key_for(const config::Client& client) const;
    io::Task<Result<bool>> load(crypto::Algorithm algorithm);
    io::Task<Result<std::vector<crypto::SigningKey>>> read(sql::Statement query);
    io::Task<Result<void>> choose(crypto::Algorithm algorithm);

    sql::Database& database_;
    keyring::Keyring& keyring_;
    io::Clock& clock_;
    io::Random& random_;
    std::map<crypto::Algorithm, crypto::SigningKey> keys_;
};

}  // namespace domicile::identity
