// What the tests of one region, of its nodes and of several regions share.
#pragma once

#include <algorithm>
#include <string>

#include "config/config.h"
#include "identity/identity.h"
#include "io/executor.h"
#include "io/task.h"

namespace domicile::identity::testing {

// "Health1", with the client "client1".
inline config::Pool make_pool() {
    config::Client client;
    client.name = "web";
    client.id = "client1";
    config::Pool pool;
    pool.name = "health";
    pool.id_suffix = "Health1";
    pool.clients.push_back(client);
    return pool;
}

// How many mails with this in their subject a region has. Looks until they are `count`, since
// owners are told of what others tried after these were answered, or a time that only a broken
// program takes.
inline io::Task<Result<std::size_t>> mails_once(Identity& identity, std::size_t count,
                                                std::string word = "") {
    const Instant deadline = io::deadline_in(Seconds(30));
    for (;;) {
        CO_TRY(const auto mails, co_await identity.outbox(100));
        const auto found = static_cast<std::size_t>(std::ranges::count_if(
            mails, [&](const Mail& mail) { return mail.subject.contains(word); }));
        if (found >= count || io::deadline_in(Millis(0)) >= deadline) co_return found;
        co_await io::sleep_for(Millis(2));
    }
}

}  // namespace domicile::identity::testing
