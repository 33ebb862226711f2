// Mails that wait for a mail server, or would be sent if there were one, and text messages that
// wait for the function that sends them: kept for a week, sealed under the key of the person they
// go to.
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
    Outbox(sql::Database& database, keyring::Keyring& keyring)
        : database_(database), keyring_(keyring) {}

    // The statement that puts a mail into the outbox under mail.id, so that it is sent in the same
    // commit as what it is about.
    io::Task<Result<sql::Statement>> insertion(std::string sub, Mail mail);
    static sql::Statement insertion_under(const keyring::DataKey& key, std::string sub, Mail mail);
    // Newest first. A mail whose person's key is gone is left out.
    io::Task<Result<std::vector<Mail>>> list(std::size_t limit);
    // not_found: it is gone, or its person's key is.
    io::Task<Result<Mail>> find(std::string id);
    static sql::Statement removal(const std::string& id);
    static sql::Statement drop_before(Timestamp time);

  private:
    io::Task<Result<Mail>> open(sql::Row row);

    sql::Database& database_;
    keyring::Keyring& keyring_;
};

}  // namespace domicile::identity
