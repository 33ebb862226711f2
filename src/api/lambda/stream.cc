// InvokeWithResponseStream: an answer in pieces, as events.
#include "api/aws/event_stream.h"
#include "api/aws/reply.h"
#include "api/lambda/lambda.h"
#include "base/encoding.h"
#include "functions/streamed_call.h"

namespace domicile::api::lambda {
namespace {

constexpr std::size_t kChunkBytes = 128 << 10;

io::Task<Result<void>> write_payload(http::Exchange& exchange, std::string_view bytes) {
    while (!bytes.empty()) {
        const std::string_view piece = bytes.substr(0, kChunkBytes);
        bytes.remove_prefix(piece.size());
        const std::string frame =
            aws::event_frame("PayloadChunk", "application/octet-stream", piece);
        CO_TRY_VOID(co_await exchange.write(frame));
    }
    co_return Result<void>{};
}

// An error is told by its type, and by the function's document of it.
std::string completion(const std::string& error, const std::shared_ptr<std::string>& tail) {
    json::object out;
    if (!error.empty()) {
        const auto document = parse_json_object(error);
        auto type = document ? optional_string(*document, "errorType") : std::nullopt;
        out["ErrorCode"] = type && *type ? **type : "Unhandled";
        out["ErrorDetails"] = error;
    }
    if (tail) out["LogResult"] = to_base64(*tail);
    return aws::event_frame("InvokeComplete", "application/json", json::serialize(out));
}

io::Task<Result<void>> start(http::Exchange& exchange) {
    http::ResponseHead head = aws::json_head(exchange, 200, aws::kEventStream);
    head.add("X-Amz-Executed-Version", "$LATEST");
    aws::add_cors(exchange.request(), head);
    co_return co_await exchange.start(std::move(head), std::nullopt);
}

io::Task<Result<void>> pass(http::Exchange& exchange, functions::StreamedCall& calling) {
    for (;;) {
        const std::string piece = co_await calling.read();
        if (piece.empty()) co_return Result<void>{};
        CO_TRY_VOID(co_await write_payload(exchange, piece));
    }
}

io::Task<Result<void>> end(http::Exchange& exchange, const functions::Answer& answer,
                           const std::shared_ptr<std::string>& tail) {
    if (!answer.raised && !answer.streamed)
        CO_TRY_VOID(co_await write_payload(exchange, answer.payload));
    const std::string last = completion(answer.raised ? answer.payload : std::string(), tail);
    CO_TRY_VOID(co_await exchange.write(last));
    co_return co_await exchange.finish();
}

}  // namespace

// The events begin when the process begins to answer, or has failed; what kept it from being called
// at all is an error of the request.
io::Task<Result<Lambda::Reply>> Lambda::stream(http::Exchange& exchange,
                                               const config::Function& function,
                                               functions::Call call) {
    const std::shared_ptr<std::string> tail = call.tail;
    const std::string id = call.request_id;
    functions::StreamedCall calling(parts_.functions, function.name, std::move(call));
    const bool streams = co_await calling.begin();
    Reply out;
    out.sent.emplace();
    if (streams) {
        *out.sent = co_await start(exchange);
        if (*out.sent) *out.sent = co_await pass(exchange, calling);
    }
    Result<functions::Answer> answer = co_await calling.finish();
    if (!*out.sent) co_return out;
    if (!answer) {
        auto document = functions::document_of(answer.error(), id, function.timeout_seconds);
        if (!document && !streams) co_return std::unexpected(answer.error());
        answer = functions::Answer{std::move(document).value_or("{}"), true, streams};
    }
    if (!streams) *out.sent = co_await start(exchange);
    if (*out.sent) *out.sent = co_await end(exchange, *answer, tail);
    co_return out;
}

}  // namespace domicile::api::lambda
