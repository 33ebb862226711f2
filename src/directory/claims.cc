#include "directory/claims.h"

#include <iterator>
#include <utility>

#include "directory/claim_rows.h"
#include "directory/region_keys.h"

namespace domicile::directory {
namespace {

constexpr std::int64_t kPage = 100;

std::vector<std::string> tables() {
    std::vector<std::string> out;
    out.emplace_back(
        "CREATE TABLE claim_intents (claim_id BYTEA PRIMARY KEY, state TEXT NOT NULL, "
        "keys BYTEA NOT NULL, pool TEXT NOT NULL, run BYTEA NOT NULL, expires BIGINT NOT NULL); "
        "CREATE INDEX claim_intents_by_state ON claim_intents (state, expires)");
    out.emplace_back(
        "CREATE TABLE claim_changes (change_id BYTEA PRIMARY KEY, claim_id BYTEA NOT NULL, "
        "dropped BYTEA NOT NULL); "
        "CREATE INDEX claim_changes_by_claim ON claim_changes (claim_id)");
    out.emplace_back("ALTER TABLE claim_intents ADD COLUMN keeper BIGINT NOT NULL DEFAULT 0");
    out.push_back(RegionKeys::table());
    return out;
}

void append(std::vector<sql::Statement>& batch, std::vector<sql::Statement> more) {
    batch.insert(batch.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
}

std::size_t& count_of(ReplayReport& report, std::string_view state) {
    if (state == "activating") return report.activated;
    return state == "changing" || state == "dropping" ? report.changed : report.released;
}

}  // namespace

Claims::Claims(KeyKeeper& directory, KeyKeeper& region, sql::Database& database, io::Clock& clock,
               io::Random& random, ClaimOwner& owner, ClaimsOptions options)
    : directory_(directory),
      region_(region),
      database_(database),
      clock_(clock),
      random_(random),
      owner_(owner),
      options_(std::move(options)),
      run_(options_.run.empty() ? random.bytes(16) : options_.run) {}
Claims::~Claims() = default;

Result<void> Claims::stop(ClaimStep step) const {
    if (options_.stop_after && options_.stop_after(step))
        return fail(Code::cancelled, "Stopped by fault injection.");
    return {};
}

sql::Component Claims::schema() { return {"claims", tables()}; }

io::Task<Result<void>> Claims::open() {
    sql::Component own = schema();
    return database_.migrate(std::move(own.name), std::move(own.steps));
}

io::Task<Result<std::vector<Claims::Row>>> Claims::select(std::string condition,
                                                          std::vector<sql::Value> parameters) {
    Statements batch;
    batch.push_back(
        {"SELECT claim_id, state, keys, expires, run, keeper FROM claim_intents WHERE " + condition,
         std::move(parameters)});
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    std::vector<Row> out;
    for (const sql::Row& row : found[0].rows)
        out.push_back({row.bytes(0), row.text(1), split(row.bytes(2)), Timestamp{row.integer(3)},
                       row.bytes(4), static_cast<Keeper>(row.integer(5))});
    co_return out;
}

io::Task<Result<Claims::Row>> Claims::load(std::string claim_id) {
    std::vector<sql::Value> parameters;
    parameters.emplace_back(sql::Blob{std::move(claim_id)});
    CO_TRY(auto rows, co_await select("claim_id = $1", std::move(parameters)));
    if (rows.empty()) co_return wrong_state();
    co_return std::move(rows[0]);
}

// A batch with a transition in it: an unmet expectation means that the claim was in another state.
io::Task<Result<void>> Claims::move(Statements batch) {
    auto done = co_await database_.write(std::move(batch));
    if (done) co_return Result<void>();
    if (done.error().code == Code::conflict) co_return wrong_state();
    co_return std::unexpected(done.error());
}

io::Task<Result<ClaimHandle>> Claims::begin(std::vector<SubjectKey> keys, std::string pool,
                                            Keeper keeper) {
    ClaimHandle handle{random_.bytes(kClaimIdBytes), std::move(keys)};
    // Before the directory's own time for the keys begins, so that it never ends before this.
    const Timestamp expires = clock_.now() + options_.pending_ttl;
    Statements batch;
    batch.push_back(
        {"INSERT INTO claim_intents (claim_id, state, keys, pool, run, expires, keeper) "
         "VALUES ($1, 'intent', $2, $3, $4, $5, $6)",
         {sql::Blob{handle.claim_id}, sql::Blob{joined(handle.keys)}, std::move(pool),
          sql::Blob{run_}, expires.ms, static_cast<std::int64_t>(keeper)}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    CO_TRY_VOID(stop(ClaimStep::intent_written));

    ClaimRequest request{handle.keys, handle.claim_id, 0};
    KeyKeeper& of_the_keys = keeper == Keeper::region ? region_ : directory_;
    auto claimed = co_await of_the_keys.claim(std::move(request));
    if (!claimed && claimed.error().code == Code::already_exists) {
        // For certain: nothing was taken, and nothing is under way.
        (void)co_await forget(handle.claim_id, "intent");
        co_return std::unexpected(claimed.error());
    }
    if (!claimed) {
        // The outcome may be unknown: the keys are released. What fails here is left to replay().
        (void)co_await abandon(handle.claim_id);
        const bool given_up = claimed.error().reason == kReasonClaimLost;
        if (given_up) co_return fail(Code::unavailable, "The claim took too long.");
        co_return std::unexpected(claimed.error());
    }
    CO_TRY_VOID(stop(ClaimStep::keys_claimed));
    co_return handle;
}

sql::Statement Claims::held(const std::string& claim_id) {
    return transition(claim_id, "'intent'", "held");
}

io::Task<Result<void>> Claims::abandon(std::string claim_id) {
    CO_TRY(Row row, co_await load(claim_id));
    Statements batch;
    batch.push_back(transition(claim_id, "'intent'", "releasing"));
    CO_TRY_VOID(co_await move(std::move(batch)));
    co_return co_await finish_release(std::move(row));
}

io::Task<Result<void>> Claims::renew(std::string claim_id) {
    CO_TRY(Row row, co_await load(claim_id));
    if (row.state != "held") co_return wrong_state();
    const Timestamp expires = clock_.now() + options_.pending_ttl;
    ClaimRequest request{row.keys, claim_id, 0};
    auto claimed = co_await keeper_of(row).claim(std::move(request));
    if (!claimed) {
        if (claimed.error().code == Code::already_exists) (void)co_await release(claim_id);
        if (claimed.error().reason == kReasonClaimLost) co_return wrong_state();
        co_return std::unexpected(claimed.error());
    }
    Statements batch;
    batch.push_back({"UPDATE claim_intents SET expires = $2 WHERE claim_id = $1 AND state = 'held'",
                     {sql::Blob{claim_id}, expires.ms},
                     1});
    // Removed meanwhile: whoever did so releases after the claim above, or has fenced it.
    co_return co_await move(std::move(batch));
}

io::Task<Result<void>> Claims::activate(std::string claim_id, Statements with) {
    CO_TRY(Row row, co_await load(claim_id));
    Statements batch = std::move(with);
    batch.push_back(transition(claim_id, "'held', 'activating'", "activating"));
    CO_TRY_VOID(co_await move(std::move(batch)));
    CO_TRY_VOID(stop(ClaimStep::activation_marked));
    co_return co_await finish_activation(std::move(row));
}

io::Task<Result<void>> Claims::finish_activation(Row row) {
    auto active = co_await keeper_of(row).activate(row.keys, row.claim_id);
    if (!active && active.error().reason == kReasonClaimLost) {
        CO_TRY_VOID(co_await lose(std::move(row)));
        co_return active;
    }
    if (!active) co_return active;
    CO_TRY_VOID(stop(ClaimStep::keys_activated));
    Statements batch = owner_.confirmed(row.claim_id);
    batch.push_back(transition(row.claim_id, "'activating', 'active'", "active"));
    co_return co_await move(std::move(batch));
}

// Others took a key of this claim after its time: the person goes, and with them the keys that are
// left.
io::Task<Result<void>> Claims::lose(Row row) {
    Statements batch = owner_.removed(row.claim_id);
    batch.push_back(transition(row.claim_id, "'activating'", "releasing"));
    CO_TRY_VOID(co_await move(std::move(batch)));
    co_return co_await finish_release(std::move(row));
}

io::Task<Result<void>> Claims::release(std::string claim_id, Statements with) {
    CO_TRY_VOID(co_await finish_changes(claim_id));
    CO_TRY(Row row, co_await load(claim_id));
    append(with, owner_.removed(claim_id));
    // Its keys may be changed meanwhile; then these are not the ones to release.
    with.push_back(
        {"UPDATE claim_intents SET state = 'releasing' WHERE claim_id = $1 AND "
         "state IN ('held', 'active') AND keys = $2",
         {sql::Blob{claim_id}, sql::Blob{joined(row.keys)}},
         1});
    with.push_back(no_change_under_way(claim_id));
    with.push_back(no_offers(claim_id));
    co_return co_await remove(std::move(row), std::move(with));
}

io::Task<Result<void>> Claims::remove(Row row, Statements batch) {
    CO_TRY_VOID(co_await move(std::move(batch)));
    CO_TRY_VOID(stop(ClaimStep::release_marked));
    co_return co_await finish_release(std::move(row));
}

// Only a claim that is still pending and still over: between the look and this, its person may have
// been confirmed or have signed up again.
io::Task<Result<void>> Claims::expire_person(Row row, Timestamp now) {
    Statements batch = owner_.removed(row.claim_id);
    batch.push_back(
        {"UPDATE claim_intents SET state = 'releasing' WHERE claim_id = $1 AND "
         "state = 'held' AND expires <= $2",
         {sql::Blob{row.claim_id}, now.ms},
         1});
    co_return co_await remove(std::move(row), std::move(batch));
}

io::Task<Result<void>> Claims::finish_release(Row row) {
    CO_TRY_VOID(co_await keeper_of(row).release(row.keys, row.claim_id));
    CO_TRY_VOID(stop(ClaimStep::keys_released));
    Statements batch;
    batch.push_back(
        {"UPDATE claim_intents SET state = 'fenced', expires = $2 "
         "WHERE claim_id = $1 AND state = 'releasing'",
         {sql::Blob{row.claim_id}, (clock_.now() + options_.pending_ttl).ms}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

io::Task<Result<void>> Claims::drop_fence(Row row) {
    CO_TRY_VOID(co_await keeper_of(row).drop_fence(row.claim_id));
    co_return co_await forget(std::move(row.claim_id), "fenced");
}

io::Task<Result<void>> Claims::forget(std::string claim_id, std::string state) {
    Statements batch;
    batch.push_back({"DELETE FROM claim_intents WHERE claim_id = $1 AND state = $2",
                     {sql::Blob{claim_id}, std::move(state)}});
    batch.push_back(
        {"DELETE FROM claim_changes WHERE change_id = $1", {sql::Blob{std::move(claim_id)}}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

io::Task<Result<void>> Claims::replay_row(Row row) {
    if (row.state == "activating") {
        auto done = co_await finish_activation(std::move(row));
        // A lost claim has been cleared away, and one in another state was finished by its caller.
        const bool finished = done || done.error().reason == kReasonClaimLost ||
                              done.error().reason == kReasonClaimState;
        if (finished) co_return Result<void>();
        co_return done;
    }
    if (row.state == "changing") {
        auto done = co_await finish_change(std::move(row));
        const bool finished = done || done.error().reason == kReasonClaimLost;
        if (finished) co_return Result<void>();
        co_return done;
    }
    if (row.state == "dropping") co_return co_await finish_drop(std::move(row));
    if (row.state == "intent") co_return co_await abandon(row.claim_id);
    co_return co_await finish_release(std::move(row));
}

io::Task<Result<ReplayReport>> Claims::replay() {
    ReplayReport report;
    std::string after;
    while (true) {
        std::vector<sql::Value> parameters;
        parameters.emplace_back(sql::Blob{after});
        parameters.emplace_back(sql::Blob{run_});
        parameters.emplace_back(kPage);
        CO_TRY(auto rows, co_await select("claim_id > $1 AND (state IN ('activating', 'releasing', "
                                          "'changing', 'dropping') OR (state = 'intent' AND "
                                          "run <> $2)) ORDER BY claim_id LIMIT $3",
                                          std::move(parameters)));
        if (rows.empty()) co_return report;
        after = rows.back().claim_id;
        for (Row& row : rows) {
            if (row.state == "intent" && options_.lives && options_.lives(row.run)) continue;
            std::size_t& kind = count_of(report, row.state);
            auto done = co_await replay_row(std::move(row));
            ++(done ? kind : report.left);
        }
    }
}

io::Task<Result<std::size_t>> Claims::expire(std::size_t limit) {
    const Timestamp now = clock_.now();
    std::vector<sql::Value> parameters;
    parameters.emplace_back(now.ms);
    parameters.emplace_back(static_cast<std::int64_t>(limit));
    CO_TRY(auto rows, co_await select("state IN ('held', 'intent', 'fenced') AND expires <= $1 "
                                      "ORDER BY expires LIMIT $2",
                                      std::move(parameters)));
    std::size_t expired = 0;
    for (Row& row : rows) {
        if (row.state == "fenced") {
            CO_TRY_VOID(co_await drop_fence(std::move(row)));
            continue;
        }
        const bool person = row.state == "held";
        io::Task<Result<void>> ending =
            person ? expire_person(std::move(row), now) : abandon(row.claim_id);
        auto done = co_await std::move(ending);
        if (!done && done.error().reason != kReasonClaimState)
            co_return std::unexpected(done.error());
        expired += done ? 1 : 0;
    }
    co_return expired;
}

}  // namespace domicile::directory
