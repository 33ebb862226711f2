// Whose a connection from this machine is.
#pragma once

#include "io/network.h"

namespace domicile::io {

// Whether a TCP connection from `theirs` to `ours` (IPv4, this machine) is held by the process
// `pid`, one of its process group, or one that descends from it. Reads /proc; for once a
// connection.
bool holds_connection(int pid, const Endpoint& theirs, const Endpoint& ours);

}  // namespace domicile::io
