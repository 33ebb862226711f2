#include "identity/sessions.h"

#include <charconv>
#include <limits>

namespace domicile::identity {
namespace {

constexpr const char* kColumns =
    "origin_jti, sub, client, created, expires, revoked, generation, rotated, device";

Session read(const sql::Row& row) {
    Session out;
    out.origin_jti = row.text(0);
    out.sub = row.text(1);
    out.client_id = row.text(2);
    out.created = Timestamp{row.integer(3)};
    out.expires = Timestamp{row.integer(4)};
    out.revoked = Timestamp{row.integer(5)};
    out.generation = row.integer(6);
    out.rotated = Timestamp{row.integer(7)};
    out.device = row.text(8);
    return out;
}

// When it began, and its id; before all of them where there is no place.
struct Place {
    std::int64_t created = std::numeric_limits<std::int64_t>::max();
    std::string origin_jti;
};

Place read_place(const std::string& text) {
    Place out;
    const auto end = text.find(':');
    if (end == text.npos) return out;
    std::from_chars(text.data(), text.data() + end, out.created);
    out.origin_jti = text.substr(end + 1);
    return out;
}

}  // namespace

io::Task<Result<void>> Sessions::load() {
    const Instant began = clock_.monotonic();
    loaded_ = clock_.now();
    CO_TRY_VOID(co_await load_since(loaded_ - kTokenLifetimeMax));
    if (database_.shared()) verifier_.revocations_known(began);
    co_return Result<void>();
}

// By the times of the rows, which their writers' clocks gave: the newest of them that were there
// before may have come after others with a later time, so that a little is read again.
io::Task<Result<void>> Sessions::load_new(Millis clock_difference) {
    const Instant began = clock_.monotonic();
    const Timestamp now = clock_.now();
    const Timestamp since = std::min(loaded_, now) - kWriteMax - clock_difference;
    CO_TRY_VOID(co_await load_since(since));
    loaded_ = now;
    verifier_.revocations_known(began);
    co_return Result<void>();
}

io::Task<Result<void>> Sessions::load_since(Timestamp since) {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"SELECT origin_jti, revoked FROM identity_sessions WHERE revoked > $1", {since.ms}});
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    for (const sql::Row& row : found[0].rows) {
        verifier_.revoke_origin(row.text(0), Timestamp{row.integer(1)} + kTokenLifetimeMax);
    }
    co_return Result<void>();
}

io::Task<Result<void>> Sessions::begin(Session session) {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"INSERT INTO identity_sessions (origin_jti, sub, client, created, expires, "
         "revoked, device) VALUES ($1, $2, $3, $4, $5, 0, $6)",
         {session.origin_jti, session.sub, session.client_id, session.created.ms,
          session.expires.ms, session.device}});
    // Sessions that ended long ago go when new ones come, so that the table stays bounded.
    batch.push_back({"DELETE FROM identity_sessions WHERE sub = $1 AND expires < $2",
                     {session.sub, (session.created - kTokenLifetimeMax).ms}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

io::Task<Result<std::optional<Session>>> Sessions::find(std::string origin_jti) {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {std::string("SELECT ") + kColumns + " FROM identity_sessions WHERE origin_jti = $1",
         {std::move(origin_jti)}});
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    if (found[0].rows.empty()) co_return std::optional<Session>();
    co_return std::optional<Session>(read(found[0].rows[0]));
}

std::string Sessions::place_of(const Session& session) {
    return std::to_string(session.created.ms) + ':' + session.origin_jti;
}

io::Task<Result<std::vector<Session>>> Sessions::list(std::string sub, std::string after,
                                                      std::int64_t limit) {
    Place place = read_place(after);
    std::vector<sql::Statement> batch;
    batch.push_back(
        {std::string("SELECT ") + kColumns +
             " FROM identity_sessions WHERE sub = $1 AND expires > $2 AND revoked = 0 "
             "AND (created < $3 OR (created = $3 AND origin_jti < $4)) "
             "ORDER BY created DESC, origin_jti DESC LIMIT $5",
         {std::move(sub), clock_.now().ms, place.created, std::move(place.origin_jti), limit}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    std::vector<Session> out;
    for (const sql::Row& row : found[0].rows) out.push_back(read(row));
    co_return out;
}

io::Task<Result<bool>> Sessions::end(std::string sub, std::string origin_jti) {
    const Timestamp now = clock_.now();
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"UPDATE identity_sessions SET revoked = $3 WHERE sub = $1 AND origin_jti = $2 "
         "AND revoked = 0 AND expires > $3 RETURNING origin_jti",
         {std::move(sub), std::move(origin_jti), now.ms}});
    CO_TRY(const auto done, co_await database_.write(std::move(batch)));
    ended(done[0]);
    co_return !done[0].rows.empty();
}

io::Task<Result<bool>> Sessions::rotate(std::string origin_jti, std::int64_t generation) {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"UPDATE identity_sessions SET generation = generation + 1, rotated = $3 "
         "WHERE origin_jti = $1 AND generation = $2 AND revoked = 0",
         {std::move(origin_jti), generation, clock_.now().ms},
         1});
    const auto done = co_await database_.write(std::move(batch));
    if (!done && done.error().code == Code::conflict) co_return false;
    CO_TRY_VOID(done);
    co_return true;
}

io::Task<Result<void>> Sessions::revoke(std::string origin_jti) {
    const Timestamp now = clock_.now();
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"UPDATE identity_sessions SET revoked = $2 WHERE origin_jti = $1 AND "
         "revoked = 0",
         {origin_jti, now.ms}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    verifier_.revoke_origin(origin_jti, now + kTokenLifetimeMax);
    co_return Result<void>();
}

io::Task<Result<void>> Sessions::revoke_all(std::string sub) {
    std::vector<sql::Statement> batch;
    batch.push_back(ending_all(std::move(sub), ""));
    CO_TRY(auto done, co_await database_.write(std::move(batch)));
    ended(done[0]);
    co_return Result<void>();
}

sql::Statement Sessions::ending_all(std::string sub, std::string keep) const {
    return {
        "UPDATE identity_sessions SET revoked = $2 WHERE sub = $1 AND revoked = 0 "
        "AND origin_jti <> $3 RETURNING origin_jti",
        {std::move(sub), clock_.now().ms, std::move(keep)}};
}

sql::Statement Sessions::ending_on(std::string sub, std::string device, std::string keep) const {
    return {
        "UPDATE identity_sessions SET revoked = $2 WHERE sub = $1 AND revoked = 0 "
        "AND device = $4 AND origin_jti <> $3 RETURNING origin_jti",
        {std::move(sub), clock_.now().ms, std::move(keep), std::move(device)}};
}

void Sessions::ended(const sql::StatementResult& result) {
    const Timestamp until = clock_.now() + kTokenLifetimeMax;
    for (const sql::Row& row : result.rows) verifier_.revoke_origin(row.text(0), until);
}

}  // namespace domicile::identity
