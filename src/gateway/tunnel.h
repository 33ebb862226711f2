// Bytes both ways between a client and an upstream that have left HTTP (WebSocket). Internal.
#pragma once

#include "http/client.h"
#include "http/server.h"

namespace domicile::gateway {

// Until both sides have ended, one of them broke, or nothing has moved for `idle`. The end of one
// side is passed on to the other; a side that breaks ends both.
io::Task<void> run_tunnel(http::Exchange::Tunnel client, io::Stream& upstream,
                          std::string_view upstream_read_ahead, Millis idle);

// Whether the request asks for a WebSocket (RFC 6455, 4.1).
bool asks_for_websocket(const http::RequestHead& request);

}  // namespace domicile::gateway
