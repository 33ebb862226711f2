#include "kv/etcd_watch.h"

#include "kv/etcd_codec.h"
#include "kv/rules.h"

namespace domicile::kv::etcd {
namespace {

constexpr std::size_t kPendingMax = 4096;        // changes; the stream is not read on beyond
constexpr std::size_t kLineBytesMax = 64 << 20;  // one message, decoded as a whole
// etcd reads what a new watch has missed in rounds, ten a second.
constexpr Millis kCatchUp{3'000};
constexpr Millis kForever{24 * 3600 * 1000};

}  // namespace

Watch::Watch(Client& client, std::int64_t after)
    : client_(client), position_(after), seen_(after) {}

std::shared_ptr<Watch> Watch::start(Client& client, std::int64_t after) {
    std::shared_ptr<Watch> out(new Watch(client, after));
    io::spawn(out->run(out));
    return out;
}

io::Task<void> Watch::run([[maybe_unused]] std::shared_ptr<Watch> self) {
    json::object request = encode_watch(position_, client_.options().prefix);
    auto opened = co_await client_.open("/v3/watch", std::move(request));
    Result<void> outcome;
    if (opened) {
        stream_ = std::move(*opened);
        std::string line;
        while (outcome && !stopping_) outcome = co_await read(line);
        stream_.reset();
    } else {
        outcome = std::unexpected(std::move(opened.error()));
    }
    if (!outcome) error_ = std::move(outcome.error());
    running_ = false;
    news_.notify_all();
}

// One piece of the stream; `line` has what is not yet a whole line.
io::Task<Result<void>> Watch::read(std::string& line) {
    while (pending_.size() > kPendingMax && !stopping_) {
        const Instant never = io::deadline_in(kForever);
        co_await taken_.wait_until(never);
    }
    if (stopping_) co_return Result<void>();
    CO_TRY(const std::string_view piece, co_await stream_->read());
    if (piece.empty()) co_return fail(Code::unavailable, "etcd ended the watch.", "watch_ended");
    line.append(piece);
    std::size_t from = 0;
    for (auto end = line.find('\n', from); end != std::string::npos; end = line.find('\n', from)) {
        CO_TRY_VOID(take(std::string_view(line).substr(from, end - from)));
        from = end + 1;
    }
    line.erase(0, from);
    if (line.size() > kLineBytesMax)
        co_return fail(Code::unavailable, "etcd sent too much at once.", "watch_ended");
    co_return Result<void>();
}

Result<void> Watch::take(std::string_view line) {
    if (line.empty()) return {};
    TRY(WatchMessage message, decode_watch(line, client_.options().prefix));
    if (message.compacted) return compacted();
    if (message.ended) return fail(Code::unavailable, "etcd ended the watch.", "watch_ended");
    const std::int64_t begun = seen_;  // all events of a revision come in one message
    for (Change& change : message.changes) {
        if (change.entry.revision <= begun) continue;
        if (change.deleted) change.entry.create_revision = 0;
        seen_ = change.entry.revision;
        pending_.push_back(std::move(change));
    }
    if (message.created) target_ = message.revision;
    // A message without events says that all events up to its revision have been told.
    if (!message.created && message.changes.empty()) target_ = std::min(target_, seen_);
    news_.notify_all();
    return {};
}

std::vector<Change> Watch::pop(std::size_t limit) {
    std::vector<Change> out;
    while (!pending_.empty()) {
        const std::int64_t revision = pending_.front().entry.revision;
        if (out.size() >= limit && revision != position_) break;
        position_ = revision;
        out.push_back(std::move(pending_.front()));
        pending_.pop_front();
    }
    taken_.notify_all();
    return out;
}

// While the stream has not told what was there when it began, an answer of none would be wrong more
// often than not: that is waited for, but not for long, since the store's revision counts also
// changes that are not ours.
io::Task<Result<std::vector<Change>>> Watch::next(std::size_t limit, Millis wait) {
    const std::shared_ptr<Watch> self = shared_from_this();
    const Instant deadline = io::deadline_in(wait);
    const Instant caught_up = io::deadline_in(std::max(wait, kCatchUp));
    while (pending_.empty() && running_) {
        const bool behind = target_ < 0 || seen_ < target_;
        const Instant until = behind ? caught_up : deadline;
        if (io::deadline_in(Millis(0)) >= until) break;
        co_await news_.wait_until(until);
    }
    if (target_ >= 0) target_ = std::min(target_, seen_);
    if (!pending_.empty()) co_return pop(std::max<std::size_t>(limit, 1));
    if (running_ || stopping_) co_return std::vector<Change>();
    co_return std::unexpected(error_.value_or(Error{Code::unavailable, "The watch ended.", {}}));
}

void Watch::stop() {
    const std::shared_ptr<Watch> self = shared_from_this();
    stopping_ = true;
    taken_.notify_all();
    if (running_ && stream_) stream_->cancel();
}

io::Task<void> Watch::stopped() {
    const std::shared_ptr<Watch> self = shared_from_this();
    while (running_) {
        const Instant soon = io::deadline_in(kForever);
        co_await news_.wait_until(soon);
    }
}

}  // namespace domicile::kv::etcd
