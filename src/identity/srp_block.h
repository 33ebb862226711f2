// What the home needs to judge the answer to an SRP challenge, sealed into SECRET_BLOCK so that no
// state is kept between the two calls. It can be answered again until it expires: clients repeat an
// answer that failed for another reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "crypto/srp.h"

namespace domicile::identity {

struct SrpBlock {
    std::string pool, client_id;
    std::string username;  // whose verifier is meant
    std::string srp_name;  // USER_ID_FOR_SRP
    std::string a_hex;     // the client's SRP_A as sent
    std::string b;         // the server's secret; bytes
    std::string b_hex;     // SRP_B
    std::int64_t expires_ms = 0;
    std::optional<std::string> device_key;  // as the client gave it, if it can be one
    bool custom = false;                    // of CUSTOM_AUTH: the application's challenges follow
};

std::string encode_srp_block(const SrpBlock& block);
Result<SrpBlock> decode_srp_block(std::string_view text);

// "Wed Mar 4 05:06:07 UTC 2026": English, UTC, the day without a leading zero. malformed otherwise.
Result<Timestamp> parse_srp_timestamp(std::string_view text);
std::string to_srp_timestamp(Timestamp time);

// One exchange, and the client's proof that it has what fits the verifier.
struct SrpExchange {
    std::string group;  // the pool, or a device's group
    std::string name;   // USER_ID_FOR_SRP, or a device's key
    std::string a_hex, b, b_hex;
};
struct SrpProof {
    std::string secret_block, timestamp, signature;  // as sent
};
// Takes milliseconds: off the reactor.
Result<bool> proof_fits(const crypto::SrpVerifier& verifier, const SrpExchange& exchange,
                        const SrpProof& proof);
// Whether the client's clock is near enough to ours.
bool is_near(std::string_view srp_timestamp, Timestamp now);

}  // namespace domicile::identity
