// What an upstream is told of a call beside the client's own headers: who it is for, as far as we
// have verified it, where it came from, and under which id. A client cannot say any of it: what
// comes under these names is not passed on (is_hop_header). Internal.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "gateway/call.h"
#include "residency/residency.h"

namespace domicile::gateway {

// Where the call is served.
struct Place {
    const std::string& region;
    const residency::Policy& policy;
};

// Has the texts that a head keeps views of; outlives its use.
class Downstream {
  public:
    void add_to(http::Headers& to, const Call& call, const Place& place);

  private:
    telemetry::TraceParentText trace_;
    // RFC 7239: the client, and for a call that was forwarded here the region between.
    fmt::basic_memory_buffer<char, 160> forwarded_;  // most fit, and cost no allocation
    std::vector<std::string> claims_;
};

// The value of Domicile-Claim-*: text as it is, anything else as JSON; what is not visible ASCII,
// and %, percent-encoded as UTF-8. Nothing for a claim that the token does not have.
std::optional<std::string> claim_text(const json::object& claims, std::string_view name);

}  // namespace domicile::gateway
