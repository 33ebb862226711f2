// One line for each request, when it is over: what it was (by route template, never by path), how
// it ended, how long it took, and the ids that lead to its trace and its other lines. No query, no
// address beyond the network of the client (I2).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/context.h"
#include "base/time.h"
#include "telemetry/route.h"

namespace domicile::telemetry {

struct RequestEnd {
    const Route& route;
    std::string_view listener;
    Method method;
    int status;  // 0: none was sent
    Nanos duration;
    std::uint64_t received_bytes, sent_bytes;
    std::string_view network;  // of the client: /24 or /48; empty when not known
    Timestamp time;
};

class AccessLog {
  public:
    // Receives whole lines, newline included; must not block.
    using Sink = std::function<void(std::string_view line)>;
    AccessLog(Sink sink, std::string_view region, std::string_view node);

    // Of the current RequestContext. Does not allocate.
    void write(const RequestEnd& end) const;

  private:
    const Sink sink_;
    const std::string fixed_;  // what stands in every line
};

// The network that a log may name: the /24 of an IPv4 address, the /48 of an IPv6 one, and nothing
// for what is no address.
std::string network_of(std::string_view address);

}  // namespace domicile::telemetry
