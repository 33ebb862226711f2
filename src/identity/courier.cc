#include "identity/courier.h"

#include <algorithm>

#include "base/log.h"

namespace domicile::identity {
namespace {

constexpr std::int64_t kAtOneLook = 64;
constexpr Millis kPauseFirst{1'000}, kRetryMax{3'600'000};
constexpr Millis kStopMax{10'000};

}  // namespace

Courier::Courier(sql::Database& database, Outbox& outbox, io::Clock& clock,
                 const nodes::Nodes* nodes, std::function<bool()> keeps, Options options)
    : database_(database),
      outbox_(outbox),
      clock_(clock),
      nodes_(nodes),
      keeps_(std::move(keeps)),
      options_(std::move(options)),
      table_(options_.medium == Medium::sms ? "identity_texts" : "identity_deliveries") {}

sql::Component Courier::schema() {
    return {"identity_mail",
            {"CREATE TABLE identity_deliveries (id TEXT PRIMARY KEY, due BIGINT NOT NULL, "
             "attempts BIGINT NOT NULL, expires BIGINT NOT NULL)",
             "CREATE INDEX identity_deliveries_by_due ON identity_deliveries (due)",
             "CREATE TABLE identity_texts (id TEXT PRIMARY KEY, due BIGINT NOT NULL, "
             "attempts BIGINT NOT NULL, expires BIGINT NOT NULL)",
             "CREATE INDEX identity_texts_by_due ON identity_texts (due)"}};
}

io::Task<Result<void>> Courier::open() {
    sql::Component own = schema();
    return database_.migrate(std::move(own.name), std::move(own.steps));
}

void Courier::start() {
    if (options_.send) loop_.spawn(run());
}

io::Task<void> Courier::stop() {
    stopping_ = true;
    wake_.notify_all();
    const Instant deadline = io::deadline_in(kStopMax);
    co_await loop_.drain(deadline);
    co_await running_.drain(deadline);
}

void Courier::report_to(telemetry::Registry& registry) {
    const auto waiting = [this] { return static_cast<double>(waiting_.load()); };
    if (options_.medium == Medium::sms) {
        registry.add("domicile_identity_texts_total",
                     "Text messages to people, by what became of them.", steps_, {"step"});
        registry.add_gauge("domicile_identity_texts_waiting",
                           "Text messages that the function has not sent yet.", waiting);
        return;
    }
    registry.add("domicile_identity_mails_total", "Mails to people, by what became of them.",
                 steps_, {"step"});
    registry.add_gauge("domicile_identity_mails_waiting",
                       "Mails that the server has not taken yet.", waiting);
}

Result<void> Courier::check_room() const {
    if (!options_.send || waiting_ < options_.queue_max) return {};
    return fail(Code::resource_exhausted, "Too many messages wait to be sent.", reason::kDelivery);
}

std::vector<sql::Statement> Courier::queueing(const std::string& mail_id, Timestamp expires) {
    std::vector<sql::Statement> out;
    if (!options_.send) return out;
    ++waiting_;
    out.push_back({"INSERT INTO " + table_ + " (id, due, attempts, expires) VALUES ($1, $2, 0, $3)",
                   {mail_id, clock_.now().ms, expires.ms}});
    return out;
}

io::Task<void> Courier::run() {
    while (!stopping_) {
        const Millis until = std::max(pause_, options_.look);
        const Instant deadline = io::deadline_in(until);
        co_await wake_.wait_until(deadline);
        if (stopping_) break;
        if (nodes_ != nullptr && !nodes_->sweeps()) continue;
        const bool is_idle = looked_ && waiting_ == 0 && options_.in_use && !options_.in_use();
        if (is_idle) continue;
        const Result<void> looked = co_await look();
        looked_ = looked_ || looked.has_value();
        if (!looked) log::warning("mails_not_read", {{"code", to_string(looked.error().code)}});
    }
}

io::Task<Result<void>> Courier::look() {
    std::vector<sql::Statement> batch;
    batch.push_back({"SELECT count(*) FROM " + table_, {}});
    batch.push_back({"SELECT id, attempts, expires FROM " + table_ +
                         " WHERE due <= $1 ORDER BY due, id LIMIT $2",
                     {clock_.now().ms, kAtOneLook}});
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    waiting_ = found[0].rows[0].integer(0);
    const Millis paused = pause_;
    for (const sql::Row& row : found[1].rows) {
        // After a pause one mail tries the way for the others.
        const std::size_t at_once = pause_ == Millis(0) ? options_.at_once : 1;
        while (busy_ >= at_once) {
            const Instant deadline = io::deadline_in(kStopMax);
            co_await done_.wait_until(deadline);
        }
        if (stopping_ || pause_ > paused) break;
        Waiting waiting{row.text(0), row.integer(1), Timestamp{row.integer(2)}};
        ++busy_;
        running_.spawn(deliver(std::move(waiting)));
    }
    // No mail is looked for again that is still under way.
    while (busy_ > 0) {
        const Instant deadline = io::deadline_in(kStopMax);
        co_await done_.wait_until(deadline);
    }
    co_return Result<void>();
}

io::Task<void> Courier::deliver(Waiting waiting) {
    Waiting attempted = waiting;
    const MailStep step = co_await attempt(std::move(attempted));
    if (step == MailStep::failed) {
        pause();
    } else {
        if (step != MailStep::erased && step != MailStep::expired) pause_ = Millis(0);
        const Result<void> settled = co_await settle(std::move(waiting), step);
        if (!settled) {
            log::warning("mail_not_settled", {{"code", to_string(settled.error().code)}});
            pause();
        }
    }
    if (!stopping_ || step == MailStep::sent) steps_.add(step);
    --busy_;
    done_.notify_all();
}

// Twice as long each time, up to the time between two attempts of a mail.
void Courier::pause() {
    const Millis longest = std::max(options_.retry_first, kPauseFirst);
    pause_ = std::clamp(pause_ * 2, kPauseFirst, longest);
}

io::Task<MailStep> Courier::attempt(Waiting waiting) {
    if (waiting.expires <= clock_.now()) co_return MailStep::expired;
    auto mail = co_await outbox_.find(std::move(waiting.id));
    if (!mail && mail.error().code == Code::not_found) co_return MailStep::erased;
    if (!mail) co_return MailStep::failed;
    const Result<void> sent = co_await options_.send(std::move(*mail));
    if (sent) co_return MailStep::sent;
    const Error& error = sent.error();
    // The message names no address; docs/operations.md says what to do about each.
    if (!stopping_) log::warning("mail_not_sent", {{"why", error.message}});
    if (error.code == Code::invalid_argument) co_return MailStep::refused;
    const bool later = error.code == Code::unavailable && !error.reason.empty();
    co_return later ? MailStep::deferred : MailStep::failed;
}

io::Task<Result<void>> Courier::settle(Waiting waiting, MailStep step) {
    std::vector<sql::Statement> batch;
    if (step == MailStep::deferred) {
        const auto doublings = std::min<std::int64_t>(waiting.attempts, 16);
        const Millis wait =
            std::min(options_.retry_first * (std::int64_t{1} << doublings), kRetryMax);
        batch.push_back(
            {"UPDATE " + table_ + " SET attempts = attempts + 1, due = $2 WHERE id = $1",
             {waiting.id, (clock_.now() + wait).ms}});
    } else {
        batch.push_back({"DELETE FROM " + table_ + " WHERE id = $1", {waiting.id}});
        if (!keeps_()) batch.push_back(Outbox::removal(waiting.id));
        --waiting_;
    }
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

}  // namespace domicile::identity
