#include "io/line_writer.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

namespace domicile::io {
namespace {
// Lines that come soon after the first share its write and its wake-up.
constexpr std::chrono::milliseconds kGather{20};
}  // namespace

LineWriter::LineWriter(std::unique_ptr<AppendFile> file,
                       std::function<std::string(std::uint64_t)> note_dropped,
                       std::size_t buffer_bytes)
    : file_(std::move(file)), note_dropped_(std::move(note_dropped)), buffer_bytes_(buffer_bytes) {
    waiting_.reserve(buffer_bytes);
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "log");
}

LineWriter::~LineWriter() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

bool LineWriter::append(std::string_view line) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        if (line.size() > buffer_bytes_ - waiting_.size()) {
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

void LineWriter::run() {
    std::string writing;
    writing.reserve(buffer_bytes_);
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        if (!stopping_) changed_.wait_for(lock, kGather, [this] { return stopping_; });
        const bool last = stopping_;
        writing.swap(waiting_);
        const std::uint64_t dropped = std::exchange(dropped_since_, 0);
        lock.unlock();
        if (dropped > 0) writing += note_dropped_(dropped);
        if (!writing.empty() && !file_->append(writing)) {
            dropped_ +=
                static_cast<std::uint64_t>(std::count(writing.begin(), writing.end(), '\n'));
        }
        writing.clear();
        lock.lock();
        if (last && waiting_.empty()) return;
    }
}

}  // namespace domicile::io
