// One call on its way through the gateway. Internal.
#pragma once

#include "gateway/gateway.h"
#include "gateway/routes.h"
#include "telemetry/trace.h"

namespace domicile::gateway {

struct Call {
    http::Exchange& exchange;
    config::RouteHost host;
    std::string from;  // the forwarding region; empty when the client came here
    Match match;
    identity::TokenPtr token;
    GrantPtr grant = {};  // of an authorizer that is a function
    // The body, where it was read to be looked at.
    std::unique_ptr<std::string> body = {};
    std::string_view request_id = {};  // one id for all regions that the call passes through
    std::string_view client = {};      // its address; empty when it is not known
    std::string_view api_key = {};     // the name of the key that it came with
    // Of our own sites, which may call every route that has a `cors` section.
    const std::vector<std::string>* own_origins = nullptr;

    const config::Route& route() const { return *match.route; }
    // What is known of the caller beside its name; null without an authorizer.
    const json::object* claims() const {
        if (grant) return &grant->answer.context;
        return token ? &token->claims : nullptr;
    }
    // The issuer of the token, if it is not one of our pools.
    const Issuer* issuer() const {
        return token ? match.compiled->authorizer->issuer.get() : nullptr;
    }
};

// CORS headers of a reply, and the gateway's own: who served it, and through whom it came.
void add_cors(http::ResponseHead& head, const Call& call);
// Where a call that goes on from here belongs: `traceparent` of the span that is open now, and the
// caller's `tracestate` as far as it may be passed on. The head keeps views of both: `text` and the
// exchange outlive its use. What came under these names is not copied (is_hop_header).
void add_trace(const http::Exchange& exchange, telemetry::TraceParentText& text, http::Headers& to);
// Names of headers that belong to one connection or that only we may set; never passed on.
bool is_hop_header(std::string_view name);

// An answer of the gateway itself as an RFC 9457 problem document; `name` is the last part of its
// type.
struct Problem {
    int status = 400;
    std::string_view name;
    std::string_view title;
    std::string_view detail = {};
    std::int64_t retry_after_seconds = 0;  // 0: says nothing
};
io::Task<Result<void>> reply_problem(Call& call, Problem problem, std::string served_by);

// Answers of the gateway itself, in API Gateway's form: {"message": text}.
io::Task<Result<void>> reply_message(Call& call, int status, std::string message,
                                     std::string served_by);

}  // namespace domicile::gateway
