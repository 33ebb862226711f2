// Reads the server name out of a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3) without taking part
// in the handshake, for the front, which passes TLS through.
#include "base/encoding.h"
#include "io/tls.h"

namespace domicile::io {
namespace {

// A cursor over bytes that never reads past the end: `ok` turns false instead.
class Cursor {
  public:
    explicit Cursor(std::string_view bytes) : bytes_(bytes) {}
    bool ok = true;

    std::size_t number(std::size_t width) {
        const std::string_view part = take(width);
        std::size_t value = 0;
        for (unsigned char c : part) value = value << 8 | c;
        return value;
    }
    std::string_view take(std::size_t size) {
        if (size > bytes_.size()) {
            ok = false;
            bytes_ = {};
            return {};
        }
        const std::string_view out = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return out;
    }
    std::string_view vector(std::size_t length_width) { return take(number(length_width)); }
    bool empty() const { return bytes_.empty(); }

  private:
    std::string_view bytes_;
};

std::unexpected<Error> malformed() {
    return fail(Code::malformed, "This is not a TLS ClientHello.");
}

Result<std::string> name_from(std::string_view server_names) {
    Cursor list(Cursor(server_names).vector(2));
    while (list.ok && !list.empty()) {
        const std::size_t type = list.number(1);
        const std::string_view name = list.vector(2);
        if (list.ok && type == 0 && !name.empty() && name.size() <= 255) return to_lower(name);
    }
    return malformed();
}

}  // namespace

Result<std::string> client_hello_server_name(std::string_view bytes) {
    // The handshake message may be spread over several records.
    std::string message;
    for (;;) {
        if (bytes.size() < 5) return fail(Code::unavailable, "More bytes are needed.");
        Cursor record(bytes);
        const std::size_t type = record.number(1), version = record.number(2),
                          size = record.number(2);
        if (type != 22 || version >> 8 != 3 || size == 0 || size > 16384) return malformed();
        const std::string_view fragment = bytes.substr(5, size);
        message += fragment;
        if (message.size() >= 4) {
            const std::size_t length = Cursor(std::string_view(message).substr(1)).number(3);
            if (message[0] != 1 || length > 65536) return malformed();
            if (message.size() >= length + 4) break;
        }
        if (fragment.size() < size || bytes.size() == size + 5) {
            return fail(Code::unavailable, "More bytes are needed.");
        }
        bytes.remove_prefix(size + 5);
    }
    Cursor hello(Cursor(std::string_view(message).substr(1)).vector(3));
    hello.take(2 + 32);  // version, random
    hello.vector(1);     // session id
    hello.vector(2);     // cipher suites
    hello.vector(1);     // compression
    Cursor extensions(hello.vector(2));
    if (!hello.ok) return malformed();
    while (!extensions.empty()) {
        const std::size_t type = extensions.number(2);
        const std::string_view body = extensions.vector(2);
        if (!extensions.ok) return malformed();
        if (type == 0) return name_from(body);
    }
    return fail(Code::not_found, "The ClientHello names no server.");
}

}  // namespace domicile::io
