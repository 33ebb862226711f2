// Answers of functions that come in pieces: passed on as they come, never held whole.
#include "base/log.h"
#include "gateway/target.h"

namespace domicile::gateway {
namespace {

constexpr std::size_t kPreludeBytesMax = 64 << 10;

struct Beginning {
    functions::HttpReply head;
    std::string rest;   // of the pieces that were read for it
    bool over = false;  // nothing follows
};

io::Task<Result<Beginning>> read_prelude(functions::StreamedCall& calling) {
    std::string text;
    for (;;) {
        const std::size_t end = text.find(functions::kPreludeEnd);
        if (end != std::string::npos) {
            Beginning out;
            CO_TRY(out.head, functions::parse_prelude(std::string_view(text).substr(0, end)));
            out.rest = text.substr(end + functions::kPreludeEnd.size());
            co_return out;
        }
        const std::string piece = co_await calling.read();
        if (piece.empty() || text.size() + piece.size() > kPreludeBytesMax)
            co_return fail(Code::malformed, "The answer of the function has no head.", "bad_reply");
        text += piece;
    }
}

io::Task<Result<Beginning>> begin(functions::StreamedCall& calling) {
    if (calling.content_type().starts_with(functions::kHttpIntegration))
        co_return co_await read_prelude(calling);
    // The first piece is waited for: a function that fails before it is an error for the client.
    Beginning out;
    out.rest = co_await calling.read();
    out.over = out.rest.empty();
    const std::string& type = calling.content_type();
    out.head.headers.emplace_back("Content-Type", type.empty() ? "application/octet-stream" : type);
    co_return out;
}

http::ResponseHead head_of(const Call& call, const functions::HttpReply& reply,
                           const std::string& region) {
    http::ResponseHead head;
    head.status = reply.status;
    for (const auto& [name, value] : reply.headers) head.add(name, value);
    head.set("Domicile-Served-By", region);
    head.set("X-Request-Id", std::string(call.request_id));
    add_cors(head, call);
    return head;
}

io::Task<Result<void>> pass(http::Exchange& exchange, http::ResponseHead head, std::string piece,
                            functions::StreamedCall& calling) {
    CO_TRY_VOID(co_await exchange.start(std::move(head), std::nullopt));
    // A head without a body yet goes out too.
    CO_TRY_VOID(co_await exchange.write(piece));
    for (;;) {
        piece = co_await calling.read();
        if (piece.empty()) co_return Result<void>{};
        CO_TRY_VOID(co_await exchange.write(piece));
    }
}

}  // namespace

io::Task<Result<void>> Target::pass_streamed(Call& call, functions::StreamedCall& calling,
                                             bool v2) {
    Result<Beginning> beginning = co_await begin(calling);
    Result<void> passed;
    if (beginning && !beginning->over) {
        http::ResponseHead head = head_of(call, beginning->head, region_);
        passed = co_await pass(call.exchange, std::move(head), std::move(beginning->rest), calling);
    }
    const Result<functions::Answer> ended = co_await calling.finish();
    if (!passed) co_return passed;  // the client has left
    const bool whole = beginning && ended && !ended->raised;
    if (!whole)
        log::warning("function_failed",
                     {{"function", *call.route().function},
                      {"reason", ended ? functions::reason::kRaised : ended.error().reason},
                      {"request_id", call.request_id}});
    if (whole && beginning->over) {
        http::ResponseHead head = head_of(call, beginning->head, region_);
        co_return co_await call.exchange.respond(std::move(head), "");
    }
    if (whole) co_return co_await call.exchange.finish();
    // Later, the client learns it by a body that has no end.
    if (call.exchange.responded())
        co_return fail(Code::unavailable, "The function broke off its answer.");
    co_return co_await reply_message(
        call, v2 ? 500 : 502, v2 ? "Internal Server Error" : "Internal server error", region_);
}

}  // namespace domicile::gateway
