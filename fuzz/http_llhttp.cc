// Two opinions on one stream of requests: ours and llhttp's. Requests are smuggled through a chain
// of servers that read the same bytes differently, so:
//
// - what we accept, llhttp accepts and reads as the same message with the same end;
// - what we refuse, llhttp may accept only for one of the reasons in kStricter.
//
// fuzz/README.md has the list of differences with their reasons.
#include <algorithm>
#include <array>
#include <cstdio>
#include <regex>

#include "http_transcript.h"
#include "llhttp_reader.h"

namespace domicile::fuzz {
namespace {

// Never reached by inputs of the size that is tried: limits are no difference of grammar.
constexpr http::HeadLimits kNoLimits{
    .bytes_max = 1 << 20, .target_bytes_max = 1 << 20, .headers_max = 1 << 16};

// What we refuse and llhttp need not; fuzz/README.md says why.
constexpr std::array kStricter = std::to_array<std::string_view>({
    "No tunnels are made here.",
    "The target must be in origin form.",
    "The target holds a character that is not allowed.",
    "A line ends in a bare LF.",
    "The request line is malformed.",
    "Only HTTP/1.0 and HTTP/1.1 are spoken here.",
    "A header field is folded.",
    "A header field has no name.",
    "Host is missing.",
    "Several Host fields.",
    "Host is malformed.",
    "The port in Host is malformed.",
    "Several Expect fields.",
    "The expectation cannot be met.",
    "Content-Length has too many digits.",
    "HTTP/1.0 has no transfer codings.",
    "The only transfer coding that is understood is chunked.",
    "Several Transfer-Encoding fields.",
    "A line of the chunked coding is too long.",
    "A chunk size has too many digits.",
    "A chunk extension is malformed.",
    "A trailer decides about framing.",
});

// llhttp knows a closed list of methods, we take any token.
bool knows_method(std::string_view method) {
    constexpr std::array<std::string_view, 33> kMethods = {
        "DELETE",   "GET",        "HEAD",     "POST",   "PUT",       "OPTIONS",     "TRACE",
        "COPY",     "LOCK",       "MKCOL",    "MOVE",   "PROPFIND",  "PROPPATCH",   "SEARCH",
        "UNLOCK",   "BIND",       "REBIND",   "UNBIND", "ACL",       "REPORT",      "MKACTIVITY",
        "CHECKOUT", "MERGE",      "M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "PATCH",
        "PURGE",    "MKCALENDAR", "LINK",     "UNLINK", "SOURCE"};
    return std::ranges::find(kMethods, method) != kMethods.end();
}

// RFC 9112, 7.1.1, without the blanks that it tolerates, and without quoted-pairs: where such a
// string ends is read differently.
bool is_plain_extension(std::string_view extension) {
    static const std::regex plain(
        R"re((;[-!#$%&'*+.^_`|~0-9A-Za-z]+(=([-!#$%&'*+.^_`|~0-9A-Za-z]+|"[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]*"))?)*)re");
    return std::regex_match(extension.begin(), extension.end(), plain);
}

bool is_framing_field(std::string_view name) {
    constexpr std::array<std::string_view, 10> kNames = {
        "te",         "host",       "expect",         "trailer",           "upgrade",
        "connection", "keep-alive", "content-length", "transfer-encoding", "proxy-connection"};
    return std::ranges::any_of(kNames, [&](auto x) { return equals_ignore_case(x, name); });
}

// What is wrong with the line that the decoder of chunks refused, which does not say so itself.
std::string_view chunk_fault(std::string_view rest) {
    const auto lf = rest.substr(0, http::ChunkedDecoder::kLineMax).find('\n');
    if (lf == rest.npos) return "A line of the chunked coding is too long.";
    if (lf == 0 || rest[lf - 1] != '\r') return "A line ends in a bare LF.";
    const std::string_view line = rest.substr(0, lf - 1);
    const auto digits = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
    if (digits > 15) return "A chunk size has too many digits.";
    const std::string_view extension = line.substr(digits);
    if (digits > 0 && extension.starts_with(';') && !is_plain_extension(extension)) {
        return "A chunk extension is malformed.";
    }
    if (line.starts_with(' ') || line.starts_with('\t')) return "A header field is folded.";
    if (line.starts_with(':')) return "A header field has no name.";
    if (is_framing_field(line.substr(0, line.find(':')))) return "A trailer decides about framing.";
    return "The chunked coding is malformed.";
}

// What begins with the line that this decoder is going to refuse.
std::string_view from_refused_line(http::ChunkedDecoder decoder, std::string_view rest) {
    for (;;) {
        const std::size_t size = std::min(rest.find('\n'), rest.size() - 1) + 1;
        const auto step = decoder.next(rest.substr(0, size));
        if (step.status == step.bad || step.consumed == 0) return rest;
        rest.remove_prefix(step.consumed);
    }
}

struct OurMessage {
    http::RequestHead head;
    http::Framing framing;
    std::string body;
    std::size_t end = 0;
};

// The stream as a server of ours would read it.
class OurReader {
  public:
    explicit OurReader(std::string_view input) : input_(input), rest_(input) {}

