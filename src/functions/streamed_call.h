// A call whose answer may come in pieces, for a caller on any executor.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "functions/functions.h"
#include "functions/pipe.h"

namespace domicile::functions {

class StreamedCall {
  public:
    // Calls. finish() has to be awaited before this goes, whatever happens.
    StreamedCall(Functions& functions, std::string function, Call call);

    // True when pieces follow. False: the answer is whole, or there is none; finish() says.
    io::Task<bool> begin() { return pipe_->begun(); }
    const std::string& content_type() const { return pipe_->content_type(); }
    io::Task<std::string> read() { return pipe_->read(); }  // empty at the end
    // What became of it, when the function is done. What was not read is thrown away.
    io::Task<Result<Answer>> finish();

  private:
    io::Task<void> run(Functions& functions, std::string function, Call call);

    const std::shared_ptr<Pipe> pipe_ = std::make_shared<Pipe>();
    std::optional<Result<Answer>> result_;
    io::Event done_;
};

}  // namespace domicile::functions
