// One bounded request to somebody else's server. Redirects are not followed: they lead elsewhere
// than what was written down.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/url.h"
#include "http/client.h"
#include "io/task.h"
#include "io/tls.h"

namespace domicile::federation {

struct Fetch {
    Url url;
    std::string authorization = {};  // the field's value
    std::string form = {};           // not empty: a POST of it
    std::size_t bytes_max = 0;
    Instant deadline = {};  // of head and body each; also when it comes in drops
    http::Cancellation* cancellation = nullptr;
};
struct Fetched {
    int status = 0;
    std::string body;
};

// `tls` outlives the call; null: the system has no authorities, and TLS is unavailable.
// unavailable, deadline_exceeded, too_large, malformed.
io::Task<Result<Fetched>> fetch(const io::TlsClient* tls, Fetch request);

}  // namespace domicile::federation
