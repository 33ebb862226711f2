#include "webauthn/authenticator_data.h"

#include "webauthn/cbor.h"

namespace domicile::webauthn {
namespace {

constexpr std::size_t kHashBytes = 32, kAaguidBytes = 16;
constexpr std::uint8_t kUserPresent = 0x01, kUserVerified = 0x04, kBackupEligible = 0x08,
                       kBackedUp = 0x10, kHasCredential = 0x40, kHasExtensions = 0x80;

std::unexpected<Error> broken() {
    return fail(Code::malformed, "The authenticator data is not valid.");
}

// The next `size` bytes, or false.
bool take(std::string_view& rest, std::size_t size, std::string_view& into) {
    if (rest.size() < size) return false;
    into = rest.substr(0, size);
    rest.remove_prefix(size);
    return true;
}

std::uint32_t big_endian(std::string_view bytes) {
    std::uint32_t out = 0;
    for (const char c : bytes) out = (out << 8) | static_cast<std::uint8_t>(c);
    return out;
}

Result<AttestedCredential> read_credential(std::string_view& rest) {
    std::string_view aaguid, size, id;
    if (!take(rest, kAaguidBytes, aaguid) || !take(rest, 2, size)) return broken();
    const std::size_t length = big_endian(size);
    if (length == 0 || length > kCredentialIdBytesMax || !take(rest, length, id)) return broken();
    const std::string_view from = rest;
    TRY(const cbor::Value key, cbor::take(rest));
    if (key.kind != cbor::Kind::map) return broken();
    return AttestedCredential{std::string(aaguid), std::string(id),
                              std::string(from.substr(0, from.size() - rest.size()))};
}

}  // namespace

Result<AuthenticatorData> read_authenticator_data(std::string_view bytes) {
    std::string_view rest = bytes, hash, flag_byte, counter;
    if (!take(rest, kHashBytes, hash) || !take(rest, 1, flag_byte) || !take(rest, 4, counter)) {
        return broken();
    }
    const auto flags = static_cast<std::uint8_t>(flag_byte.front());
    AuthenticatorData out;
    out.rp_id_hash = hash;
    out.user_present = (flags & kUserPresent) != 0;
    out.user_verified = (flags & kUserVerified) != 0;
    out.backup_eligible = (flags & kBackupEligible) != 0;
    out.backed_up = (flags & kBackedUp) != 0;
    out.counter = big_endian(counter);
    if ((flags & kHasCredential) != 0) {
        TRY(out.credential, read_credential(rest));
    }
    if ((flags & kHasExtensions) != 0) {
        TRY(const cbor::Value extensions, cbor::take(rest));
        if (extensions.kind != cbor::Kind::map) return broken();
    }
    if (!rest.empty()) return broken();
    return out;
}

}  // namespace domicile::webauthn
