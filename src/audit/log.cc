// Group commit: whoever finds no writer at work puts one on the blocking pool; the writer takes all
// that waits, appends it in one write, syncs once, answers, and looks again. Events of record_soon
// wait for that, or for a timer, which stays well inside the stated loss window.
#include "audit/log.h"

#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "audit/chain.h"
#include "base/log.h"
#include "io/executor.h"

namespace domicile::audit {
namespace {

constexpr std::size_t kQueueMax = 8192;
constexpr std::size_t kBatchMax = 512;
constexpr std::uint64_t kTailBytes = 256 * 1024;  // what open() looks at; at least four lines
constexpr Millis kSoon{250};

using Done = io::Completion<Result<void>>;
struct Waiting {
    Event event;
    std::optional<Done> done;  // absent for record_soon
};

struct Tail {
    Link link;
    std::uint64_t good_bytes = 0;  // without a torn last line
};

Result<std::string> read_from(io::ReadFile& file, std::uint64_t offset) {
    std::string bytes;
    char chunk[16 * 1024];
    for (;;) {
        TRY(const std::size_t got, file.read_at(offset + bytes.size(), chunk, sizeof chunk));
        if (got == 0) return bytes;
        bytes.append(chunk, got);
    }
}

// A long log's window does not reach its header, which says whether the rest can be read at all.
Result<void> check_first_line(io::ReadFile& file) {
    std::string bytes(kLineBytesMax, '\0');
    std::size_t used = 0;
    while (used < bytes.size() && bytes.find('\n') >= used) {
        TRY(const std::size_t got, file.read_at(used, bytes.data() + used, bytes.size() - used));
        if (got == 0) break;
        used += got;
    }
    const std::size_t end = bytes.find('\n');
    if (end >= used)
        return fail(Code::failed_precondition, "The audit log has no header.", "broken_chain");
    Link link{0, genesis_hash()};
    return check_line(link, std::string_view(bytes).substr(0, end));
}

Result<Tail> read_tail(io::Files& files, const std::string& path) {
    TRY(auto file, files.open_read(path));
    TRY_VOID(check_first_line(*file));
    const std::uint64_t size = file->info().size;
    std::uint64_t start = size > kTailBytes ? size - kTailBytes : 0;
    TRY(const std::string bytes, read_from(*file, start));
    std::size_t at = 0;
    if (start > 0) at = bytes.find('\n') + 1;  // npos + 1 is 0: then no line is found below either
    Tail tail{{0, start == 0 ? genesis_hash() : std::string()}, 0};
    for (;;) {
        const std::size_t end = bytes.find('\n', at);
        if (end == std::string::npos) break;
        TRY_VOID(check_line(tail.link, std::string_view(bytes).substr(at, end - at)));
        at = end + 1;
    }
    if (start > 0 && tail.link.number == 0)
        return fail(Code::failed_precondition, "The audit log's tail holds no line.",
                    "broken_chain");
    tail.good_bytes = start + at;
    return tail;
}

}  // namespace

struct Log::Impl {
    Impl(io::Files& files, std::string path, io::Clock& clock)
        : files(files), path(std::move(path)), clock(clock) {}

    io::Files& files;
    const std::string path;
    io::Clock& clock;

    struct Metrics {
        const telemetry::Counter records, dropped, failures;
        const telemetry::TimeHistogram sync;
        const telemetry::BatchHistogram batch;
    } metrics;

    std::mutex queue_lock;
    std::deque<Waiting> queue;
    std::uint64_t dropped = 0;
    bool writer_posted = false;
    io::Executor* sleeper = nullptr;  // where write_soon waits, when it does
    io::Event hurry;                  // of the sleeper

    std::mutex writer_lock;  // one writer; guards what follows
    std::unique_ptr<io::AppendFile> file;
    Link head;
    bool failed = false;  // after a failed sync nothing is known of the file any more

