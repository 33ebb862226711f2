#include "io/wheel.h"

namespace domicile::io {

void Wheel::Head::link_to_itself() { Wheel::insert(*this, *this); }

void Wheel::insert(Timer& head, Timer& timer) {
    if (&head == &timer) {
        head.next_ = head.prev_ = &head;
        return;
    }
    timer.prev_ = head.prev_;
    timer.next_ = &head;
    head.prev_->next_ = &timer;
    head.prev_ = &timer;
}

Wheel::Wheel(Instant now) : tick_(now.ms / kTickMs) {}

void Wheel::arm(Timer& timer, Instant at) {
    timer.unlink();
    timer.at_ = at;
    // Rounded up, so that nothing fires early; never into the slot being handled.
    const std::int64_t tick = std::max((at.ms + kTickMs - 1) / kTickMs, tick_ + 1);
    insert(slots_[static_cast<std::size_t>(tick % kSlots)], timer);
}

void Wheel::advance(Instant now) {
    const std::int64_t target = now.ms / kTickMs;
    // After a long pause one whole turn visits every slot; more would visit them again.
    if (target - tick_ > kSlots) tick_ = target - kSlots;
    while (tick_ < target) {
        ++tick_;
        Head& head = slots_[static_cast<std::size_t>(tick_ % kSlots)];
        // Detach the due ones first: expired() may arm, disarm and destroy entries of this slot.
        Head due;
        for (Timer* timer = head.next_; timer != &head;) {
            Timer* next = timer->next_;
            if (timer->at_ <= now) {
                timer->unlink();
                insert(due, *timer);
            }
            timer = next;
        }
        while (!due.empty()) {
            Timer* timer = due.next_;
            timer->unlink();
            timer->expired();
        }
    }
}

bool Wheel::Head::empty() const { return Wheel::is_empty(*this); }

bool Wheel::is_empty(const Timer& head) { return head.next_ == &head; }

std::optional<Millis> Wheel::next(Instant now) const {
    for (std::int64_t i = 1; i <= kSlots; ++i) {
        if (!slots_[static_cast<std::size_t>((tick_ + i) % kSlots)].empty()) {
            return std::max(Millis(0), Instant{(tick_ + i) * kTickMs} - now);
        }
    }
    return std::nullopt;
}

}  // namespace domicile::io
