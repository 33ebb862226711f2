#include "io/line_writer.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace domicile::io {
namespace {
// Lines that come soon after the first share its write and its wake-up.
constexpr std::chrono::milliseconds kGather{20};
}  // namespace

LineWriter::LineWriter(std::unique_ptr<AppendFile> file, Options options)
    : file_(std::move(file)), options_(std::move(options)) {
    waiting_.reserve(options_.buffer_bytes);
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "log");
}

LineWriter::~LineWriter() { finish(); }

void LineWriter::finish() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

bool LineWriter::append(std::string_view line) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        if (line.size() > options_.buffer_bytes - waiting_.size()) {
            ++dropped_;
            ++dropped_since_;
            return false;
        }
        first = waiting_.empty();
        waiting_.append(line);
    }
    if (first) changed_.notify_one();
    return true;
}

void LineWriter::write(std::string& lines, std::uint64_t dropped) {
    if (dropped > 0) lines += options_.note_dropped(dropped);
    if (options_.file_bytes_max > 0 && file_->size() >= options_.file_bytes_max) {
        // A file that cannot be followed by another goes on growing.
        if (auto next = options_.next_file()) file_ = std::move(*next);
    }
    if (lines.empty() || file_->append(lines)) return;
    dropped_ += static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
}

void LineWriter::run() {
    std::string writing;
    writing.reserve(options_.buffer_bytes);
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (!stopping_) changed_.wait_for(lock, kGather, [this] { return stopping_; });
        const bool last = stopping_;
        writing.swap(waiting_);
        const std::uint64_t dropped = std::exchange(dropped_since_, 0);
        lock.unlock();
        write(writing, dropped);
        writing.clear();
        lock.lock();
        if (last && waiting_.empty()) return;
    }
}

Result<std::unique_ptr<AppendFile>> start_file_anew(const std::string& path) {
    if (std::rename(path.c_str(), (path + ".1").c_str()) != 0) {
        return fail(Code::unavailable, "The file cannot be renamed.");
    }
    return system_files().open_append(path);
}

}  // namespace domicile::io
