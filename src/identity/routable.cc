#include "identity/routable.h"

#include "base/check.h"
#include "base/encoding.h"

namespace domicile::identity {
namespace {

constexpr std::size_t kRegionBytesMax = 64;
constexpr std::size_t kBlockPlaintextBytes = 3072;

std::string context(std::string_view what, std::string_view region) {
    return std::string(what) + '\0' + std::string(region);
}

std::unexpected<Error> not_ours() {
    return fail(Code::malformed, "The sealed value does not have its form.");
}

struct Block {
    std::string region, sealed;
};

Result<Block> parse_block(std::string_view text) {
    const auto bytes = from_base64(text);
    if (!bytes || bytes->empty()) return not_ours();
    const auto length = static_cast<unsigned char>(bytes->front());
    if (length == 0 || length > kRegionBytesMax || bytes->size() < 1u + length) return not_ours();
    return Block{bytes->substr(1, length), bytes->substr(1 + length)};
}

std::string seal_named(const char* what, const keyring::DataKey& key, std::string_view region,
                       std::string_view plaintext) {
    return std::string(region) + "." + to_base64url(key.seal(context(what, region), plaintext));
}

Result<std::string> open_named(const char* what, const keyring::DataKey& key,
                               std::string_view region, std::string_view token) {
    TRY(const std::string named, region_of_refresh_token(token));
    const auto sealed = from_base64url(token.substr(named.size() + 1));
    const bool ours = named == region || named == name_at_home(region);
    if (!ours || !sealed) return not_ours();
    return key.open(context(what, named), *sealed);
}

}  // namespace

std::string name_at_home(std::string_view region) { return std::string(region) + '!'; }

std::string seal_refresh_token(const keyring::DataKey& key, std::string_view region,
                               std::string_view plaintext) {
    return seal_named("refresh_token", key, region, plaintext);
}
std::string seal_session(const keyring::DataKey& key, std::string_view region,
                         std::string_view plaintext) {
    return seal_named("session", key, region, plaintext);
}

Result<std::string> region_of_refresh_token(std::string_view token) {
    const auto dot = token.find('.');
    if (dot == 0 || dot == std::string_view::npos || dot > kRegionBytesMax) return not_ours();
    return std::string(token.substr(0, dot));
}

Result<std::string> open_refresh_token(const keyring::DataKey& key, std::string_view region,
                                       std::string_view token) {
    return open_named("refresh_token", key, region, token);
}
Result<std::string> open_session(const keyring::DataKey& key, std::string_view region,
                                 std::string_view session) {
    return open_named("session", key, region, session);
}
std::string seal_browser_session(const keyring::DataKey& key, std::string_view region,
                                 std::string_view plaintext) {
    return seal_named("browser_session", key, region, plaintext);
}
Result<std::string> open_browser_session(const keyring::DataKey& key, std::string_view region,
                                         std::string_view session) {
    return open_named("browser_session", key, region, session);
}
Result<std::string> region_of_session(std::string_view session) {
    return region_of_refresh_token(session);
}

std::string seal_secret_block(const keyring::DataKey& key, std::string_view region,
                              std::string_view plaintext) {
    DOMICILE_CHECK(region.size() <= kRegionBytesMax && plaintext.size() <= kBlockPlaintextBytes);
    std::string padded(plaintext);
    padded.resize(kBlockPlaintextBytes, ' ');
    return to_base64(static_cast<char>(region.size()) + std::string(region) +
                     key.seal(context("secret_block", region), padded));
}

Result<std::string> region_of_secret_block(std::string_view block) {
    // The beginning holds it; the rest is for the region that it names.
    constexpr std::size_t kBeginning = (1 + kRegionBytesMax + 2) / 3 * 4;
    TRY(Block parsed, parse_block(block.substr(0, kBeginning)));
    return std::move(parsed.region);
}

Result<std::string> open_secret_block(const keyring::DataKey& key, std::string_view region,
                                      std::string_view block) {
    TRY(const Block parsed, parse_block(block));
    if (parsed.region != region) return not_ours();
    TRY(std::string padded, key.open(context("secret_block", region), parsed.sealed));
    padded.erase(padded.find_last_not_of(' ') + 1);
    return padded;
}

}  // namespace domicile::identity
