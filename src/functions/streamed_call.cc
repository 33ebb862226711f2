#include "functions/streamed_call.h"

namespace domicile::functions {
namespace {
const Instant kFar{INT64_MAX / 2};
}  // namespace

StreamedCall::StreamedCall(Functions& functions, std::string function, Call call) {
    call.pipe = pipe_;
    io::spawn(run(functions, std::move(function), std::move(call)));
}

io::Task<void> StreamedCall::run(Functions& functions, std::string function, Call call) {
    result_ = co_await functions.call(std::move(function), std::move(call));
    const std::shared_ptr<Pipe> pipe = pipe_;
    pipe->end_here();    // the caller may be gone when it returns, but for finish()
    done_.notify_all();  // the last that touches this
}

io::Task<Result<Answer>> StreamedCall::finish() {
    pipe_->leave();
    while (!result_) co_await done_.wait_until(kFar);
    co_return std::move(*result_);
}

}  // namespace domicile::functions
