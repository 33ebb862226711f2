// What all stores share: the errors of the interface in one wording, and the bound on how much goes
// on at once.
#pragma once

#include <atomic>
#include <memory>

#include "blob/store.h"

namespace domicile::blob {

std::unexpected<Error> absent();
std::unexpected<Error> exists();
// The form of a range: its length is not 0.
Result<void> check_range(const Range& range);
// The range within a body of that size: its length set, at most up to the end.
Result<Range> within(Range range, std::uint64_t size);
// Of a body on its way: no larger than `most` and than was said.
Result<void> check_growth(std::uint64_t size, const Expected& expected, std::uint64_t most);
// Of one that came to its end.
Result<void> check_whole(const Stored& stored, const Expected& expected);

// One of the puts and gets that may run at once; `taken` counts them.
class Turn {
  public:
    using Count = std::shared_ptr<std::atomic<std::size_t>>;
    static Count counter() { return std::make_shared<std::atomic<std::size_t>>(0); }
    // resource_exhausted
    static Result<Turn> take(Count taken, std::size_t most);

    Turn(Turn&& other) noexcept = default;
    Turn& operator=(Turn&& other) noexcept {
        std::swap(taken_, other.taken_);
        return *this;
    }
    ~Turn() {
        if (taken_) taken_->fetch_sub(1);
    }

  private:
    explicit Turn(Count taken) : taken_(std::move(taken)) {}
    Count taken_;
};

}  // namespace domicile::blob
