// What authenticators answer. CBOR that is taken is exactly what the encoder writes of it again, so
// it has one reading; authenticator data keeps its bounds; no bytes make a passkey or a sign-in but
// with the challenge, the relying party and the origin that were asked for, and a signature of
// nobody's key never fits.
#include <algorithm>
#include <string>

#include "base/check.h"
#include "base/encoding.h"
#include "base/json.h"
#include "crypto/hash.h"
#include "fuzz.h"
#include "webauthn/authenticator_data.h"
#include "webauthn/cbor.h"
#include "webauthn/ceremony.h"
#include "webauthn/response.h"

namespace domicile::fuzz {
namespace {

using webauthn::cbor::Kind;
using webauthn::cbor::Value;

// The generator of the curve: nothing in the corpus is signed with its private key, which is 1.
constexpr const char* kKey =
    "a5010203262001215820"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "225820"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

void write_head(unsigned major, std::uint64_t argument, std::string& into) {
    int size = 0;
    if (argument >= 24) size = 1;
    if (argument > 0xff) size = 2;
    if (argument > 0xffff) size = 4;
    if (argument > 0xffffffff) size = 8;
    const unsigned low = size == 0   ? static_cast<unsigned>(argument)
                         : size == 1 ? 24
                         : size == 2 ? 25
                         : size == 4 ? 26
                                     : 27;
    into += static_cast<char>(major << 5 | low);
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
        into += static_cast<char>(argument >> shift);
    }
}

void write(const Value& value, std::string& into) {
    switch (value.kind) {
        case Kind::integer:
            if (value.number >= 0)
                return write_head(0, static_cast<std::uint64_t>(value.number), into);
            return write_head(1, static_cast<std::uint64_t>(-1 - value.number), into);
        case Kind::bytes:
        case Kind::text:
            write_head(value.kind == Kind::bytes ? 2 : 3, value.bytes.size(), into);
            into += value.bytes;
            return;
        case Kind::array:
            write_head(4, value.items.size(), into);
            break;
        case Kind::map:
            write_head(5, value.items.size() / 2, into);
            break;
        case Kind::boolean:
            into += static_cast<char>(value.number != 0 ? 0xf5 : 0xf4);
            return;
        case Kind::null:
            into += static_cast<char>(0xf6);
            return;
    }
    for (const Value& item : value.items) write(item, into);
}

void check_cbor(std::string_view input) {
    std::string_view rest = input;
    const auto value = webauthn::cbor::take(rest);
    if (!value) return;
    std::string again;
    write(*value, again);
    DOMICILE_CHECK(again == input.substr(0, input.size() - rest.size()));
    DOMICILE_CHECK(webauthn::cbor::decode(input).has_value() == rest.empty());
}

void check_data(std::string_view input) {
    const auto data = webauthn::read_authenticator_data(input);
    if (!data) return;
    DOMICILE_CHECK(data->rp_id_hash.size() == 32 && input.starts_with(data->rp_id_hash));
    if (!data->credential) return;
    DOMICILE_CHECK(data->credential->id.size() - 1 < webauthn::kCredentialIdBytesMax);
    DOMICILE_CHECK(webauthn::cbor::decode(data->credential->public_key));
}

void check_client_data(std::string_view json, const char* type, const webauthn::Expected& asked) {
    const auto data = webauthn::read_client_data(json);
    DOMICILE_CHECK(data && data->type == type && data->challenge == asked.challenge);
    DOMICILE_CHECK(!data->cross_origin &&
                   webauthn::is_origin_of(data->origin, asked.relying_party_id));
}

void check_answers(std::string_view input) {
    const webauthn::Expected asked{"challenge of the registration", "localhost", {}, false};
    if (const auto made = webauthn::read_registration_response(input)) {
        DOMICILE_CHECK(made->transports.size() <= 8);
        if (const auto taken = webauthn::verify_registration(*made, asked)) {
            check_client_data(made->client_data, "webauthn.create", asked);
            DOMICILE_CHECK(taken->credential.id == made->id);
        }
    }
    if (const auto used = webauthn::read_assertion_response(input)) {
        const std::string key = from_hex(kKey).value_or("");
        DOMICILE_CHECK(!webauthn::verify_assertion(*used, asked, key));
    }
}

}  // namespace

FUZZ_TARGET(webauthn) {
    check_cbor(input);
    check_data(input);
    check_answers(input);
}

}  // namespace domicile::fuzz
