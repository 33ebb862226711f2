// Values that a client keeps and brings back (SECRET_BLOCK, refresh tokens). The home seals them
// and writes its region id in clear in front, so that any region can send them where they belong
// without being able to read them. The region id is authenticated by the home's key: it belongs to
// the sealed context. The id tells nothing about whether a person exists, since decoys have one
// too.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "keyring/keyring.h"

namespace domicile::identity {

// What a region is called in values of people whom no other region is asked about (ADR 0033), where
// nothing else with them tells so: no region has this name, and their own knows it.
std::string name_at_home(std::string_view region);

// `purpose` is the sealing context, e.g. "refresh_token".
std::string seal_refresh_token(const keyring::DataKey& key, std::string_view region,
                               std::string_view plaintext);  // "<region>.<base64url>"
Result<std::string> open_refresh_token(const keyring::DataKey& key, std::string_view region,
                                       std::string_view token);
// The region in clear; malformed when there is none. Not yet proven.
Result<std::string> region_of_refresh_token(std::string_view token);

// The same form for what a client brings back with the answer to a challenge that follows another.
// `region` may be what name_at_home() says, and opens as what it is.
std::string seal_session(const keyring::DataKey& key, std::string_view region,
                         std::string_view plaintext);
Result<std::string> open_session(const keyring::DataKey& key, std::string_view region,
                                 std::string_view session);
Result<std::string> region_of_session(std::string_view session);

// And for what a browser keeps of a sign-in.
std::string seal_browser_session(const keyring::DataKey& key, std::string_view region,
                                 std::string_view plaintext);
Result<std::string> open_browser_session(const keyring::DataKey& key, std::string_view region,
                                         std::string_view session);

// Standard base64 of: one byte with the region's length, the region, the sealed bytes. The
// plaintext is padded, so that blocks of known and unknown people have one length.
std::string seal_secret_block(const keyring::DataKey& key, std::string_view region,
                              std::string_view plaintext);
Result<std::string> open_secret_block(const keyring::DataKey& key, std::string_view region,
                                      std::string_view block);
Result<std::string> region_of_secret_block(std::string_view block);

}  // namespace domicile::identity
