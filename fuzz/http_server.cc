// A server's connection with a handler that reads and answers in every way that handlers do. What
// it sends is a sequence of whole, valid responses, one for each request, and the same ones however
// the request's bytes are cut.
#include "server.h"

namespace domicile::fuzz {
namespace {

std::vector<bool> heads_asked;  // for each request that was handled: was it HEAD?

io::Task<Result<void>> answer_in_pieces(http::Exchange& exchange) {
    const std::optional<std::uint64_t> unknown;
    http::ResponseHead head;
    head.add("Content-Type", "text/plain");
    CO_TRY_VOID(co_await exchange.start(std::move(head), unknown));
    for (;;) {
        CO_TRY(const std::string_view piece, co_await exchange.read());
        if (piece.empty()) break;
        CO_TRY_VOID(co_await exchange.write(piece));
    }
    co_return co_await exchange.finish();
}

io::Task<Result<void>> answer_at_once(http::Exchange& exchange) {
    auto body = co_await exchange.read_all(4096);
    http::ResponseHead head;
    if (!body && body.error().code != Code::too_large) co_return std::unexpected(body.error());
    if (!body) head.status = 413;
    std::string text(exchange.request().target);
    if (body) text += " " + *body;
    co_return co_await exchange.respond(std::move(head), text);
}

io::Task<Result<void>> answer_unread(http::Exchange& exchange) {
    http::ResponseHead head{.status = 204, .headers = {}};
    if (exchange.request().query == "close") head.add("Connection", "close");
    co_return co_await exchange.respond(std::move(head), "");
}

io::Task<Result<void>> answer(http::Exchange& exchange) {
    heads_asked.push_back(exchange.request().method == "HEAD");
    const std::string_view path = exchange.request().path;
    if (path.starts_with("/unread")) return answer_unread(exchange);
    if (path.starts_with("/pieces")) return answer_in_pieces(exchange);
    return answer_at_once(exchange);
}

std::string converse(std::string_view input, unsigned round) {
    InlineExecutor executor;
    heads_asked.clear();
    const std::string written = serve(answer, input, round);
    std::string out;
    for (const Answer& one : read_answers(written, heads_asked)) {
        // Which of its faults a head is refused for depends on how much of it has come.
        const bool refusal = one.status == 400 || one.status == 414 || one.status == 431;
        append_line(out, "status", refusal ? "refused" : std::to_string(one.status));
        if (refusal) continue;
        append_line(out, "whole", one.whole ? "yes" : "no");
        append_line(out, "body", one.body);
    }
    return out;
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(http_server) {
    using namespace domicile::fuzz;
    const std::string whole = converse(input, 0);
    for (unsigned round = 1; round < Cuts::kRounds; ++round) {
        DOMICILE_CHECK(converse(input, round) == whole);
    }
}
