// W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context/): which request of which system
// this one belongs to. Ids only; `tracestate` is other people's text and is passed on, never kept,
// logged or exported.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/context.h"

namespace domicile::telemetry {

struct TraceParent {
    std::array<std::uint8_t, 16> trace_id{};
    std::array<std::uint8_t, 8> parent_id{};
    std::uint8_t flags = 0;

    bool sampled() const { return (flags & kSampled) != 0; }
    static constexpr std::uint8_t kSampled = 1;
};

// The value of a `traceparent` field: nullopt for whatever the specification calls invalid. A later
// version is read as far as version 00 goes.
std::optional<TraceParent> parse_traceparent(std::string_view text);
// "00-<trace>-<span>-<flags>" of the span that is open in `context`; the first costs no allocation.
using TraceParentText = std::array<char, 55>;
TraceParentText traceparent_text(const RequestContext& context);
std::string traceparent_of(const RequestContext& context);
// The same as AWS writes it: "Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=0".
std::string amazon_trace_of(const RequestContext& context);
// Reads that form, which AWS SDKs in functions send: the fields in any order, others passed over;
// nullopt without a good Root and Parent.
std::optional<TraceParent> parse_amazon_trace(std::string_view text);

// Whether a `tracestate` may be passed on: at most 512 bytes and 32 members, of the characters that
// the specification allows. What is larger or malformed is left out as a whole, as it permits.
bool is_tracestate(std::string_view text);

}  // namespace domicile::telemetry
