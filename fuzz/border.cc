// Messages between regions, both ways. As a server: whoever holds a region's certificate may send
// anything; the answer is one valid reply with a result or an error of the closed set, only allowed
// types reach a handler, and nothing of the payload reaches the audit log (I2, I6). As a client:
// what another region answers becomes a result or an error.
//
// The input is a message: its type and crossing id on the first line, then the payload; and what a
// far region sends back.
#include "border/border.h"

#include "base/encoding.h"
#include "memory_files.h"
#include "server.h"

namespace domicile::fuzz {
namespace {

constexpr std::string_view kCrossing = "00000000-0000-4000-8000-000000000000";
constexpr const char* kLogPath = "/audit.log";

struct Node {
    Node() : log(*audit::Log::open(files, kLogPath, "eu-central-1", executor.clock())) {
        border::Options options;
        options.region = "eu-central-1";
        options.peers = {{"us-east-2", {"192.0.2.1", 4433}}};
        options.message_bytes_max = 4096;
        border = std::make_unique<border::Border>(std::move(options), *log);
        border->handle("echo", [this](std::string from, json::value payload) {
            ++handled;
            return echo(std::move(from), std::move(payload));
        });
    }
    ~Node() { executor.settle(); }

    static io::Task<Result<json::value>> echo(std::string from, json::value payload) {
        DOMICILE_CHECK(from == "us-east-2");
        if (payload.is_null()) co_return fail(Code::conflict, "Nothing to echo.", "nothing");
        co_return payload;
    }

    InlineExecutor executor;
    MemoryFiles files;
    std::unique_ptr<audit::Log> log;
    std::unique_ptr<border::Border> border;
    int handled = 0;
};

void check_log(Node& node) {
    node.executor.settle();
    const std::string& log = node.files.contents[kLogPath];
    DOMICILE_CHECK(audit::verify(node.files, kLogPath)->broken_line == 0);
    // The log has no tilde of its own, so that one would be from outside.
    DOMICILE_CHECK(log.find('~') == log.npos);
}

void check_reply(const Answer& answer, const Node& node, bool payload_is_json) {
    DOMICILE_CHECK(answer.status == 200);
    const auto reply = parse_json_object(answer.body, {.depth_max = 64});
    DOMICILE_CHECK(reply.has_value() && reply->size() == 1);
    DOMICILE_CHECK(reply->contains("result") || reply->contains("error"));
    DOMICILE_CHECK(node.handled == 0 || payload_is_json);
    if (const json::value* error = reply->if_contains("error")) {
        const std::string_view code = error->at("code").as_string();
        DOMICILE_CHECK(to_string(code_from_string(code)) == code);
        DOMICILE_CHECK(error->at("message").is_string() && error->at("reason").is_string());
    }
}

// "type crossing\npayload"
void check_server(std::string_view input) {
    const auto newline = std::min(input.find('\n'), input.size());
    const auto blank = std::min(input.find(' '), newline);
    const std::string type(input.substr(0, blank));
    const std::string_view crossing = input.substr(blank, newline - blank);
    const std::string_view payload = input.substr(std::min(newline + 1, input.size()));
    std::string request = "POST /border/1/" + type + " HTTP/1.1\r\nHost: eu-central-1.border\r\n";
    request.append("Domicile-Crossing: ").append(crossing.empty() ? kCrossing : crossing);
    request += "\r\nContent-Length: " + std::to_string(payload.size()) + "\r\n\r\n";
    request += payload;
    for (const char* certificate : {"us-east-2.border", "eu-central-1.border", ""}) {
        Node node;
        const std::string written = serve(node.border->handler(), request, 0, certificate);
        const auto answers = read_answers(written, {});
        DOMICILE_CHECK(!answers.empty());
        const int status = answers[0].status;
        const bool refused = status == 400 || status == 414 || status == 431;  // no request at all
        const bool peer = std::string_view(certificate) == "us-east-2.border";
        if (!refused && peer) check_reply(answers[0], node, parse_json(payload).has_value());
        if (!peer) DOMICILE_CHECK(node.handled == 0 && (refused || answers[0].status == 403));
        check_log(node);
    }
}

void check_client(std::string_view input, unsigned round) {
    Node node;
    node.executor.script(input, round);
    const auto result = node.executor.run(node.border->call(
        "us-east-2", "echo", json::object{{"a", 1}}, node.executor.in(Millis(1000))));
    if (result) {
        DOMICILE_CHECK(input.find("HTTP/1.") != input.npos);
    } else {
        DOMICILE_CHECK(is_utf8(result.error().message) && is_utf8(result.error().reason));
    }
    DOMICILE_CHECK(node.executor.written().starts_with("POST /border/1/echo HTTP/1.1\r\n"));
    check_log(node);
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(border) {
    using namespace domicile::fuzz;
    check_server(input);
    check_client(input, 0);
    check_client(input, 3);
}
