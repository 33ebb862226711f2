#include "sim/scheduler.h"

#include <algorithm>

#include "sim/process.h"

namespace domicile::sim {

void Scheduler::at(std::int64_t time_us, Place place, Process* process,
                   std::move_only_function<void()> work) {
    heap_.push_back({std::max(time_us, now_us_), next_number_++, place, process, std::move(work)});
    std::push_heap(heap_.begin(), heap_.end(), later);
}

void Scheduler::enter(Process& process, std::move_only_function<void()> work) {
    process.run(std::move(work));
}

bool Scheduler::step() {
    if (heap_.empty()) return false;
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Entry entry = std::move(heap_.back());
    heap_.pop_back();
    now_us_ = entry.time_us;
    run(std::move(entry));
    return true;
}

void Scheduler::run(Entry entry) {
    if (entry.process != nullptr && !entry.process->alive()) {
        // What a dead process held is never touched again, not even to destroy it: see process.h.
        new std::move_only_function<void()>(std::move(entry.work));
        return;
    }
    ++events_;
    note(static_cast<std::uint64_t>(entry.time_us) * 4 + static_cast<std::uint64_t>(entry.place));
    if (entry.process != nullptr) note(entry.process->number());
    if (entry.place == Place::loop)
        entry.process->run(std::move(entry.work));
    else
        entry.work();
}

bool Scheduler::run_until(std::int64_t time_us, const std::function<bool()>& done) {
    while (!done()) {
        if (heap_.empty() || heap_.front().time_us > time_us) {
            now_us_ = std::max(now_us_, time_us);
            return done();
        }
        step();
    }
    return true;
}

void Scheduler::note(std::uint64_t what) {
    trace_ = (trace_ ^ what) * 1099511628211U;
    trace_ ^= trace_ >> 29;
}

void Scheduler::note(std::string_view what) {
    note(what.size());
    while (what.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, what.data(), 8);
        note(word);
        what.remove_prefix(8);
    }
    std::uint64_t rest = 0;
    std::memcpy(&rest, what.data(), what.size());
    note(rest);
}

}  // namespace domicile::sim
