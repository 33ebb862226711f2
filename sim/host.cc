#include "sim/host.h"

#include "sim/network.h"

namespace domicile::sim {

Host::Host(Scheduler& scheduler, Fabric& fabric, std::string name, std::string address)
    : scheduler_(scheduler),
      fabric_(fabric),
      name_(std::move(name)),
      address_(std::move(address)),
      disk_(scheduler.random().next(), [this] { end_process(); }) {
    fabric_.add(*this);
}

Process& Host::start() {
    DOMICILE_CHECK(process_ == nullptr);
    disk_.power_on();
    answers_ = true;
    process_ = new Process(*this, ++starts_ + 1000 * fabric_.number_of(*this),
                           scheduler_.random().next());  // leaked on purpose: see process.h
    return *process_;
}

void Host::end_process() {
    if (process_ == nullptr) return;
    process_->die();
    fabric_.ended(*process_);
    process_ = nullptr;
    answers_ = !disk_.dead();
}

void Host::kill() {
    disk_.forget_handles();
    end_process();
}

void Host::lose_power() {
    disk_.lose_power();  // ends the process too
}

std::int64_t Host::disk_delay_us() {
    if (slow_disk_ && scheduler_.random().chance(0.3))
        return scheduler_.random().between(20'000, 800'000);
    return scheduler_.random().between(30, 3'000);
}

}  // namespace domicile::sim
