#include "gateway/request_check.h"

#include "base/encoding.h"
#include "functions/event.h"

namespace domicile::gateway {

openapi::Given given_of(const Call& call) {
    const http::RequestHead& request = call.exchange.request();
    openapi::Given out;
    for (auto& [name, value] : call.match.parameters()) out.path.emplace_back(name, value);
    out.query = functions::query_pairs(request.query);
    for (const http::Header& header : request.headers)
        out.headers.emplace_back(header.name, header.value);
    return out;
}

WantedBody wanted_body(const openapi::Operation& operation, const http::Headers& headers,
                       std::optional<std::uint64_t> length) {
    if (!operation.has_body) return {};
    if (length == 0) return {operation.body_required ? BodyRule::missing : BodyRule::none, nullptr};
    if (headers.count("Content-Type") > 1) return {BodyRule::unsupported, nullptr};
    const openapi::Media* media = operation.media_of(headers.find("Content-Type").value_or(""));
    if (media == nullptr) return {BodyRule::unsupported, nullptr};
    if (!media->schema) return {BodyRule::none, media};
    // What is behind might decode what we did not look into.
    const auto encoding = headers.find("Content-Encoding");
    if (encoding && !equals_ignore_case(*encoding, "identity"))
        return {BodyRule::unsupported, nullptr};
    return {BodyRule::read, media};
}

io::Task<Result<void>> reply_invalid(Call& call, openapi::Violations wrong, std::string served_by) {
    http::ResponseHead head;
    head.status = 400;
    head.add("Content-Type", "application/problem+json");
    head.add("Domicile-Served-By", std::move(served_by));
    head.add("X-Request-Id", std::string(call.request_id));
    add_cors(head, call);
    json::array errors;
    for (const openapi::Violation& each : wrong) {
        json::object error{{"in", each.in}, {"detail", each.message}};
        if (!each.name.empty()) error["name"] = each.name;
        if (each.name.empty() || !each.pointer.empty()) error["pointer"] = each.pointer;
        errors.push_back(std::move(error));
    }
    const std::string body =
        json::serialize(json::object{{"type", "https://domicile.dev/problems/invalid-request"},
                                     {"title", "Bad Request"},
                                     {"status", 400},
                                     {"detail", "The request is not as the API describes it."},
                                     {"errors", std::move(errors)}});
    co_return co_await call.exchange.respond(std::move(head), body);
}

}  // namespace domicile::gateway