    std::vector<Waiting> take();
    void write_all();
    void write_batch(std::vector<Waiting> batch);
    Result<void> commit(const std::string& text);
    static bool post_writer(const std::shared_ptr<Impl>& self);
    static io::Task<void> write_soon(std::shared_ptr<Impl> self);
    static void end_sleep(const std::shared_ptr<Impl>& self);
};

std::vector<Waiting> Log::Impl::take() {
    std::scoped_lock lock(queue_lock);
    std::vector<Waiting> batch;
    if (dropped > 0) {
        batch.push_back({{"events_dropped", {{"count", std::exchange(dropped, 0)}}}, std::nullopt});
    }
    while (!queue.empty() && batch.size() < kBatchMax) {
        batch.push_back(std::move(queue.front()));
        queue.pop_front();
    }
    if (batch.empty()) writer_posted = false;
    return batch;
}

void Log::Impl::write_all() {
    std::scoped_lock lock(writer_lock);
    for (auto batch = take(); !batch.empty(); batch = take()) write_batch(std::move(batch));
}

void Log::Impl::write_batch(std::vector<Waiting> batch) {
    std::string text;
    Link link = head;
    std::vector<Waiting> written;
    for (Waiting& waiting : batch) {
        auto line = make_line(link, waiting.event, clock.now());
        if (!line) {
            if (waiting.done) waiting.done->set(std::unexpected(line.error()));
            continue;
        }
        text += *line;
        written.push_back(std::move(waiting));
    }
    const Result<void> outcome = commit(text);
    if (outcome) {
        head = link;
        metrics.records.add(written.size());
        metrics.batch.observe(written.size());
    } else {
        metrics.failures.add();
        log::error("audit_write_failed", {{"code", to_string(outcome.error().code)}});
    }
    for (Waiting& waiting : written)
        if (waiting.done) waiting.done->set(outcome);
}

Result<void> Log::Impl::commit(const std::string& text) {
    if (failed)
        return fail(Code::unavailable, "The audit log cannot be written; restart the region.");
    if (text.empty()) return {};
    const std::uint64_t size_before = file->size();
    if (auto appended = file->append(text); !appended) {
        // Half a batch may be there; cut it off, reopen and go on (a full disk may become free
        // again).
        failed = true;
        if (files.truncate(path, size_before)) {
            if (auto again = files.open_append(path)) {
                file = std::move(*again);
                failed = false;
            }
        }
        return fail(Code::unavailable,
                    "The audit log cannot be written: " + appended.error().message);
    }
    const std::int64_t start = clock.monotonic_ns();
    const Result<void> synced = file->sync();
    metrics.sync.observe(telemetry::Nanos(clock.monotonic_ns() - start));
    if (!synced) {
        failed = true;
        return fail(Code::unavailable, "The audit log cannot be synced: " + synced.error().message);
    }
    return {};
}

bool Log::Impl::post_writer(const std::shared_ptr<Impl>& self) {
    return io::Executor::current().blocking().submit([self] { self->write_all(); });
}

io::Task<void> Log::Impl::write_soon(std::shared_ptr<Impl> self) {
    co_await self->hurry.wait_until(io::deadline_in(kSoon));
    std::scoped_lock lock(self->queue_lock);
    self->sleeper = nullptr;
    if (self->queue.empty() && self->dropped == 0) co_return;
    if (!self->writer_posted && post_writer(self)) self->writer_posted = true;
}

void Log::Impl::end_sleep(const std::shared_ptr<Impl>& self) {
    io::Executor* sleeper = nullptr;
    {
        std::scoped_lock lock(self->queue_lock);
        sleeper = self->sleeper;
    }
    if (sleeper == nullptr) return;
    if (sleeper == io::Executor::current_or_null()) {
        self->hurry.notify_all();
    } else {
        sleeper->post([self] { self->hurry.notify_all(); });
    }
}

Log::Log(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

// Writes what still waits. A writer that is queued on a pool that never runs it again finds
// nothing.
Log::~Log() {
    impl_->write_all();
    Impl::end_sleep(impl_);
}

Result<std::unique_ptr<Log>> Log::open(io::Files& files, const std::string& path,
                                       const std::string& region, io::Clock& clock) {
    auto impl = std::make_shared<Impl>(files, path, clock);
    auto info = files.info(path);
    if (!info && info.error().code != Code::not_found) return std::unexpected(info.error());
    if (!info || info->size == 0) {
        TRY(const std::string header, make_line(impl->head, header_event(region), clock.now()));
        TRY_VOID(files.write_atomic(path, header));
    } else {
        Result<Tail> read = read_tail(files, path);
        if (!read) {
            Error error = read.error();
            error.message.insert(0, path + ": ");
            return std::unexpected(std::move(error));
        }
        Tail tail = std::move(*read);
        if (tail.link.number == 0)
            return fail(Code::failed_precondition, "The audit log has no header.", "broken_chain");
        if (tail.good_bytes < info->size) {
            TRY_VOID(files.truncate(path, tail.good_bytes));
            log::warning("audit_torn_tail_cut", {{"bytes", info->size - tail.good_bytes}});
        }
        impl->head = std::move(tail.link);
    }
    TRY(impl->file, files.open_append(path));
    return std::unique_ptr<Log>(new Log(std::move(impl)));
}

io::Task<Result<void>> Log::record(Event event) {
    Done done;
    {
        std::scoped_lock lock(impl_->queue_lock);
        if (impl_->queue.size() >= kQueueMax)
            co_return fail(Code::resource_exhausted, "The audit log's queue is full.");
        // Posted first: a writer that starts at once waits for the queue's lock.
        if (!impl_->writer_posted) {
            if (!Impl::post_writer(impl_))
                co_return fail(Code::resource_exhausted, "The queue for blocking work is full.");
            impl_->writer_posted = true;
        }
        impl_->queue.push_back({std::move(event), done});
    }
    co_return co_await done;
}

void Log::report_to(telemetry::Registry& registry) {
    const Impl::Metrics& metrics = impl_->metrics;
    registry.add("domicile_audit_records_total", "Records on the disk.", metrics.records);
    registry.add("domicile_audit_dropped_total",
                 "Crossings that were not recorded because the queue was full; the log itself says "
                 "how many.",
                 metrics.dropped);
    registry.add("domicile_audit_write_failures_total",
                 "Batches of records that could not be written or synced.", metrics.failures);
    registry.add("domicile_audit_sync_duration_seconds", "Syncs of the log to the disk.",
                 metrics.sync);
    registry.add("domicile_audit_batch_records", "Records that share one sync.", metrics.batch);
    registry.add_gauge("domicile_audit_queue_length", "Records that wait.", [impl = impl_] {
        const std::scoped_lock lock(impl->queue_lock);
        return static_cast<double>(impl->queue.size());
    });
}

void Log::record_soon(Event event) {
    std::scoped_lock lock(impl_->queue_lock);
    if (impl_->queue.size() >= kQueueMax) {
        ++impl_->dropped;
        impl_->metrics.dropped.add();
    } else {
        impl_->queue.push_back({std::move(event), std::nullopt});
    }
    if (impl_->sleeper != nullptr || impl_->writer_posted) return;
    impl_->sleeper = io::Executor::current_or_null();
    if (impl_->sleeper != nullptr) io::spawn(Impl::write_soon(impl_));
}

}  // namespace domicile::audit
