#include "http/parser.h"

#include <cstring>

#include "base/encoding.h"
#include "http/characters.h"

namespace domicile::http {

namespace {

std::unexpected<ParseError> bad(std::string_view message, int status = 400) {
    return std::unexpected(ParseError{status, message});
}

// Cuts the next line off `rest`, which consists of whole CRLF lines. HeadScanner saw to it that
// each LF follows a CR; a CR elsewhere is left in the line and fails the character checks.
std::string_view cut_line(std::string_view& rest) {
    const auto* lf = static_cast<const char*>(std::memchr(rest.data(), '\n', rest.size()));
    const std::size_t size = lf - rest.data();
    const std::string_view line = rest.substr(0, size - 1);
    rest.remove_prefix(size + 1);
    return line;
}

std::string_view trim_blanks(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// Calls `each` with every member of a comma-separated list that is not empty.
template <class F>
void for_each_member(std::string_view list, F each) {
    while (true) {
        const std::size_t comma = list.find(',');
        const std::string_view member = trim_blanks(list.substr(0, comma));
        if (!member.empty()) each(member);
        if (comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

// The fields that decide about framing, the same for requests and responses.
struct FramingFields {
    std::optional<std::uint64_t> length;
    bool chunked = false;
    bool close = false;
    bool keep_alive = false;
    int hosts = 0;
    std::string_view host;
    std::optional<std::string_view> expect;
};

Parsed<void> note_length(std::string_view value, FramingFields& fields) {
    if (fields.length) return bad("Several Content-Length fields.");
    if (value.empty() || !is_all(value, kDigit)) {
        return bad("Content-Length is not a decimal number.");
    }
    if (value.size() > 19) return bad("Content-Length has too many digits.");
    std::uint64_t length = 0;
    for (const char c : value) length = length * 10 + static_cast<std::uint64_t>(c - '0');
    fields.length = length;
    return {};
}

Parsed<void> note_field(std::string_view name, std::string_view value, FramingFields& fields) {
    switch (name.size()) {
        case 4:
            if (!equals_ignore_case(name, "host")) break;
            ++fields.hosts;
            fields.host = value;
            break;
        case 6:
            if (!equals_ignore_case(name, "expect")) break;
            if (fields.expect) return bad("Several Expect fields.", 417);
            fields.expect = value;
            break;
        case 10:
            if (!equals_ignore_case(name, "connection")) break;
            for_each_member(value, [&fields](std::string_view member) {
                if (equals_ignore_case(member, "close")) fields.close = true;
                if (equals_ignore_case(member, "keep-alive")) fields.keep_alive = true;
            });
            break;
        case 14:
            if (equals_ignore_case(name, "content-length")) return note_length(value, fields);
            break;
        case 17:
            if (!equals_ignore_case(name, "transfer-encoding")) break;
            if (fields.chunked) return bad("Several Transfer-Encoding fields.");
            if (!equals_ignore_case(value, "chunked")) {
                return bad("The only transfer coding that is understood is chunked.", 501);
            }
            fields.chunked = true;
            break;
        default:
            break;
    }
    return {};
}

std::unexpected<ParseError> bad_field(std::string_view line, std::string_view message) {
    if (line.front() == ' ' || line.front() == '\t') return bad("A header field is folded.");
    if (line.front() == ':') return bad("A header field has no name.");
    return bad(message);
}

Parsed<void> parse_field(std::string_view line, Headers& into, FramingFields& fields) {
    const auto* colon = static_cast<const char*>(std::memchr(line.data(), ':', line.size()));
    if (colon == nullptr) return bad_field(line, "A header line has no colon.");
    const std::string_view name = line.substr(0, colon - line.data());
    // Blanks are no token characters, which refuses obs-fold and a blank before the colon.
    if (!is_token(name)) {
        return bad_field(line, "A header name holds a character that is not allowed.");
    }
    const std::string_view value = trim_blanks(line.substr(name.size() + 1));
    if (!is_field_value(value)) return bad("A header value holds a control character.");
    into.add({name, value, true});
    return note_field(name, value, fields);
}

// `rest` is the head after its first line, with the empty line at its end.
Parsed<FramingFields> parse_fields(std::string_view rest, const HeadLimits& limits, Headers& into) {
    FramingFields fields;
    into.clear();
    while (true) {
        const std::string_view line = cut_line(rest);
        if (line.empty()) break;
        if (into.size() == limits.headers_max) return bad("Too many header fields.", 431);
        if (auto done = parse_field(line, into, fields); !done) {
            return std::unexpected(done.error());
        }
    }
    if (fields.chunked && fields.length) {
        return bad("Both Content-Length and Transfer-Encoding are present.");
    }
    return fields;
}

// 0 and 1 for HTTP/1.0 and HTTP/1.1.
Parsed<int> parse_version(std::string_view text) {
    if (text == "HTTP/1.1") return 1;
    if (text == "HTTP/1.0") return 0;
    const bool shape = text.size() == 8 && text.starts_with("HTTP/") && text[6] == '.' &&
                       is_all(text.substr(5, 1), kDigit) && is_all(text.substr(7, 1), kDigit);
    if (shape) return bad("Only HTTP/1.0 and HTTP/1.1 are spoken here.", 505);
    return bad("The HTTP version is malformed.");
}

Parsed<void> parse_target(std::string_view target, std::string_view method, RequestHead& into) {
    into.target = target;
    // Whatever its target looks like: what follows a CONNECT is not HTTP to whoever knows it.
    if (method == "CONNECT") return bad("No tunnels are made here.", 501);
    if (target == "*" && method == "OPTIONS") {
        into.path = target;
        into.query = {};
        return {};
    }
    if (target.empty() || target[0] != '/') return bad("The target must be in origin form.");
    const std::size_t mark = target.find('?');
    into.path = target.substr(0, mark);
    into.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
    if (!is_all(into.path, kPath) || !is_all(into.query, kQuery)) {
        return bad("The target holds a character that is not allowed.");
    }
    return {};
}

bool is_ipv6_literal(std::string_view text) {
    if (text.size() < 4 || text.size() > 47 || text.front() != '[' || text.back() != ']') {
        return false;
    }
    const std::string_view inner = text.substr(1, text.size() - 2);
    return inner.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

// The Host field: a registered name, IPv4 or [IPv6] address, and perhaps a port.
Parsed<std::string_view> parse_host(std::string_view value) {
    constexpr std::size_t kNameMax = 255;
    std::string_view host = value;
    const std::size_t colon = value.rfind(':');
    if (colon != std::string_view::npos && value.back() != ']') {
        const std::string_view port = value.substr(colon + 1);
        host = value.substr(0, colon);
        if (port.empty() || port.size() > 5 || !is_all(port, kDigit)) {
            return bad("The port in Host is malformed.");
        }
    }
    const bool name = !host.empty() && host.size() <= kNameMax && is_all(host, kHost);
    if (!name && !is_ipv6_literal(host)) return bad("Host is malformed.");
    return host;
}

bool stays_open(int minor, const FramingFields& fields) {
    if (fields.close) return false;
    return minor == 1 || fields.keep_alive;
}

Parsed<Framing> request_framing(int minor, const FramingFields& fields) {
    if (fields.chunked && minor == 0) return bad("HTTP/1.0 has no transfer codings.");
    Framing framing;
    framing.keep_alive = stays_open(minor, fields);
    if (fields.chunked) {
        framing.body = BodyKind::chunked;
    } else if (fields.length.value_or(0) > 0) {
        framing.body = BodyKind::length;
        framing.length = *fields.length;
    }
    if (fields.expect) {
        if (!equals_ignore_case(*fields.expect, "100-continue")) {
            return bad("The expectation cannot be met.", 417);
        }
        framing.expects_continue = minor == 1 && framing.body != BodyKind::none;
    }
    return framing;
}

Parsed<int> parse_request_line(std::string_view line, const HeadLimits& limits, RequestHead& into) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return bad("The request line is malformed.");
    }
    into.method = line.substr(0, first);
    if (!is_token(into.method)) return bad("The method is malformed.");
    const std::string_view target = line.substr(first + 1, last - first - 1);
    if (target.size() > limits.target_bytes_max) return bad("The target is too long.", 414);
    auto minor = parse_version(line.substr(last + 1));
    if (!minor) return minor;
    if (auto done = parse_target(target, into.method, into); !done) {
        return std::unexpected(done.error());
    }
    return minor;
}

// Responses map every refusal to 502, since it is the upstream that is at fault.
std::unexpected<ParseError> bad_response(std::string_view message) { return bad(message, 502); }

// "HTTP/1.1 200 OK"; the reason may be empty, the blank before it may not be missing (RFC 9112, 4).
Parsed<int> parse_status_line(std::string_view line, ReceivedResponse& into) {
    if (line.size() < 13 || line[8] != ' ' || line[12] != ' ') {
        return bad_response("The status line is malformed.");
    }
    auto minor = parse_version(line.substr(0, 8));
    if (!minor) return bad_response("The version of the response is not HTTP/1.0 or HTTP/1.1.");
    const std::string_view digits = line.substr(9, 3);
    if (!is_all(digits, kDigit) || digits[0] < '1' || digits[0] > '5') {
        return bad_response("The status code is malformed.");
    }
    if (!is_field_value(line.substr(13))) return bad_response("The reason phrase is malformed.");
    into.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
    return minor;
}

// RFC 9110, 5.6.4, but without quoted-pair: parsers disagree on where such a string ends. Cuts it
// off `rest`, which starts with the quote.
bool cut_quoted(std::string_view& rest) {
    const std::size_t end = rest.find('"', 1);
    if (end == std::string_view::npos) return false;
    const std::string_view inner = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    return is_field_value(inner) && inner.find('\\') == std::string_view::npos;
}

bool cut_token(std::string_view& rest) {
    std::size_t size = 0;
    while (size < rest.size() && is_all(rest.substr(size, 1), kToken)) ++size;
    rest.remove_prefix(size);
    return size > 0;
}

// ";name", ";name=token" and ";name="text"", any number of them, no blanks between (RFC 9112,
// 7.1.1, where blanks are there to be tolerated).
bool is_chunk_extensions(std::string_view rest) {
    while (!rest.empty()) {
        if (rest[0] != ';') return false;
        rest.remove_prefix(1);
        if (!cut_token(rest)) return false;
        if (!rest.starts_with('=')) continue;
        rest.remove_prefix(1);
        if (rest.starts_with('"') ? !cut_quoted(rest) : !cut_token(rest)) return false;
    }
    return true;
}

// Fields that decide where a message ends or goes are never of use behind it (RFC 9110, 6.5.1); a
// party that heeds them there would read another message than we do.
bool may_be_trailer(std::string_view name) {
    for (const std::string_view refused :
         {"te", "host", "expect", "trailer", "upgrade", "connection", "keep-alive",
          "content-length", "transfer-encoding", "proxy-connection"}) {
        if (equals_ignore_case(name, refused)) return false;
    }
    return is_token(name);
}

}  // namespace

Parsed<std::optional<std::size_t>> HeadScanner::scan(std::string_view bytes,
                                                     const HeadLimits& limits) {
    while (scanned_ < bytes.size()) {
        const auto* lf = static_cast<const char*>(
            std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_));
        if (lf == nullptr) {
            scanned_ = bytes.size();
            break;
        }
        const std::size_t at = lf - bytes.data();
        if (at == line_start_ || bytes[at - 1] != '\r') return bad("A line ends in a bare LF.");
        const bool empty = at - line_start_ == 1;
        scanned_ = at + 1;
        if (empty && line_start_ == 0) return bad("The message starts with an empty line.");
        if (empty) {
            if (scanned_ > limits.bytes_max) return bad("The head is too large.", 431);
            return scanned_;
        }
        line_start_ = scanned_;
    }
    if (bytes.size() < limits.bytes_max) return std::nullopt;
    if (line_start_ == 0) return bad("The target is too long.", 414);
    return bad("The head is too large.", 431);
}

Parsed<Framing> parse_request(std::string_view head, const HeadLimits& limits, RequestHead& into) {
    std::string_view rest = head;
    const auto minor = parse_request_line(cut_line(rest), limits, into);
    if (!minor) return std::unexpected(minor.error());
    into.http10 = *minor == 0;
    const auto fields = parse_fields(rest, limits, into.headers);
    if (!fields) return std::unexpected(fields.error());
    into.host = {};
    if (fields->hosts > 1) return bad("Several Host fields.");
    if (fields->hosts == 0 && *minor == 1) return bad("Host is missing.");
    if (fields->hosts == 1) {
        const auto host = parse_host(fields->host);
        if (!host) return std::unexpected(host.error());
        into.host = *host;
    }
    return request_framing(*minor, *fields);
}

Parsed<Framing> parse_response(std::string_view head, const HeadLimits& limits, bool to_head,
                               ReceivedResponse& into) {
    std::string_view rest = head;
    const auto minor = parse_status_line(cut_line(rest), into);
    if (!minor) return std::unexpected(minor.error());
    const auto fields = parse_fields(rest, limits, into.headers);
    if (!fields) return bad_response(fields.error().message);
    if (fields->chunked && *minor == 0) return bad_response("HTTP/1.0 has no transfer codings.");
    Framing framing;
    framing.keep_alive = stays_open(*minor, *fields);
    framing.length = fields->length.value_or(0);
    const bool bodiless = to_head || into.status < 200 || into.status == 204 || into.status == 304;
    if (bodiless) {
        framing.body = BodyKind::none;
    } else if (fields->chunked) {
        framing.body = BodyKind::chunked;
    } else if (fields->length) {
        framing.body = *fields->length > 0 ? BodyKind::length : BodyKind::none;
    } else {
        framing.body = BodyKind::until_close;
        framing.keep_alive = false;
    }
    return framing;
}

ChunkedDecoder::Step ChunkedDecoder::next(std::string_view input) {
    std::size_t consumed = 0;
    while (true) {
        Step step = advance(input.substr(consumed));
        const std::size_t used = step.consumed;
        step.consumed += consumed;
        // A line that gives no data by itself may be followed by some.
        if (step.status != Step::need_more || used == 0) return step;
        consumed = step.consumed;
    }
}

ChunkedDecoder::Step ChunkedDecoder::advance(std::string_view input) {
    if (state_ == State::done) return {.status = Step::end};
    if (input.empty()) return {};
    if (state_ == State::data) {
        const std::size_t size = std::min<std::uint64_t>(left_, input.size());
        left_ -= size;
        if (left_ == 0) state_ = State::data_end;
        return {.status = Step::piece, .consumed = size, .data = input.substr(0, size)};
    }
    const std::size_t most = state_ == State::trailer ? kTrailerLineMax : kLineMax;
    const std::size_t lf = input.substr(0, most).find('\n');
    if (lf == std::string_view::npos) {
        return {.status = input.size() < most ? Step::need_more : Step::bad};
    }
    if (lf == 0 || input[lf - 1] != '\r') return {.status = Step::bad};
    Step step = line(input.substr(0, lf - 1));
    step.consumed = lf + 1;
    return step;
}

ChunkedDecoder::Step ChunkedDecoder::line(std::string_view line) {
    if (state_ == State::size) return size_line(line);
    if (state_ == State::trailer) return trailer_line(line);
    state_ = State::size;  // after the data of a chunk
    return {.status = line.empty() ? Step::need_more : Step::bad};
}

ChunkedDecoder::Step ChunkedDecoder::size_line(std::string_view line) {
    constexpr std::size_t kDigitsMax = 15;  // 60 bits: no overflow, also of sums
    std::uint64_t size = 0;
    std::size_t digits = 0;
    for (; digits < line.size(); ++digits) {
        const char c = line[digits];
        const char lower = static_cast<char>(c | 0x20);
        if (c >= '0' && c <= '9') {
            size = size * 16 + static_cast<std::uint64_t>(c - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            size = size * 16 + static_cast<std::uint64_t>(lower - 'a' + 10);
        } else {
            break;
        }
        if (digits == kDigitsMax) return {.status = Step::bad};
    }
    const std::string_view extension = line.substr(digits);
    discarded_ += extension.size();
    if (digits == 0 || !is_chunk_extensions(extension) || discarded_ > kDiscardMax) {
        return {.status = Step::bad};
    }
    left_ = size;
    state_ = size > 0 ? State::data : State::trailer;
    return {};
}

ChunkedDecoder::Step ChunkedDecoder::trailer_line(std::string_view line) {
    if (line.empty()) {
        state_ = State::done;
        return {.status = Step::end};
    }
    discarded_ += line.size();
    const std::size_t colon = line.find(':');
    const bool well_formed = colon != std::string_view::npos &&
                             may_be_trailer(line.substr(0, colon)) &&
                             is_field_value(line.substr(colon + 1));
    if (!well_formed || discarded_ > kDiscardMax) return {.status = Step::bad};
    trailers_.append(line) += '\n';
    return {};
}

std::optional<std::string_view> ChunkedDecoder::trailer(std::string_view name) const {
    if (state_ != State::done) return std::nullopt;
    std::string_view rest = trailers_;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size() + 1);
        const std::size_t colon = line.find(':');
        if (equals_ignore_case(line.substr(0, colon), name))
            return trim_blanks(line.substr(colon + 1));
    }
    return std::nullopt;
}

}  // namespace domicile::http
