// The server name of a TLS ClientHello, which decides to which region the front passes a
// connection. The answer never changes as more bytes come: a beginning is either not enough or says
// what the whole says; and the name is in the bytes.
#include <string>

#include "base/encoding.h"
#include "fuzz.h"
#include "io/tls.h"

namespace domicile::fuzz {
namespace {

// How the name is spread over records differs, so that it is looked for in what they carry.
bool carries(std::string_view input, const std::string& name) {
    std::string message;
    while (input.size() >= 5) {
        const std::size_t size =
            static_cast<unsigned char>(input[3]) * 256u + static_cast<unsigned char>(input[4]);
        message += input.substr(5, size);
        input.remove_prefix(std::min(input.size(), 5 + size));
    }
    return to_lower(message).find(name) != std::string::npos;
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(client_hello) {
    using namespace domicile;
    using namespace domicile::fuzz;
    const auto whole = io::client_hello_server_name(input);
    if (whole) {
        DOMICILE_CHECK(!whole->empty() && whole->size() <= 255);
        DOMICILE_CHECK(carries(input, *whole));
    }
    Cuts cuts(input, 2);
    for (std::size_t size = 0; size < input.size(); size += cuts.next(input.size() - size)) {
        const auto part = io::client_hello_server_name(input.substr(0, size));
        const bool more = !part && part.error().code == Code::unavailable;
        DOMICILE_CHECK(more || part == whole);
    }
}
