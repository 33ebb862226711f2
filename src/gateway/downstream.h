// What an upstream is told of a call beside the client's own headers: who it is for, as far as we
// have verified it, where it came from, and under which id. A client cannot say any of it: what
// comes under these names is not passed on (is_hop_header). Internal.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/call.h"
#include "residency/residency.h"

namespace domicile::gateway {

// Where the call is served.
struct Place {
    const std::string& region;
    const residency::Policy& policy;
};

// Texts one behind the other; most fit, and cost no allocation.
class JoinedText {
  public:
    void put(std::string_view text) {
        if (long_.empty() && text.size() <= short_.size() - size_) {
            text.copy(short_.data() + size_, text.size());
            size_ += text.size();
            return;
        }
        if (long_.empty()) long_.assign(short_.data(), size_);
        long_ += text;
    }
    std::string_view view() const {
        return long_.empty() ? std::string_view(short_.data(), size_) : std::string_view(long_);
    }

  private:
    std::array<char, 160> short_;
    std::size_t size_ = 0;
    std::string long_;
};

// Has the texts that a head keeps views of; outlives its use.
class Downstream {
  public:
    void add_to(http::Headers& to, const Call& call, const Place& place);

  private:
    void add_claims(http::Headers& to, const Call& call);

    telemetry::TraceParentText trace_;
    // RFC 7239: the client, and for a call that was forwarded here the region between.
    JoinedText forwarded_;
    std::vector<std::string> claims_;
};

// The value of Domicile-Claim-*: text as it is, anything else as JSON; what is not visible ASCII,
// and %, percent-encoded as UTF-8. Nothing for a claim that the token does not have.
std::string encode_claim(std::string text);
std::optional<std::string> claim_text(const json::object& claims, std::string_view name);

}  // namespace domicile::gateway
