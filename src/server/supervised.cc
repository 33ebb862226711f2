#include "server/supervised.h"

#include <signal.h>

#include <algorithm>
#include <cstdio>

#include "io/files.h"
#include "io/process_identity.h"

namespace domicile::server {
namespace {

constexpr Millis kFirstPause{1'000};
constexpr Millis kLongestPause{30'000};
constexpr Millis kLongLife{60'000};  // whoever lived so long is started again soon
constexpr Millis kKillPatience{10'000};
constexpr std::uint64_t kLogBytesMax = 16 << 20;
const Instant kFar{INT64_MAX / 2};

Instant now() { return io::Executor::current().clock().coarse(); }

}  // namespace

io::Task<Result<void>> Supervised::end_leftover() {
    io::Files& files = io::system_files();
    const Result<std::string> line = files.read(options_.pid_file, 4096);
    if (!line) co_return Result<void>{};
    const auto identity = io::parse_process_identity(*line);
    if (identity) {
        CO_TRY(const bool ended, co_await io::kill_process(*identity, kKillPatience));
        if (ended)
            std::fprintf(stderr, "%s of an earlier run was still there, and was ended.\n",
                         options_.name.c_str());
    }
    co_return files.remove(options_.pid_file);
}

Result<void> Supervised::spawn_process() {
    TRY(process_, io::start_process(options_.process));
    const auto identity = io::identify(process_->pid());
    // It may have ended already; then there is nobody to remember.
    if (identity)
        TRY_VOID(io::system_files().write_atomic(options_.pid_file, io::print(*identity)));
    return {};
}

io::Task<Result<void>> Supervised::start() {
    CO_TRY_VOID(co_await end_leftover());
    const auto log = io::system_files().info(this->log());
    if (log && log->size > kLogBytesMax) CO_TRY_VOID(io::system_files().remove(this->log()));
    stopping_ = false;
    CO_TRY_VOID(spawn_process());
    supervised_ = true;
    io::spawn(supervise());
    co_return Result<void>{};
}

io::Task<void> Supervised::supervise() {
    Millis pause = kFirstPause;
    while (!stopping_) {
        const Instant began = now();
        Result<int> status = fail(Code::unavailable, "");
        if (process_) status = co_await process_->wait(kFar);
        process_.reset();
        changed_.notify_all();
        if (stopping_) break;
        ++deaths_;
        if (now() - began > kLongLife) pause = kFirstPause;
        std::fprintf(stderr, "%s ended (status %d); it is started again in %lld s. Its log: %s\n",
                     options_.name.c_str(), status.value_or(-1),
                     static_cast<long long>(pause.count() / 1000), log().c_str());
        const Instant again = io::deadline_in(pause);
        while (!stopping_ && now() < again) co_await changed_.wait_until(again);
        if (stopping_) break;
        pause = std::min(pause * 2, kLongestPause);
        const Result<void> started = spawn_process();
        if (!started) std::fprintf(stderr, "%s\n", started.error().message.c_str());
    }
    (void)io::system_files().remove(options_.pid_file);
    supervised_ = false;
    changed_.notify_all();
}

io::Task<void> Supervised::stop(bool graceful) {
    stopping_ = true;
    changed_.notify_all();
    if (process_) process_->signal(graceful ? options_.stop_signal : SIGKILL);
    const Instant deadline = io::deadline_in(options_.patience);
    while (supervised_) {
        const bool notified = co_await changed_.wait_until(deadline);
        if (notified || !supervised_) continue;
        if (process_) process_->signal(SIGKILL);
        while (supervised_) co_await changed_.wait_until(kFar);
    }
}

}  // namespace domicile::server
