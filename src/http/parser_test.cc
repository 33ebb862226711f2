#include "http/parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace domicile::http {
namespace {

const std::string kGood = "GET / HTTP/1.1\r\nHost: a.example\r\n";

struct Outcome {
    int status = 0;  // 0: accepted
    RequestHead head;
    Framing framing;
};

// What the server does with these bytes: scan, then parse. -1 when more bytes are needed.
Outcome parse(const std::string& bytes, const HeadLimits& limits = {}) {
    Outcome out;
    HeadScanner scanner;
    const auto end = scanner.scan(bytes, limits);
    if (!end) return {.status = end.error().status, .head = {}, .framing = {}};
    if (!*end) return {.status = -1, .head = {}, .framing = {}};
    auto framing = parse_request(std::string_view(bytes).substr(0, **end), limits, out.head);
    if (!framing) return {.status = framing.error().status, .head = {}, .framing = {}};
    out.framing = *framing;
    return out;
}

struct Case {
    const char* name;
    std::string bytes;
    int status;
};

TEST(Parser, refuses_what_requests_are_smuggled_with) {
    const std::string nul("\0", 1);
    const std::vector<Case> cases = {
        {"CL and TE", kGood + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"TE and CL", kGood + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", 400},
        {"chunked, identity", kGood + "Transfer-Encoding: chunked, identity\r\n\r\n", 501},
        {"identity, chunked", kGood + "Transfer-Encoding: identity, chunked\r\n\r\n", 501},
        {"gzip, chunked", kGood + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"xchunked", kGood + "Transfer-Encoding: xchunked\r\n\r\n", 501},
        {"empty TE", kGood + "Transfer-Encoding:\r\n\r\n", 501},
        {"identity", kGood + "Transfer-Encoding: identity\r\n\r\n", 501},
        {"quoted", kGood + "Transfer-Encoding: \"chunked\"\r\n\r\n", 501},
        {"chunked twice",
         kGood + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"chunked then other", kGood + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
         400},
        {"vertical tab",
         kGood + "Transfer-Encoding: \x0b"
                 "chunked\r\n\r\n",
         400},
        {"TE with space before colon", kGood + "Transfer-Encoding : chunked\r\n\r\n", 400},
        {"CL with space before colon", kGood + "Content-Length : 4\r\n\r\n", 400},
        {"tab before colon", kGood + "X\t: 4\r\n\r\n", 400},
        {"obs-fold", kGood + "X: a\r\n b\r\n\r\n", 400},
        {"obs-fold with tab", kGood + "X: a\r\n\tb\r\n\r\n", 400},
        {"folded TE", kGood + "Transfer-Encoding:\r\n chunked\r\n\r\n", 501},
        {"space before first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        {"bare LF in head", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
        {"bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", 400},
        {"bare LF at the end", kGood + "\n", 400},
        {"bare CR in value", kGood + "X: a\rb\r\n\r\n", 400},
        {"CR CR LF", kGood + "X: a\r\r\n\r\n", 400},
        {"two Hosts", kGood + "Host: b.example\r\n\r\n", 400},
        {"two equal Hosts", kGood + "Host: a.example\r\n\r\n", 400},
        {"no Host", "GET / HTTP/1.1\r\nX: a\r\n\r\n", 400},
        {"two lengths", kGood + "Content-Length: 4\r\nContent-Length: 5\r\n\r\n", 400},
        {"two equal lengths", kGood + "Content-Length: 4\r\nContent-Length: 4\r\n\r\n", 400},
        {"length list", kGood + "Content-Length: 4, 4\r\n\r\n", 400},
        {"plus length", kGood + "Content-Length: +5\r\n\r\n", 400},
        {"hex length", kGood + "Content-Length: 0x5\r\n\r\n", 400},
        {"negative length", kGood + "Content-Length: -5\r\n\r\n", 400},
        {"empty length", kGood + "Content-Length:\r\n\r\n", 400},
        {"folded length", kGood + "Content-Length:\r\n 5\r\n\r\nhello", 400},
        {"length with space", kGood + "Content-Length: 1 2\r\n\r\n", 400},
        {"fractional length", kGood + "Content-Length: 5.0\r\n\r\n", 400},
        {"huge length", kGood + "Content-Length: 99999999999999999999\r\n\r\n", 400},
        {"length of twenty digits", kGood + "Content-Length: 00000000000000000005\r\n\r\n", 400},
        {"NUL in value", kGood + "X: a" + nul + "b\r\n\r\n", 400},
        {"NUL in name", kGood + "X" + nul + ": b\r\n\r\n", 400},
        {"DEL in value", kGood + "X: a\x7f\r\n\r\n", 400},
        {"control character late in a long value",
         kGood + "X: " + std::string(40, 'a') + "\x01\r\n\r\n", 400},
        {"TE on HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"no colon", kGood + "nonsense\r\n\r\n", 400},
        {"empty name", kGood + ": x\r\n\r\n", 400},
        {"parenthesis in name", kGood + "X(y): x\r\n\r\n", 400},
        {"non-ASCII in name", kGood + "X\xc3\xa4: x\r\n\r\n", 400},
    };
    for (const Case& c : cases) EXPECT_EQ(parse(c.bytes).status, c.status) << c.name;
}

TEST(Parser, refuses_bad_request_lines) {
    auto with = [](const std::string& line) { return line + "\r\nHost: a\r\n\r\n"; };
    const std::vector<Case> cases = {
        {"absolute form", with("GET http://a/ HTTP/1.1"), 400},
        {"CONNECT", with("CONNECT a:443 HTTP/1.1"), 501},
        {"CONNECT with a path", with("CONNECT /a HTTP/1.1"), 501},
        {"authority form", with("GET a:443 HTTP/1.1"), 400},
        {"star for GET", with("GET * HTTP/1.1"), 400},
        {"fragment", with("GET /a#b HTTP/1.1"), 400},
        {"fragment in query", with("GET /a?b#c HTTP/1.1"), 400},
        {"empty target", with("GET  HTTP/1.1"), 400},
        {"space in target", with("GET /a b HTTP/1.1"), 400},
        {"two spaces", with("GET  / HTTP/1.1"), 400},
        {"tab", with("GET\t/ HTTP/1.1"), 400},
        {"trailing space", with("GET / HTTP/1.1 "), 400},
        {"non-ASCII target", with("GET /\xc3\xa4 HTTP/1.1"), 400},
        {"quote in target", with("GET /\" HTTP/1.1"), 400},
        {"backslash in path", with("GET /\\a HTTP/1.1"), 400},
        {"CR in target", with("GET /\r HTTP/1.1"), 400},
        {"bad method", with("G@T / HTTP/1.1"), 400},
        {"no method", with(" / HTTP/1.1"), 400},
        {"HTTP/0.9", with("GET /"), 400},
        {"HTTP/2.0", with("GET / HTTP/2.0"), 505},
        {"HTTP/1.2", with("GET / HTTP/1.2"), 505},
        {"HTTP/0.9 with a number", with("GET / HTTP/0.9"), 505},
        {"lower case", with("GET / http/1.1"), 400},
        {"long number", with("GET / HTTP/1.10"), 400},
        {"hex version", with("GET / HTTP/1.a"), 400},
        {"empty line first", "\r\n" + with("GET / HTTP/1.1"), 400},
        {"target too long", with("GET /" + std::string(8192, 'a') + " HTTP/1.1"), 414},
        {"other expectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n", 417},
    };
    for (const Case& c : cases) EXPECT_EQ(parse(c.bytes).status, c.status) << c.name;
}

TEST(Parser, checks_the_host_field) {
    auto status = [](const std::string& host) {
        return parse("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n").status;
    };
    for (const char* host : {"a", "a.example", "a.example:80", "127.0.0.1:8443", "[::1]",
                             "[::1]:8443", "a_b-c.example", "[::ffff:1.2.3.4]"}) {
        EXPECT_EQ(status(host), 0) << host;
    }
    for (const char* host : {"", "a:", "a:x", "a:123456", "a b", "a,b", "a/b", "a@b", ":80", "[::1",
                             "::1", "[g::]", "a%20b", "[::1]x", "[::1]:"}) {
        EXPECT_EQ(status(host), 400) << host;
    }
    EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a.example:8443\r\n\r\n").head.host, "a.example");
    EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n").head.host, "[::1]");
    EXPECT_EQ(parse("GET / HTTP/1.0\r\n\r\n").status, 0) << "HTTP/1.0 knows no Host";
}

TEST(Parser, splits_a_request_into_its_parts) {
    const std::string bytes =
        "POST /a/b%20c?x=1&y=[2] HTTP/1.1\r\nHost: a.example\r\nX-One:  two \t\r\nEmpty:\r\n"
        "Content-Length: 12\r\nExpect: 100-continue\r\n\r\n";
    const Outcome out = parse(bytes);
    ASSERT_EQ(out.status, 0);
    EXPECT_EQ(out.head.method, "POST");
    EXPECT_EQ(out.head.target, "/a/b%20c?x=1&y=[2]");
    EXPECT_EQ(out.head.path, "/a/b%20c");
    EXPECT_EQ(out.head.query, "x=1&y=[2]");
    EXPECT_EQ(out.head.headers.find("x-ONE"), "two");
    EXPECT_EQ(out.head.headers.find("empty"), "");
    EXPECT_EQ(out.head.headers.size(), 5u);
    EXPECT_EQ(out.framing.body, BodyKind::length);
    EXPECT_EQ(out.framing.length, 12u);
    EXPECT_TRUE(out.framing.expects_continue);
    EXPECT_TRUE(out.framing.keep_alive);
}

TEST(Parser, knows_when_a_connection_stays_open) {
    auto keeps = [](const std::string& version, const std::string& connection) {
        return parse("GET / " + version + "\r\nHost: a\r\n" + connection + "\r\n")
            .framing.keep_alive;
    };
    EXPECT_TRUE(keeps("HTTP/1.1", ""));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: keep-alive, Close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0", ""));
    EXPECT_TRUE(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
}

TEST(Parser, accepts_options_star_and_a_chunked_body) {
    EXPECT_EQ(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").head.path, "*");
    const Outcome chunked = parse(kGood + "Transfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(chunked.status, 0);
    EXPECT_EQ(chunked.framing.body, BodyKind::chunked);
    EXPECT_EQ(parse(kGood + "Content-Length: 0\r\n\r\n").framing.body, BodyKind::none);
}

TEST(Parser, bounds_the_head) {
    std::string headers;
    for (int i = 0; i < 99; ++i) headers += "X: y\r\n";
    EXPECT_EQ(parse(kGood + headers + "\r\n").status, 0);
    EXPECT_EQ(parse(kGood + headers + "X: y\r\n\r\n").status, 431);

    const HeadLimits limits{.bytes_max = 256};
    EXPECT_EQ(parse(kGood + "X: " + std::string(300, 'a'), limits).status, 431);
    EXPECT_EQ(parse(kGood + "X: " + std::string(300, 'a') + "\r\n\r\n", limits).status, 431);
    EXPECT_EQ(parse("GET /" + std::string(300, 'a'), limits).status, 414);
}

TEST(Parser, needs_more_until_the_empty_line_is_there) {
    const std::string bytes = kGood + "X: y\r\n\r\n";
    HeadScanner scanner;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto end = scanner.scan(std::string_view(bytes).substr(0, size), {});
        ASSERT_TRUE(end.has_value());
        ASSERT_FALSE(end->has_value()) << size;
    }
    const auto end = scanner.scan(bytes + "POST", {});
    ASSERT_TRUE(end && *end);
    EXPECT_EQ(**end, bytes.size());
}

struct ResponseCase {
    const char* name;
    std::string bytes;
    bool to_head;
    bool accepted;
    BodyKind body;
    bool keep_alive;
};

TEST(Parser, reads_the_framing_of_responses) {
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    const std::vector<ResponseCase> cases = {
        {"length", ok + "Content-Length: 5\r\n\r\n", false, true, BodyKind::length, true},
        {"length 0", ok + "Content-Length: 0\r\n\r\n", false, true, BodyKind::none, true},
        {"chunked", ok + "Transfer-Encoding: chunked\r\n\r\n", false, true, BodyKind::chunked,
         true},
        {"until close", ok + "\r\n", false, true, BodyKind::until_close, false},
        {"HEAD", ok + "Content-Length: 5\r\n\r\n", true, true, BodyKind::none, true},
        {"204", "HTTP/1.1 204 \r\n\r\n", false, true, BodyKind::none, true},
        {"304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", false, true,
         BodyKind::none, true},
        {"100", "HTTP/1.1 100 Continue\r\n\r\n", false, true, BodyKind::none, true},
        {"close", ok + "Connection: close\r\nContent-Length: 5\r\n\r\n", false, true,
         BodyKind::length, false},
        {"1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", false, true, BodyKind::length,
         false},
        {"CL and TE",
         ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
         false,
         false,
         {},
         {}},
        {"two CL", ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", false, false, {}, {}},
        {"bad TE", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", false, false, {}, {}},
        {"no reason blank", "HTTP/1.1 200\r\n\r\n", false, false, {}, {}},
        {"status 99", "HTTP/1.1 099 OK\r\n\r\n", false, false, {}, {}},
        {"status 2000", "HTTP/1.1 2000 OK\r\n\r\n", false, false, {}, {}},
        {"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", false, false, {}, {}},
        {"obs-fold", ok + "X: a\r\n b\r\n\r\n", false, false, {}, {}},
        {"bare CR", ok + "X: a\rb\r\n\r\n", false, false, {}, {}},
    };
    for (const ResponseCase& c : cases) {
        ReceivedResponse head;
        const auto framing = parse_response(c.bytes, {}, c.to_head, head);
        ASSERT_EQ(framing.has_value(), c.accepted) << c.name;
        if (!framing) {
            EXPECT_EQ(framing.error().status, 502) << c.name;
            continue;
        }
        EXPECT_EQ(framing->body, c.body) << c.name;
        EXPECT_EQ(framing->keep_alive, c.keep_alive) << c.name;
    }
}

// Feeds `bytes` in pieces of `step` bytes; the decoded body, or nullopt when it is refused.
std::optional<std::string> decode(const std::string& bytes, std::size_t step) {
    using Step = ChunkedDecoder::Step;
    ChunkedDecoder decoder;
    std::string out;
    std::string pending;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        pending += bytes.substr(at, step);
        while (true) {
            const Step result = decoder.next(pending);
            out += result.data;
            pending.erase(0, result.consumed);
            if (result.status == Step::end) return out;
            if (result.status == Step::bad) return std::nullopt;
            if (result.status == Step::need_more) break;
        }
    }
    return out + "...";
}

TEST(ChunkedDecoder, decodes_whatever_the_cut) {
    const std::string bytes =
        "5;a;b=c\r\nhello\r\n0A;name=\"v w\";x\r\n, chunked \r\n1\r\n!\r\n0\r\nX-Sum: x\r\n"
        "B:\r\n\r\n";
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        EXPECT_EQ(decode(bytes, step), "hello, chunked !") << step;
    }
}

TEST(ChunkedDecoder, keeps_the_trailers_of_a_whole_body) {
    ChunkedDecoder decoder;
    const std::string_view bytes = "1\r\n!\r\n0\r\nX-Sum:  x y \r\nEmpty:\r\n\r\n";
    const std::size_t body = decoder.next(bytes).consumed;
    EXPECT_EQ(decoder.trailer("X-Sum"), std::nullopt);
    EXPECT_EQ(decoder.next(bytes.substr(body)).status, ChunkedDecoder::Step::end);
    EXPECT_EQ(decoder.trailer("x-sum"), "x y");
    EXPECT_EQ(decoder.trailer("empty"), "");
    EXPECT_EQ(decoder.trailer("other"), std::nullopt);
}

TEST(ChunkedDecoder, refuses_what_is_not_strict) {
    const std::vector<std::pair<const char*, std::string>> cases = {
        {"bare LF after size", "5\nhello\r\n0\r\n\r\n"},
        {"bare LF after data", "5\r\nhello\n0\r\n\r\n"},
        {"extension with bare LF", "5;a\nhello\r\n0\r\n\r\n"},
        {"extension with bare CR", "5;a\rb\r\nhello\r\n0\r\n\r\n"},
        {"extension without semicolon", "5 a\r\nhello\r\n0\r\n\r\n"},
        {"blank after size", "5 \r\nhello\r\n0\r\n\r\n"},
        {"blank before size", " 5\r\nhello\r\n0\r\n\r\n"},
        {"empty size", "\r\nhello\r\n0\r\n\r\n"},
        {"0x", "0x5\r\nhello\r\n0\r\n\r\n"},
        {"plus", "+5\r\nhello\r\n0\r\n\r\n"},
        {"negative", "-5\r\nhello\r\n0\r\n\r\n"},
        {"overflow", "10000000000000005\r\nhello\r\n0\r\n\r\n"},
        {"overflow by zeros", "0000000000000005\r\nhello\r\n0\r\n\r\n"},
        {"data too long", "4\r\nhello\r\n0\r\n\r\n"},
        {"data too short", "6\r\nhello\r\n0\r\n\r\n"},
        {"bare LF at the end", "5\r\nhello\r\n0\r\n\n"},
        {"bad trailer", "5\r\nhello\r\n0\r\nnonsense\r\n\r\n"},
        {"folded trailer", "5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n"},
        {"folded trailer first", "5\r\nhello\r\n0\r\n A: b\r\n\r\n"},
        {"extension without a name", "5;\r\nhello\r\n0\r\n\r\n"},
        {"extension without a value", "5;a=\r\nhello\r\n0\r\n\r\n"},
        {"extension with a blank", "5; a\r\nhello\r\n0\r\n\r\n"},
        {"extension with a blank value", "5;a= b\r\nhello\r\n0\r\n\r\n"},
        {"extension that is no token", "5;\x80\r\nhello\r\n0\r\n\r\n"},
        {"extension with an open quote", "5;a=\"b\r\nhello\r\n0\r\n\r\n"},
        {"extension with a quoted pair", "5;a=\"b\\\"c\"\r\nhello\r\n0\r\n\r\n"},
        {"extension behind a quote", "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n"},
        {"length as a trailer", "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n"},
        {"coding as a trailer", "5\r\nhello\r\n0\r\ntransfer-encoding: chunked\r\n\r\n"},
        {"connection as a trailer", "5\r\nhello\r\n0\r\nConnection: close\r\n\r\n"},
        {"host as a trailer", "5\r\nhello\r\n0\r\nHost: b\r\n\r\n"},
        {"endless size line", std::string(2000, ';')},
        {"endless extension", "5;" + std::string(2000, 'a')},
    };
    for (const auto& [name, bytes] : cases)
        EXPECT_EQ(decode(bytes, bytes.size()), std::nullopt) << name;
}

TEST(ChunkedDecoder, bounds_extensions_and_trailers_of_a_whole_body) {
    std::string extensions;
    for (int i = 0; i < 20; ++i) extensions += "1;" + std::string(600, 'a') + "\r\nx\r\n";
    EXPECT_EQ(decode(extensions + "0\r\n\r\n", 4096), std::nullopt);
    std::string trailers;
    for (int i = 0; i < 20; ++i) trailers += "A: " + std::string(600, 'a') + "\r\n";
    EXPECT_EQ(decode("0\r\n" + trailers + "\r\n", 4096), std::nullopt);
}

}  // namespace
}  // namespace domicile::http
