#include "io/readiness.h"

#include <sys/epoll.h>

#include "io/reactor.h"

namespace domicile::io {
namespace {

std::uint32_t events_of(Readiness::For what) {
    if (what == Readiness::For::reading) return EPOLLIN | EPOLLRDHUP;
    if (what == Readiness::For::writing) return EPOLLOUT;
    return EPOLLIN | EPOLLRDHUP | EPOLLOUT;
}

class ReactorReadiness final : public Readiness, private Reactor::Handler {
  public:
    ReactorReadiness(Reactor& reactor, int descriptor)
        : reactor_(reactor), descriptor_(descriptor) {}
    ~ReactorReadiness() override {
        if (watched_) reactor_.forget(descriptor_, *this);
    }

    Task<bool> wait(For what, Instant deadline) override {
        // A descriptor that epoll refuses is broken, which its owner finds when it tries.
        if (!reactor_.watch_once(descriptor_, *this, events_of(what), watched_)) co_return true;
        watched_ = true;
        co_return co_await ready_.wait_until(deadline);
    }

  private:
    // The waiter may destroy this; nothing is touched after it is woken.
    void on_events(std::uint32_t) override { ready_.notify_all(); }

    Reactor& reactor_;
    int descriptor_;
    bool watched_ = false;
    Event ready_;
};

}  // namespace

Result<std::unique_ptr<Readiness>> Readiness::of(int descriptor) {
    auto* reactor = dynamic_cast<Reactor*>(&Executor::current());
    if (reactor == nullptr)
        return fail(Code::unsupported, "Only a reactor can watch a descriptor.");
    return std::make_unique<ReactorReadiness>(*reactor, descriptor);
}

}  // namespace domicile::io
