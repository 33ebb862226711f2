#include "telemetry/access_log.h"

#include <arpa/inet.h>

#include <boost/json.hpp>
#include <charconv>
#include <cstring>

#include "telemetry/hex.h"

namespace domicile::telemetry {
namespace {

constexpr std::size_t kLineBytes = 2048;  // a longer line, of a very long route, is left out

std::string quoted(std::string_view text) {
    return boost::json::serialize(boost::json::string(text));
}

// Appends to a buffer on the stack; what does not fit makes it bad.
class Line {
  public:
    Line& text(std::string_view piece) {
        if (piece.size() > sizeof bytes_ - size_) return bad_ = true, *this;
        std::memcpy(bytes_ + size_, piece.data(), piece.size());
        size_ += piece.size();
        return *this;
    }
    Line& number(std::uint64_t value) {
        const auto end = std::to_chars(bytes_ + size_, bytes_ + sizeof bytes_, value);
        if (end.ec != std::errc()) return bad_ = true, *this;
        size_ = static_cast<std::size_t>(end.ptr - bytes_);
        return *this;
    }
    // `digits` of them, with zeros in front.
    Line& padded(std::uint64_t value, std::size_t digits) {
        if (digits > sizeof bytes_ - size_) return bad_ = true, *this;
        for (std::size_t i = digits; i > 0; value /= 10, --i)
            bytes_[size_ + i - 1] = static_cast<char>('0' + value % 10);
        size_ += digits;
        return *this;
    }
    template <std::size_t N>
    Line& hex(const std::array<std::uint8_t, N>& id) {
        if (2 * N > sizeof bytes_ - size_) return bad_ = true, *this;
        write_hex(id, bytes_ + size_);
        size_ += 2 * N;
        return *this;
    }
    Line& uuid(const std::array<std::uint8_t, 16>& id) {
        char digits[32];
        write_hex(id, digits);
        const std::string_view all(digits, sizeof digits);
        text(all.substr(0, 8)).text("-").text(all.substr(8, 4)).text("-");
        return text(all.substr(12, 4))
            .text("-")
            .text(all.substr(16, 4))
            .text("-")
            .text(all.substr(20));
    }
    std::string_view view() const {
        return bad_ ? std::string_view() : std::string_view(bytes_, size_);
    }

  private:
    char bytes_[kLineBytes];
    std::size_t size_ = 0;
    bool bad_ = false;
};

// RFC 3339 of a time; the part down to the second is kept from one call to the next.
void write_time(Timestamp time, Line& line) {
    thread_local std::int64_t second = -1;
    thread_local std::string text;
    if (time.seconds() != second) {
        second = time.seconds();
        text = to_rfc3339(Timestamp{second * 1000}).substr(0, 19);
    }
    line.text(text).text(".").padded(static_cast<std::uint64_t>(time.ms % 1000), 3).text("Z");
}

}  // namespace

AccessLog::AccessLog(Sink sink, std::string_view region, std::string_view node)
    : sink_(std::move(sink)),
      fixed_(",\"region\":" + quoted(region) + ",\"node\":" + quoted(node) +
             ",\"event\":\"request\",\"listener\":\"") {}

void AccessLog::write(const RequestEnd& end) const {
    const RequestContext& context = RequestContext::current();
    const auto micros =
        static_cast<std::uint64_t>(end.duration.count() < 0 ? 0 : end.duration.count() / 1000);
    Line line;
    line.text("{\"time\":\"");
    write_time(end.time, line);
    line.text("\",\"level\":\"").text(end.status >= 500 || end.status == 0 ? "warning" : "info");
    line.text("\"").text(fixed_).text(end.listener).text("\",").text(end.route.json);
    line.text(",\"method\":\"").text(label_values(Method{})[static_cast<std::size_t>(end.method)]);
    line.text("\",\"status\":").number(static_cast<std::uint64_t>(end.status));
    line.text(",\"duration_ms\":").number(micros / 1000).text(".").padded(micros % 1000, 3);
    line.text(",\"received_bytes\":").number(end.received_bytes);
    line.text(",\"sent_bytes\":").number(end.sent_bytes);
    line.text(",\"request_id\":\"").uuid(context.request_id);
    line.text("\",\"trace_id\":\"").hex(context.trace_id);
    line.text("\",\"span_id\":\"").hex(context.span_id);
    if (!end.network.empty()) line.text("\",\"network\":\"").text(end.network);
    line.text("\"}\n");
    if (!line.view().empty()) sink_(line.view());
}

std::string network_of(std::string_view address) {
    const std::string text(address.substr(0, INET6_ADDRSTRLEN));
    std::array<unsigned char, 16> bytes{};
    std::array<char, INET6_ADDRSTRLEN> out{};
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
        bytes[3] = 0;
        inet_ntop(AF_INET, bytes.data(), out.data(), out.size());
        return std::string(out.data()) + "/24";
    }
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return {};
    constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::memcmp(bytes.data(), kMapped.data(), kMapped.size()) == 0) {
        bytes[15] = 0;
        inet_ntop(AF_INET, bytes.data() + 12, out.data(), out.size());
        return std::string(out.data()) + "/24";
    }
    std::memset(bytes.data() + 6, 0, 10);
    inet_ntop(AF_INET6, bytes.data(), out.data(), out.size());
    return std::string(out.data()) + "/48";
}

}  // namespace domicile::telemetry
