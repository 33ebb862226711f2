// Requests as a server reads them: heads, bodies and what follows in a pipeline. However the bytes
// are cut on their way, the same is understood; and a request that is printed again, as the gateway
// does towards an upstream, is read as the same one.
#include "http_transcript.h"

namespace domicile::fuzz {
namespace {

void check_printed_again(const http::RequestHead& request, const http::Framing& framing) {
    const auto host = request.headers.find("Host");
    if (!host) return;  // HTTP/1.0; what is printed always has one
    http::RequestFraming wanted{.host = *host, .length = {}, .chunked = false};
    if (framing.body == http::BodyKind::chunked) wanted.chunked = true;
    if (framing.body == http::BodyKind::length) wanted.length = framing.length;
    std::string text;
    DOMICILE_CHECK(http::print_request(request, wanted, text).has_value());
    http::HeadScanner scanner;
    const auto end = scanner.scan(text, {});
    DOMICILE_CHECK(end && *end && **end == text.size());
    http::RequestHead again;
    const auto framed = http::parse_request(text, {}, again);
    DOMICILE_CHECK(framed.has_value());
    DOMICILE_CHECK(again.method == request.method && again.target == request.target);
    DOMICILE_CHECK(again.path == request.path && again.query == request.query);
    DOMICILE_CHECK(again.host == request.host);
    DOMICILE_CHECK(end_to_end_headers(again.headers) == end_to_end_headers(request.headers));
    DOMICILE_CHECK(framed->body == framing.body && framed->length == framing.length);
}

void append_request(std::string& out, const http::RequestHead& request) {
    append_line(out, "method", request.method);
    append_line(out, "target", request.target);
    append_line(out, "path", request.path);
    append_line(out, "query", request.query);
    append_line(out, "host", request.host);
    append_line(out, "http10", request.http10 ? "yes" : "no");
    append_headers(out, request.headers);
}

std::string transcript(std::string_view input, unsigned round) {
    std::string out;
    Source source(input, round);
    http::Inbound inbound(kSmallLimits);
    http::RequestHead request;
    for (;;) {
        const auto head = inbound.head();
        // Which of its faults a head is refused for depends on how much of it has come.
        if (!head) return out + "refused head\n";
        if (!*head) {
            if (source.fill(inbound.head_room(), inbound)) continue;
            return out + "cut head\n";
        }
        const auto framing = http::parse_request(**head, kSmallLimits, request);
        if (!framing) return out + "refused head\n";
        inbound.begin_body(*framing);
        const BodyRead body = read_body(inbound, source);
        // Only now: the views of a head hold until the exchange ends.
        append_request(out, request);
        append_body(out, *framing, body);
        check_printed_again(request, *framing);
        if (body.end != BodyRead::whole || !framing->keep_alive) return out;
        inbound.end_message();
    }
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(http_request) {
    using namespace domicile::fuzz;
    const std::string whole = transcript(input, 0);
    for (unsigned round = 1; round < Cuts::kRounds; ++round) {
        DOMICILE_CHECK(transcript(input, round) == whole);
    }
}
