// A whole server connection, from the bytes that arrive to the bytes that leave, around a handler.
#pragma once

#include <string>
#include <string_view>

#include "http/connection.h"
#include "http_transcript.h"
#include "inline_executor.h"

namespace domicile::fuzz {

inline io::Task<bool> run_connection(http::Connection& connection) {
    co_await connection.run();
    co_return true;
}

// What is sent back. `certificate_name`: of the client's certificate.
inline std::string serve(const http::Handler& handler, std::string_view input, unsigned round,
                         const std::string& certificate_name = {}) {
    std::string written;
    http::ServerOptions options;
    options.header_bytes_max = 2048;
    options.body_bytes_max = 8192;
    http::ServerState state(options, handler);
    auto stream = std::make_unique<ScriptedStream>(input, round, &written);
    stream->peer_info().certificate_name = certificate_name;
    http::Connection connection(state, std::move(stream));
    auto& executor = static_cast<InlineExecutor&>(io::Executor::current());
    executor.run(run_connection(connection));
    // Not ours to fail, whatever the client sends.
    DOMICILE_CHECK(state.unhandled == 0);
    return written;
}

struct Answer {
    int status = 0;
    std::string headers;  // "name: value\n" each
    std::string body;
    bool whole = true;
};

// What was sent is a sequence of responses that our own strict parser accepts; only the last may
// break off, when the client did. `to_head` says for each request that reached a handler whether it
// was HEAD; what is answered beyond them is a refusal, without a body if that was HEAD too.
inline std::vector<Answer> read_answers(std::string_view text, const std::vector<bool>& to_head) {
    std::vector<Answer> out;
    Source source(text, 0);
    http::Inbound inbound({});
    for (;;) {
        const auto head = inbound.head();
        DOMICILE_CHECK(head.has_value());
        if (!*head) {
            if (source.fill(inbound.head_room(), inbound)) continue;
            DOMICILE_CHECK(!inbound.has_unread());
            return out;
        }
        const bool handled = out.size() < to_head.size();
        const bool nothing_follows = source.at_end() && !inbound.has_unread();
        const bool head_only = handled ? to_head[out.size()] : nothing_follows;
        http::ReceivedResponse response;
        const auto framing = http::parse_response(**head, {}, head_only, response);
        DOMICILE_CHECK(framing.has_value());
        inbound.begin_body(*framing);
        const BodyRead body = read_body(inbound, source);
        DOMICILE_CHECK(body.end != BodyRead::refused);
        if (response.status >= 200) {
            Answer& answer = out.emplace_back();
            answer.status = response.status;
            append_headers(answer.headers, response.headers);
            answer.body = body.bytes;
            answer.whole = body.end == BodyRead::whole;
            if (!answer.whole) return out;
        }
        inbound.end_message();
    }
}

}  // namespace domicile::fuzz
