// Tells the owner of an address that somebody else wants it, where the pool does not reveal who
// exists (ADR 0032): later than the answer and out of step with it, so that neither it nor the next
// one takes longer for an address that is somebody's (I8).
//
// Notices wait in memory: nobody was promised one, and the end of the process forgets those of the
// last moment. Their number is bounded; the home bounds how many mails come of them.
#pragma once

#include <boost/describe.hpp>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

#include "base/result.h"
#include "io/executor.h"

namespace domicile::identity {

namespace message {
inline constexpr const char* kAddressWanted = "identity.address_wanted";
}  // namespace message

// Also what the owner's home is told over the border. It says no more of whoever asked, and of the
// address, than the directory holds.
struct AddressNotice {
    std::string pool;  // id suffix
    std::string key;   // the directory's key of the address, base64
};
BOOST_DESCRIBE_STRUCT(AddressNotice, (), (pool, key))

class Notices {
  public:
    using Tell = std::function<io::Task<Result<void>>(AddressNotice)>;
    static constexpr std::size_t kWaitingMax = 1'000;

    explicit Notices(Tell tell) : tell_(std::move(tell)) {}

    // On any executor. Over the bound the notice is dropped.
    void add(AddressNotice notice);
    void start();
    io::Task<void> stop();  // on the executor of start()

  private:
    io::Task<void> run();
    std::deque<AddressNotice> take();

    const Tell tell_;
    std::mutex mutex_;
    std::deque<AddressNotice> waiting_;
    bool stopping_ = false;
    io::Event wake_;
    io::TaskGroup tasks_;
};

}  // namespace domicile::identity
