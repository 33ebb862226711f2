#include "nodes/nodes.h"

#include <utility>

#include "base/log.h"

namespace domicile::nodes {
namespace {

std::vector<std::string> tables() {
    std::vector<std::string> out;
    out.emplace_back(
        "CREATE TABLE region_nodes (run BYTEA PRIMARY KEY, beat BIGINT NOT NULL, "
        "clock_ms BIGINT NOT NULL)");
    out.emplace_back(
        "CREATE TABLE region_leases (name TEXT PRIMARY KEY, holder BYTEA NOT NULL, "
        "term BIGINT NOT NULL)");
    return out;
}

}  // namespace

Nodes::Nodes(sql::Database& database, io::Clock& clock, io::Random& random, Options options)
    : database_(database),
      clock_(clock),
      options_(options),
      run_(random.bytes(16)),
      alone_(!database.shared()) {}
Nodes::~Nodes() = default;

io::Task<Result<void>> Nodes::open() {
    if (alone_) co_return Result<void>();
    CO_TRY_VOID(co_await database_.migrate("nodes", tables()));
    opened_ = true;
    co_return co_await beat();
}

void Nodes::start() {
    if (!alone_) tasks_.spawn(beat_on());
}

io::Task<void> Nodes::beat_on() {
    while (!stopping_) {
        const Instant deadline = io::deadline_in(options_.beat_interval);
        co_await wake_.wait_until(deadline);
        if (stopping_) break;
        const auto done = co_await beat();
        if (!done) log::warning("beat_lost", {{"code", to_string(done.error().code)}});
    }
}

io::Task<void> Nodes::stop() {
    if (!opened_) co_return;
    stopping_ = true;
    wake_.notify_all();
    const Instant deadline = io::deadline_in(Millis(15'000));
    co_await tasks_.drain(deadline);
    std::vector<sql::Statement> batch;
    batch.push_back({"DELETE FROM region_nodes WHERE run = $1", {sql::Blob{run_}}});
    batch.push_back({"UPDATE region_leases SET holder = $2, term = term + 1 WHERE holder = $1",
                     {sql::Blob{run_}, sql::Blob{}}});
    // Without it the others wait for the silence.
    (void)co_await database_.write(std::move(batch));
}

io::Task<Result<void>> Nodes::beat() {
    if (alone_) co_return Result<void>();
    const Instant began = clock_.monotonic();
    CO_TRY_VOID(co_await say());
    {
        const std::lock_guard lock(mutex_);
        beaten_ = began;
        has_beaten_ = true;
    }
    co_return co_await look();
}

io::Task<Result<void>> Nodes::say() {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"INSERT INTO region_nodes (run, beat, clock_ms) VALUES ($1, 1, $2) ON CONFLICT (run) "
         "DO UPDATE SET beat = region_nodes.beat + 1, clock_ms = excluded.clock_ms",
         {sql::Blob{run_}, clock_.now().ms}});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

// A read of its own: in one batch with the write, the nodes' beats would be in each other's way.
io::Task<Result<void>> Nodes::look() {
    std::vector<sql::Statement> batch;
    batch.push_back({"SELECT run, beat, clock_ms FROM region_nodes", {}});
    batch.push_back({"SELECT holder, term FROM region_leases WHERE name = 'sweeper'", {}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    Lease lease;
    if (!found[1].rows.empty()) {
        lease = {found[1].rows[0].bytes(0), found[1].rows[0].integer(1)};
    }
    bool take_it = false;
    {
        const std::lock_guard lock(mutex_);
        note(found[0].rows, clock_.monotonic());
        lease_ = lease;
        take_it = may_take(lease);
    }
    if (take_it) CO_TRY_VOID(co_await take(lease.term));
    if (sweeps()) CO_TRY_VOID(co_await forget_dead());
    co_return Result<void>();
}

void Nodes::note(const std::vector<sql::Row>& runs, Instant now) {
    std::map<std::string, Seen, std::less<>> seen;
    for (const sql::Row& row : runs) {
        Seen entry{row.integer(1), now, {}};
        const auto difference = row.integer(2) - clock_.now().ms;
        entry.clock_difference = Millis(difference < 0 ? -difference : difference);
        const auto before = seen_.find(row.bytes(0));
        if (before != seen_.end() && before->second.beat == entry.beat) entry = before->second;
        seen.emplace(row.bytes(0), entry);
    }
    seen_ = std::move(seen);
}

bool Nodes::may_take(const Lease& lease) const {
    return lease.holder != run_ && !lives_locked(lease.holder);
}

// Whoever raises the term first has it; the others see so at their next look.
io::Task<Result<void>> Nodes::take(std::int64_t term) {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"INSERT INTO region_leases (name, holder, term) VALUES ('sweeper', $1, $2 + 1) "
         "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, term = excluded.term "
         "WHERE region_leases.term = $2",
         {sql::Blob{run_}, term},
         1});
    const auto done = co_await database_.write(std::move(batch));
    if (!done && done.error().code == Code::conflict) co_return Result<void>();
    if (!done) co_return std::unexpected(done.error());
    {
        const std::lock_guard lock(mutex_);
        lease_ = {run_, term + 1};
    }
    log::info("sweeper_elected", {{"term", term + 1}});
    co_return Result<void>();
}

io::Task<Result<void>> Nodes::forget_dead() {
    std::vector<sql::Statement> batch = fence();
    const Instant now = clock_.monotonic();
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [run, seen] : seen_) {
            if (run == run_ || now - seen.changed <= options_.forgotten_after) continue;
            batch.push_back({"DELETE FROM region_nodes WHERE run = $1 AND beat = $2",
                             {sql::Blob{run}, seen.beat}});
        }
    }
    if (batch.size() == 1) co_return Result<void>();  // nothing but the fence
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

bool Nodes::lives_locked(std::string_view run) const {
    const auto found = seen_.find(run);
    return found != seen_.end() && clock_.monotonic() - found->second.changed < options_.silent_max;
}

bool Nodes::lives(std::string_view run) const {
    if (run == run_) return true;
    const std::lock_guard lock(mutex_);
    return lives_locked(run);
}

std::size_t Nodes::living() const {
    if (alone_) return 1;
    const std::lock_guard lock(mutex_);
    std::size_t out = 0;
    for (const auto& [run, seen] : seen_) out += run == run_ || lives_locked(run) ? 1 : 0;
    return out;
}

bool Nodes::sweeps() const {
    if (alone_) return true;
    const std::lock_guard lock(mutex_);
    return has_beaten_ && lease_.holder == run_ &&
           clock_.monotonic() - beaten_ < options_.silent_max / 2;
}

std::vector<sql::Statement> Nodes::fence() const {
    if (alone_) return {};
    const std::lock_guard lock(mutex_);
    return {{"SELECT term FROM region_leases WHERE name = 'sweeper' AND holder = $1 AND term = $2",
             {sql::Blob{run_}, lease_.term},
             1}};
}

Millis Nodes::clock_difference() const {
    const std::lock_guard lock(mutex_);
    Millis out{0};
    for (const auto& [run, seen] : seen_) out = std::max(out, seen.clock_difference);
    return out;
}

void Nodes::report_to(telemetry::Registry& registry) {
    registry.add_gauge("domicile_region_nodes", "Nodes of this region that live, as this one sees.",
                       [this] { return static_cast<double>(living()); }, {});
    registry.add_gauge("domicile_region_sweeper", "1 while this node does what one does for all.",
                       [this] { return sweeps() ? 1.0 : 0.0; }, {});
}

}  // namespace domicile::nodes
