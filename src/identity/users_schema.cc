// The tables of the component "identity", and how they came about: a step is never changed once it
// is out, only followed by others.
#include <algorithm>
#include <iterator>

#include "identity/authenticators.h"
#include "identity/challenges.h"
#include "identity/devices.h"
#include "identity/groups.h"
#include "identity/links.h"
#include "identity/passkey_store.h"
#include "identity/users.h"
#include "identity/users_tables.h"

namespace domicile::identity {
namespace {

std::string more_pace_rows() {
    std::string out = "INSERT INTO identity_pace (id, n) VALUES (2, 0)";
    for (std::size_t id = 3; id <= kPaceRows; ++id) out += ", (" + std::to_string(id) + ", 0)";
    return out;
}

}  // namespace

sql::Component Users::schema() {
    std::vector<std::string> steps;
    steps.emplace_back(
        "CREATE TABLE identity_users (sub TEXT PRIMARY KEY, pool TEXT NOT NULL, "
        "username_index BYTEA NOT NULL, claim_id BYTEA NOT NULL, created BIGINT NOT NULL, "
        "epoch BIGINT NOT NULL, confirmed BIGINT NOT NULL, sealed BYTEA NOT NULL, "
        "code_mac BYTEA NOT NULL, code_expires BIGINT NOT NULL, code_tries BIGINT NOT NULL, "
        "UNIQUE (pool, username_index))");
    steps.emplace_back(
        "CREATE TABLE identity_sessions (origin_jti TEXT PRIMARY KEY, sub TEXT NOT NULL, "
        "client TEXT NOT NULL, created BIGINT NOT NULL, expires BIGINT NOT NULL, "
        "revoked BIGINT NOT NULL)");
    steps.emplace_back("CREATE INDEX identity_sessions_by_sub ON identity_sessions (sub)");
    steps.emplace_back("CREATE INDEX identity_sessions_by_revoked ON identity_sessions (revoked)");
    steps.emplace_back(
        "CREATE TABLE identity_mails (id TEXT PRIMARY KEY, sub TEXT NOT NULL, "
        "sealed BYTEA NOT NULL, sent_at BIGINT NOT NULL)");
    steps.emplace_back("CREATE INDEX identity_mails_by_time ON identity_mails (sent_at)");
    steps.emplace_back(
        "CREATE TABLE identity_signing_keys (kid TEXT PRIMARY KEY, sealed BYTEA NOT NULL, "
        "created BIGINT NOT NULL)");
    steps.emplace_back("CREATE TABLE identity_pace (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)");
    steps.emplace_back("INSERT INTO identity_pace (id, n) VALUES (1, 0)");
    steps.emplace_back("CREATE INDEX identity_users_by_claim ON identity_users (claim_id)");
    steps.emplace_back("CREATE INDEX identity_mails_by_sub ON identity_mails (sub)");
    steps.emplace_back("CREATE TABLE identity_erasures (sub TEXT PRIMARY KEY)");
    // So that sessions which ended are found without a walk through those that live.
    steps.emplace_back("DROP INDEX identity_sessions_by_sub");
    steps.emplace_back("CREATE INDEX identity_sessions_by_end ON identity_sessions (sub, expires)");
    // Which key of each algorithm signs: the first that a node took for it.
    steps.emplace_back(
        "CREATE TABLE identity_signing_slots (algorithm TEXT PRIMARY KEY, kid TEXT NOT NULL)");
    steps.emplace_back(
        "CREATE TABLE identity_attempts (id BYTEA PRIMARY KEY, failures BIGINT NOT NULL, "
        "last_ms BIGINT NOT NULL, ends_ms BIGINT NOT NULL)");
    steps.emplace_back("CREATE INDEX identity_attempts_by_end ON identity_attempts (ends_ms)");
    steps.push_back(more_pace_rows());
    steps.emplace_back("ALTER TABLE identity_users ADD COLUMN version BIGINT NOT NULL DEFAULT 0");
    steps.emplace_back(
        "CREATE TABLE identity_codes (id BYTEA PRIMARY KEY, code_mac BYTEA NOT NULL, "
        "expires BIGINT NOT NULL, tries BIGINT NOT NULL)");
    steps.emplace_back("CREATE INDEX identity_codes_by_end ON identity_codes (expires)");
    steps.emplace_back(
        "ALTER TABLE identity_sessions ADD COLUMN generation BIGINT NOT NULL DEFAULT 0");
    steps.emplace_back(
        "ALTER TABLE identity_sessions ADD COLUMN rotated BIGINT NOT NULL DEFAULT 0");
    std::ranges::move(Groups::schema(), std::back_inserter(steps));
    std::ranges::move(Authenticators::schema(), std::back_inserter(steps));
    std::ranges::move(Challenges::schema(), std::back_inserter(steps));
    std::ranges::move(Devices::schema(), std::back_inserter(steps));
    std::ranges::move(PasskeyStore::schema(), std::back_inserter(steps));
    for (const std::string_view name : kAliasColumns) {
        const std::string column(name);
        steps.push_back("ALTER TABLE identity_users ADD COLUMN " + column + " BYTEA");
        steps.push_back("CREATE INDEX identity_users_by_" + column + " ON identity_users (pool, " +
                        column + ") WHERE " + column + " IS NOT NULL");
    }
    std::ranges::move(links_schema(), std::back_inserter(steps));
    return {"identity", std::move(steps)};
}

}  // namespace domicile::identity
