#include "io/reactor.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace domicile::io {
namespace {

class NoPool : public BlockingPool {
  public:
    bool submit(std::move_only_function<void()>) override { return false; }
};

// Goes round without sleeping, so that the reactor finds what another thread posted before that
// thread has woken it.
void keep_awake(Reactor& reactor, const std::atomic<bool>& posting) {
    while (!posting) {
    }
    reactor.post([&reactor, &posting] { keep_awake(reactor, posting); });
}

// What post() does after the work can be seen would be done to a reactor that is gone. tsan sees
// it.
TEST(Reactor, may_end_as_soon_as_what_another_thread_posted_has_run) {
    NoPool pool;
    for (int turn = 0; turn < 2'000; ++turn) {
        auto reactor = std::make_unique<Reactor>(pool);
        std::atomic<bool> posting = false;
        bool ran = false;
        reactor->post([&] { keep_awake(*reactor, posting); });
        std::thread other([&ran, &posting, &there = *reactor] {
            posting = true;
            there.post([&ran, &there] {
                ran = true;
                there.stop();
            });
        });
        reactor->run();
        reactor.reset();
        other.join();
        ASSERT_TRUE(ran);
    }
}

}  // namespace
}  // namespace domicile::io
