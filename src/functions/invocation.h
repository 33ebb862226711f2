// One call of a function, from the queue to its result. Internal to functions; all of it lives on
// the executor of the function's pool.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "functions/functions.h"
#include "functions/pipe.h"
#include "io/executor.h"

namespace domicile::functions {

class Instance;

struct Invocation {
    Call call;
    std::string trace;  // as the Runtime API hands it on
    Instant since, deadline;
    Instance* at = nullptr;  // whose process has it
    std::int64_t handed_ns = 0;
    std::uint32_t number = 0;  // at its process
    bool streaming = false;    // its answer is on its way
    std::optional<Result<Answer>> result;
    io::Event done;

    void complete(Result<Answer> with) {
        if (result) return;
        result.emplace(std::move(with));
        if (streaming) call.pipe->end();
        done.notify_all();  // resumes the caller, which may call again
    }
};

}  // namespace domicile::functions
