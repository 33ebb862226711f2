#include "functions/guarded_listener.h"

#include "base/log.h"
#include "io/socket_owner.h"

namespace domicile::functions {

io::Task<Result<std::unique_ptr<io::Stream>>> GuardedListener::accept() {
    for (;;) {
        CO_TRY(auto stream, co_await inner_->accept());
        const io::PeerInfo& peer = stream->peer();
        if (pid_ && io::holds_connection(*pid_, peer.remote, peer.local)) co_return stream;
        log::warning("function_api_stranger", {{"function", function_}});
    }
}

}  // namespace domicile::functions
