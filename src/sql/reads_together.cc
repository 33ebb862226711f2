#include "sql/reads_together.h"

#include <algorithm>
#include <utility>

namespace domicile::sql {
namespace {

bool equal(const Statement& a, const Statement& b) {
    return a.parameters == b.parameters && a.expect_rows == b.expect_rows && a.sql == b.sql;
}

// Of the statement rather than of the server, which answers the others.
bool is_of_one(const Error& error) {
    return error.code != Code::unavailable && error.code != Code::deadline_exceeded &&
           error.code != Code::resource_exhausted;
}

// Resumes when the executor has done what it has at hand.
io::Task<void> the_others_first() {
    io::Completion<bool> turn;
    turn.set(true);
    co_await turn;
}

BatchResult only(StatementResult result) {
    BatchResult out;
    out.push_back(std::move(result));
    return out;
}

Result<BatchResult> copy_of(const Result<BatchResult>& all, std::size_t i) {
    if (!all) return std::unexpected(all.error());
    return only((*all)[i]);
}

Result<BatchResult> moved_from(Result<BatchResult>& all, std::size_t i) {
    if (!all) return std::unexpected(all.error());
    return only(std::move((*all)[i]));
}

}  // namespace

ReadsTogether::Queue& ReadsTogether::queue_here() {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Queue>& found = queues_[&io::Executor::current()];
    if (!found) found = std::make_unique<Queue>();
    return *found;
}

Result<io::Completion<ReadsTogether::Turn>> ReadsTogether::join(Queue& queue, Statement statement) {
    io::Completion<Turn> done;
    const auto same = std::ranges::find_if(
        queue.waiting, [&](const auto& asked) { return equal(asked->statement, statement); });
    if (same != queue.waiting.end()) {
        (*same)->askers.push_back(done);
        return done;
    }
    if (queue.waiting.size() >= options_.waiting_max)
        return fail(Code::resource_exhausted, "The queue of the database is full.");
    auto asked = std::make_shared<Asked>();
    asked->statement = std::move(statement);
    asked->askers.push_back(done);
    queue.waiting.push_back(std::move(asked));
    return done;
}

ReadsTogether::Batch ReadsTogether::take(Queue& queue) {
    const std::size_t size = std::min(queue.waiting.size(), options_.together_max);
    const auto end = queue.waiting.begin() + static_cast<std::ptrdiff_t>(size);
    Batch out(std::make_move_iterator(queue.waiting.begin()), std::make_move_iterator(end));
    queue.waiting.erase(queue.waiting.begin(), end);
    return out;
}

// After a pipeline has ended, or when more waits than goes into one. What somebody gathers is his.
void ReadsTogether::hand_on(Queue& queue) {
    if (queue.gathering) return;
    while (!queue.waiting.empty() && queue.pipelines < options_.pipelines_max) {
        ++queue.pipelines;
        Batch next = take(queue);
        const io::Completion<Turn> first = next.front()->askers.front();
        first.set(Turn(std::move(next)));
    }
}

io::Task<ReadsTogether::Batch> ReadsTogether::gather(Queue& queue) {
    ++queue.pipelines;
    queue.gathering = true;
    co_await the_others_first();
    queue.gathering = false;
    Batch out = take(queue);
    hand_on(queue);
    co_return out;
}

io::Task<Result<BatchResult>> ReadsTogether::try_carry(std::vector<Statement> statements) {
    pipelines_.add();
    statements_.add(statements.size());
    try {
        co_return co_await carry_(std::move(statements));
    } catch (const std::exception&) {
        co_return fail(Code::internal, "A read threw an exception.");
    }
}

// Settles all but the first asker of the first, whose answer it gives.
io::Task<Result<BatchResult>> ReadsTogether::carry(Batch batch) {
    std::vector<Statement> statements;
    for (const auto& asked : batch) statements.push_back(asked->statement);
    Result<BatchResult> all = co_await try_carry(std::move(statements));
    if (!all && batch.size() > 1 && is_of_one(all.error()))
        co_return co_await carry_one_by_one(std::move(batch));
    // The last asker of each gets the rows themselves, the others copies.
    for (std::size_t i = 1; i < batch.size(); ++i) {
        const auto& askers = batch[i]->askers;
        for (std::size_t k = 0; k + 1 < askers.size(); ++k) askers[k].set(Turn(copy_of(all, i)));
        askers.back().set(Turn(moved_from(all, i)));
    }
    const auto& askers = batch[0]->askers;
    for (std::size_t k = 1; k < askers.size(); ++k) askers[k].set(Turn(copy_of(all, 0)));
    co_return moved_from(all, 0);
}

io::Task<Result<BatchResult>> ReadsTogether::carry_one_by_one(Batch batch) {
    Result<BatchResult> own;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        std::vector<Statement> alone;
        alone.push_back(batch[i]->statement);
        const Result<BatchResult> answer = co_await try_carry(std::move(alone));
        if (i == 0) own = answer;
        const auto& askers = batch[i]->askers;
        for (std::size_t k = i == 0 ? 1 : 0; k < askers.size(); ++k) askers[k].set(Turn(answer));
    }
    co_return own;
}

io::Task<Result<BatchResult>> ReadsTogether::read(Statement statement) {
    Queue& queue = queue_here();
    const bool first = !queue.gathering && queue.pipelines < options_.pipelines_max;
    CO_TRY(io::Completion<Turn> done, join(queue, std::move(statement)));
    Batch batch;
    if (first) {
        batch = co_await gather(queue);
    } else {
        Turn turn = co_await done;
        if (auto* answer = std::get_if<Result<BatchResult>>(&turn)) co_return std::move(*answer);
        batch = std::get<Batch>(std::move(turn));
    }
    Result<BatchResult> own = co_await carry(std::move(batch));
    --queue.pipelines;
    hand_on(queue);
    co_return own;
}

}  // namespace domicile::sql
