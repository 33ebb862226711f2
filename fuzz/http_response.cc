// Responses as a client reads them from an upstream, a function or another region, to a HEAD
// request too. The same is understood however the bytes are cut, and a response that is printed
// again towards the client is read as the same one.
#include "http_transcript.h"

namespace domicile::fuzz {
namespace {

http::ResponseHead owned(const http::ReceivedResponse& response) {
    http::ResponseHead out;
    out.status = response.status;
    for (const http::Header& header : response.headers) {
        out.add(std::string(header.name), std::string(header.value));
    }
    return out;
}

void check_printed_again(const http::ReceivedResponse& response, const http::Framing& framing) {
    if (response.status < 200) return;  // never passed on
    http::ResponseFraming wanted;
    wanted.chunked = framing.body == http::BodyKind::chunked;
    if (framing.body == http::BodyKind::length) wanted.length = framing.length;
    if (framing.body == http::BodyKind::none) wanted.length = 0;
    wanted.close = !framing.keep_alive;
    std::string text;
    constexpr std::string_view kDate = "Sun, 22 Nov 2026 20:16:53 GMT";
    DOMICILE_CHECK(http::print_response(owned(response), wanted, kDate, text).has_value());
    http::HeadScanner scanner;
    const auto end = scanner.scan(text, {});
    DOMICILE_CHECK(end && *end && **end == text.size());
    http::ReceivedResponse again;
    const auto framed = http::parse_response(text, {.headers_max = 200}, false, again);
    DOMICILE_CHECK(framed.has_value());
    DOMICILE_CHECK(again.status == response.status);
    DOMICILE_CHECK(end_to_end_headers(again.headers) == end_to_end_headers(response.headers));
    const bool bodiless = response.status == 204 || response.status == 304;
    DOMICILE_CHECK(bodiless || framed->body == framing.body);
    DOMICILE_CHECK(framed->keep_alive == framing.keep_alive);
}

std::string transcript(std::string_view input, unsigned round, bool to_head) {
    std::string out;
    Source source(input, round);
    http::Inbound inbound(kSmallLimits);
    http::ReceivedResponse response;
    for (;;) {
        const auto head = inbound.head();
        if (!head) return out + "refused head\n";
        if (!*head) {
            if (source.fill(inbound.head_room(), inbound)) continue;
            return out + "cut head\n";
        }
        const auto framing = http::parse_response(**head, kSmallLimits, to_head, response);
        if (!framing) {
            DOMICILE_CHECK(framing.error().status == 502);
            return out + "refused head\n";
        }
        inbound.begin_body(*framing);
        const BodyRead body = read_body(inbound, source);
        append_line(out, "status", std::to_string(response.status));
        append_headers(out, response.headers);
        append_body(out, *framing, body);
        check_printed_again(response, *framing);
        if (body.end != BodyRead::whole || !framing->keep_alive) return out;
        inbound.end_message();
    }
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(http_response) {
    using namespace domicile::fuzz;
    for (const bool to_head : {false, true}) {
        const std::string whole = transcript(input, 0, to_head);
        for (unsigned round = 1; round < Cuts::kRounds; ++round) {
            DOMICILE_CHECK(transcript(input, round, to_head) == whole);
        }
    }
}
