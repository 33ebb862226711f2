// Mails that were sent, or would be: kept for a week, sealed under the key of the person they go
// to.
#pragma once

#include <string>
#include <vector>

#include "identity/types.h"
#include "io/clock.h"
#include "io/task.h"
#include "keyring/keyring.h"
#include "sql/database.h"

namespace domicile::identity {

class Outbox {
  public:
    Outbox(sql::Database& database, keyring::Keyring& keyring, io::Random& random)
        : database_(database), keyring_(keyring), random_(random) {}

    // The statement that puts a mail into the outbox, so that it is sent in the same commit as what
    // it is about.
    io::Task<Result<sql::Statement>> insertion(std::string sub, Mail mail);
    // Newest first. A mail whose person's key is gone is left out.
    io::Task<Result<std::vector<Mail>>> list(std::size_t limit);
    static sql::Statement drop_before(Timestamp time);

  private:
    sql::Database& database_;
    keyring::Keyring& keyring_;
    io::Random& random_;
};

}  // namespace domicile::identity