    // nullopt at the end of what can be read; `refusal` says whether and why it was refused.
    std::optional<OurMessage> next() {
        http::HeadScanner scanner;
        const auto size = scanner.scan(rest_, kNoLimits);
        if (!size) return refuse(size.error().message);
        if (!*size) return std::nullopt;
        OurMessage out;
        const auto framing = http::parse_request(rest_.substr(0, **size), kNoLimits, out.head);
        if (!framing) return refuse(framing.error().message);
        out.framing = *framing;
        rest_.remove_prefix(**size);
        if (!read_body(out)) return std::nullopt;
        out.end = input_.size() - rest_.size();
        return out;
    }
    std::string_view refusal;

  private:
    std::nullopt_t refuse(std::string_view why) {
        refusal = why;
        return std::nullopt;
    }

    bool read_body(OurMessage& out) {
        if (out.framing.body == http::BodyKind::length) {
            if (out.framing.length > rest_.size()) return false;
            out.body = rest_.substr(0, out.framing.length);
            rest_.remove_prefix(out.framing.length);
        }
        if (out.framing.body != http::BodyKind::chunked) return true;
        http::ChunkedDecoder decoder;
        for (;;) {
            const http::ChunkedDecoder before = decoder;
            const auto step = decoder.next(rest_);
            if (step.status == step.bad) refusal = chunk_fault(from_refused_line(before, rest_));
            out.body += step.data;
            rest_.remove_prefix(step.consumed);
            if (step.status == step.bad || step.status == step.need_more) return false;
            if (step.status == step.end) return true;
        }
    }

