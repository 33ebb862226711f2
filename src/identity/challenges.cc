#include "identity/challenges.h"

#include "identity/messages.h"
#include "identity/routable.h"

namespace domicile::identity {
namespace {

constexpr std::int64_t kTriesMax = 5;

}  // namespace

std::unexpected<Error> challenge_over() {
    return fail(Code::unauthenticated, "The session is not valid.", reason::kSessionInvalid);
}

std::vector<std::string> Challenges::schema() {
    return {
        "CREATE TABLE identity_challenges (id TEXT PRIMARY KEY, tries BIGINT NOT NULL, "
        "expires BIGINT NOT NULL)",
        "CREATE INDEX identity_challenges_by_end ON identity_challenges (expires)"};
}

ChallengeSession Challenges::begin(std::string name, const UserRow& row,
                                   std::string client_id) const {
    ChallengeSession out;
    out.name = std::move(name);
    out.pool = row.pool;
    out.client_id = std::move(client_id);
    out.sub = row.sub;
    out.id = random_.uuid();
    out.version = row.version;
    out.expires_ms = (clock_.now() + kLifetime).ms;
    return out;
}

std::string Challenges::seal(const ChallengeSession& session) const {
    return seal_session(key_, name_in_(session.pool), json::serialize(to_message(session)));
}

Result<ChallengeSession> Challenges::open(const std::string& session, std::string_view name) const {
    const auto text = open_session(key_, region_, session);
    if (!text) return challenge_over();
    TRY(const json::value stored, parse_json(*text));
    TRY(ChallengeSession out, from_message<ChallengeSession>(stored));
    if (out.name != name || Timestamp{out.expires_ms} <= clock_.now()) return challenge_over();
    return out;
}

Result<void> Challenges::check(const ChallengeSession& session,
                               const std::optional<UserRow>& row) const {
    if (row && row->version == session.version && row->pool == session.pool && row->confirmed &&
        !row->disabled) {
        return {};
    }
    return challenge_over();
}

io::Task<Result<void>> Challenges::count_try(ChallengeSession session) {
    std::vector<sql::Statement> batch;
    batch.push_back({"DELETE FROM identity_challenges WHERE expires < $1", {clock_.now().ms}});
    batch.push_back(
        {"INSERT INTO identity_challenges (id, tries, expires) VALUES ($1, 1, $2) "
         "ON CONFLICT (id) DO UPDATE SET tries = identity_challenges.tries + 1 "
         "WHERE identity_challenges.tries < $3 RETURNING tries",
         {session.id, session.expires_ms, kTriesMax}});
    CO_TRY(const auto counted, co_await database_.write(std::move(batch)));
    if (counted[1].rows.empty()) co_return challenge_over();
    co_return Result<void>();
}

io::Task<Result<void>> Challenges::spend(std::string id, Timestamp expires) {
    std::vector<sql::Statement> batch;
    batch.push_back({"DELETE FROM identity_challenges WHERE expires < $1", {clock_.now().ms}});
    batch.push_back(
        {"INSERT INTO identity_challenges (id, tries, expires) VALUES ($1, $2, $3) "
         "ON CONFLICT (id) DO NOTHING RETURNING tries",
         {std::move(id), kTriesMax + 1, expires.ms}});
    CO_TRY(const auto spent, co_await database_.write(std::move(batch)));
    if (spent[1].rows.empty()) co_return challenge_over();
    co_return Result<void>();
}

sql::Statement Challenges::using_up(const ChallengeSession& session) {
    return {"UPDATE identity_challenges SET tries = $2 WHERE id = $1 AND tries < $2",
            {session.id, kTriesMax + 1},
            1};
}

}  // namespace domicile::identity
