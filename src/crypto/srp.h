// SRP-6a as Amazon Cognito user pools and their clients do it: RFC 5054's 3072-bit group, g = 2,
// SHA-256. It differs from RFC 5054 in its padding: PAD(n) is the minimal big-endian form with one
// zero byte in front if the top bit is set (Java's BigInteger.toByteArray), never padded to |N|.
// Salt and B are integers to the client, so they are hashed as PAD(int), whatever their text was.
//
// Strings are UTF-8. Integers in and out are hex or big-endian bytes as stated. Everything is
// stateless and thread-safe. A modexp costs milliseconds: callers run these off the reactor.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace domicile::crypto {

inline constexpr std::size_t kSrpSaltSize = 16;
// Bytes for b, and at least that for a: 320 bits, where RFC 7919 (A.2) asks for 275 in this group.
// More would only make a sign-in slower.
inline constexpr std::size_t kSrpSecretSize = 40;
inline constexpr std::size_t kSrpHexMax = 768;  // digits of N; leading zeros may add 2

// What is stored instead of a password.
struct SrpVerifier {
    std::string salt_hex;  // lower case, as it goes on the wire
    std::string verifier;  // v = g^x mod N, minimal big-endian bytes; secret
};

// pool_name is the part of the pool id after '_'; user is USER_ID_FOR_SRP. salt16 is random.
SrpVerifier make_verifier(std::string_view pool_name, std::string_view user,
                          std::string_view password, std::string_view salt16);

// Salts for people who do not exist must not change between two calls, or the difference tells.
// 16 bytes of HMAC under a server key, as hex. `name` is what was typed, normalised.
std::string decoy_salt_hex(std::string_view key, std::string_view name);
// A verifier that no password fits, with that salt, so that an unknown user costs the same work.
SrpVerifier decoy_verifier(std::string_view key, std::string_view name);

// Hex of a non-negative integer as clients send it: no prefix, odd length allowed, both cases, 1 to
// 770 digits. Minimal big-endian bytes (empty for zero). Code::invalid_argument otherwise.
Result<std::string> parse_srp_hex(std::string_view hex);

// Server. b is kSrpSecretSize random bytes, kept (or sealed) until the client's proof arrives.
// B = k*v + g^b mod N, lower-case hex; a table makes that a fourth of a modexp. Code::internal if B
// is zero (choose another b: it cannot happen in practice).
Result<std::string> server_public(const SrpVerifier& verifier, std::string_view b);
// A verifier that a client made, in big-endian bytes: minimal, above 1 and below N.
// Code::invalid_argument otherwise: some of the others fit every proof.
Result<std::string> parse_verifier(std::string_view bytes);
// The 16-byte K. A_hex is the client's SRP_A, B_hex what server_public gave. Code::invalid_argument
// when A is not hex, A mod N = 0, B mod N = 0 or u = 0.
Result<std::string> session_key(const SrpVerifier& verifier, std::string_view A_hex,
                                std::string_view b, std::string_view B_hex);

// 32 raw bytes: HMAC(K, pool_name | user | secret_block | timestamp). The secret block is decoded
// bytes, the timestamp the client's text verbatim. Compare with constant_time_equal.
std::string claim_signature(std::string_view K, std::string_view pool_name, std::string_view user,
                            std::string_view secret_block, std::string_view timestamp);

// Client side, for tests, benches and our own command line. a is at least kSrpSecretSize random
// bytes. The result has no leading zeros, hence perhaps an odd length, as Amplify sends it.
std::string client_public(std::string_view a);
Result<std::string> client_session_key(std::string_view pool_name, std::string_view user,
                                       std::string_view password, std::string_view salt_hex,
                                       std::string_view a, std::string_view B_hex);

}  // namespace domicile::crypto