    std::string_view input_;
    std::string_view rest_;
};

bool same(const OurMessage& ours, const LlhttpMessage& theirs) {
    if (!theirs.complete || ours.end != theirs.end) return false;
    if (ours.head.method != theirs.method || ours.head.target != theirs.target) return false;
    if (ours.head.http10 != (theirs.minor == 0)) return false;
    // Of close beside keep-alive in HTTP/1.0, llhttp follows keep-alive. Closing is never wrong.
    if (ours.framing.keep_alive && !theirs.keep_alive) return false;
    // llhttp leaves blanks at the end of a value to its user.
    return ours.body == theirs.body &&
           std::ranges::equal(ours.head.headers, theirs.headers, [](const auto& a, const auto& b) {
               return a.name == b.first && a.value == trim(b.second);
           });
}

void explain(const char* what, std::string_view detail) {
    std::fprintf(stderr, "difference: %s: %.*s\n", what, static_cast<int>(detail.size()),
                 detail.data());
}

// `field` is in small letters, with its colon.
bool has_tab_in(std::string_view field, std::string_view message) {
    while (!message.empty()) {
        const std::string_view line = message.substr(0, message.find('\n'));
        const bool is_it = equals_ignore_case(line.substr(0, field.size()), field);
        if (is_it && line.find('\t') != line.npos) return true;
        message.remove_prefix(std::min(line.size() + 1, message.size()));
    }
    return false;
}

// llhttp 8.1 refuses a tab behind a Content-Length or a Transfer-Encoding, does not know the
// options of Connection beside one, and refuses a chunk extension that follows one with an unquoted
// value ("5;a=b;c"). RFC 9110, 5.5 and RFC 9112 allow all of it.
bool is_known_defect(std::string_view message, const LlhttpReading& theirs, std::size_t index) {
    if (index < theirs.messages.size() && theirs.messages[index].complete) {
        return !theirs.messages[index].keep_alive && has_tab_in("connection:", message);
    }
    if (theirs.reason == "Invalid character in Content-Length") {
        return has_tab_in("content-length:", message);
    }
    if (theirs.reason == "Request has invalid `Transfer-Encoding`") {
        return has_tab_in("transfer-encoding:", message);
    }
    if (theirs.reason != "Invalid character in chunk size") return false;
    for (auto equals = message.find('='); equals != message.npos;
         equals = message.find('=', equals + 1)) {
        const auto stop = message.find_first_of(";\r", equals);
        if (stop != message.npos && message[stop] == ';') return true;
    }
    return false;
}

// A folded line in the head. llhttp joins it to the one before, so that it may accept what we
// refuse for the line before alone: an empty Content-Length that goes on with " 5".
bool has_fold(std::string_view message) {
    while (!message.empty()) {
        const std::string_view line = message.substr(0, message.find('\n'));
        if (line.empty() || line == "\r") return false;
        message.remove_prefix(std::min(line.size() + 1, message.size()));
        if (message.starts_with(' ') || message.starts_with('\t')) return true;
    }
    return false;
}

// llhttp speaks the other protocols that borrowed HTTP's first line.
bool is_other_protocol(std::string_view message) {
    const std::string_view line = message.substr(0, message.find('\r'));
    return line.find(" RTSP/") != line.npos || line.find(" ICE/") != line.npos;
}

void check_refusal(std::string_view refusal, std::string_view rest, const LlhttpReading& theirs,
                   std::size_t index) {
    if (refusal.empty() || std::ranges::find(kStricter, refusal) != kStricter.end()) return;
    // llhttp skips empty lines, and CR and LF by themselves, before a request.
    if (rest[0] == '\r' || rest[0] == '\n') return;
    if (has_fold(rest)) return;
    if (refusal == "The HTTP version is malformed." && is_other_protocol(rest)) return;
    // A line without a version is a request of HTTP/0.9 to llhttp.
    const bool complete = index < theirs.messages.size() && theirs.messages[index].complete &&
                          theirs.messages[index].major == 1;
    if (complete) explain("only we refuse", refusal);
    DOMICILE_CHECK(!complete);
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(http_llhttp) {
    using namespace domicile::fuzz;
    const LlhttpReading theirs = read_with_llhttp(input);
    OurReader reader(input);
    std::size_t begin = 0;
    for (std::size_t index = 0;; ++index) {
        const auto ours = reader.next();
        if (!ours) return check_refusal(reader.refusal, input.substr(begin), theirs, index);
        if (!knows_method(ours->head.method)) return;
        const bool agreed = index < theirs.messages.size() && same(*ours, theirs.messages[index]);
        if (!agreed && is_known_defect(input.substr(begin, ours->end - begin), theirs, index))
            return;
        if (!agreed) explain("only we accept, or read it differently", theirs.reason);
        DOMICILE_CHECK(agreed);
        if (!ours->framing.keep_alive) return;
        begin = ours->end;
    }
}
