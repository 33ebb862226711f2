// Devices at sign-in: one that is remembered proves itself by SRP, after whatever else is asked
// for. Whoever is asked has proven the password, so nothing here tells strangers who exists; a
// device that is not this person's is like none.
#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "identity/aliases.h"
#include "identity/home.h"
#include "identity/routable.h"
#include "identity/srp_block.h"
#include "io/executor.h"

namespace domicile::identity {
namespace {

constexpr std::size_t kGroupBytes = 4;

// What the home needs to judge the device's proof, sealed into SECRET_BLOCK.
struct DeviceBlock {
    ChallengeSession session;
    std::string a_hex, b, b_hex;  // b in hex
};
BOOST_DESCRIBE_STRUCT(DeviceBlock, (), (session, a_hex, b, b_hex))

std::unexpected<Error> wrong_proof() {
    return fail(Code::unauthenticated, "Incorrect username or password.",
                reason::kWrongCredentials);
}

Result<DeviceBlock> open_block(const keyring::DataKey& key, const std::string& region,
                               const std::string& sealed) {
    const auto text = open_secret_block(key, region, sealed);
    if (!text) return wrong_proof();
    TRY(const json::value stored, parse_json(*text));
    return from_message<DeviceBlock>(stored);
}

}  // namespace

std::string Home::device_group(const std::string& sub, const std::string& id) const {
    const std::string mac = crypto::hmac_sha256(device_group_secret_, sub + '\0' + id);
    return "-" + to_hex(mac.substr(0, kGroupBytes));
}

bool Home::is_name_of(const UserRow& row, const std::string& username) const {
    if (username == row.sub || username == row.srp_name) return true;
    const std::string index = users_.username_index(row.pool, username);
    const auto is_it = [&](const std::string& name) {
        return index == users_.username_index(row.pool, name);
    };
    const auto pool = pool_of(row);
    return is_it(row.username) || (pool && std::ranges::any_of(aliases_of(**pool, row), is_it));
}

io::Task<Result<std::optional<Device>>> Home::device_of(UserRow row, ClientOfPool client,
                                                        std::optional<std::string> device_key) {
    std::string id;
    if (device_key && client.pool->devices != config::Devices::off) {
        id = device_id(p_.region, *device_key);
    }
    if (id.empty()) co_return std::optional<Device>();
    co_return co_await devices_.find(std::move(row.sub), std::move(id));
}

io::Task<Result<Tokens>> Home::device_factor(UserRow row, ClientOfPool client,
                                             const char* token_source,
                                             std::optional<std::string> device_key) {
    CO_TRY(const auto device, co_await device_of(row, client, device_key));
    if (!device) {
        if (device_key) device_key->clear();
        co_return co_await begin_session(std::move(row), client, token_source,
                                         std::move(device_key));
    }
    if (device->remembered) {
        ChallengeSession session = challenges_.begin(kDeviceSrp, row, client.client->id);
        session.device_key = device_key;
        Challenge asked;
        asked.name = kDeviceSrp;
        asked.session = challenges_.seal(session);
        asked.parameters["USERNAME"] = row.username;
        asked.parameters["DEVICE_KEY"] = *device_key;
        Tokens out;
        out.challenge = std::move(asked);
        co_return out;
    }
    // Known, but asked for no proof and trusted with nothing.
    CO_TRY(sql::Statement used, co_await devices_.use(row.sub, *device));
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(used));
    CO_TRY_VOID(co_await p_.database.write(std::move(batch)));
    co_return co_await begin_session(std::move(row), client, token_source, device->id);
}

io::Task<Result<Tokens>> Home::start_device_srp(DeviceSrpRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    if (!crypto::parse_srp_hex(request.srp_a)) {
        co_return fail(Code::invalid_argument, "SRP_A is not a hexadecimal number.",
                       reason::kSchema);
    }
    CO_TRY(ChallengeSession session, challenges_.open(request.session, kDeviceSrp));
    if (session.client_id != client.client->id) co_return challenge_over();
    CO_TRY(const auto row, co_await users_.find_sub(session.sub));
    CO_TRY_VOID(challenges_.check(session, row));
    if (!is_name_of(*row, request.username)) co_return challenge_over();
    CO_TRY(const auto device, co_await device_of(*row, client, session.device_key));
    if (request.device_key != session.device_key || !device || !device->remembered) {
        co_return unknown_device();
    }
    DeviceBlock block;
    block.session = std::move(session);
    block.a_hex = std::move(request.srp_a);
    const std::string b = p_.random.bytes(crypto::kSrpSecretSize);
    block.b = to_hex(b);
    auto work = [verifier = device->srp, b] { return crypto::server_public(verifier, b); };
    CO_TRY(block.b_hex, co_await run_hashing(std::move(work)));
    Challenge asked;
    asked.name = kDeviceProof;
    asked.session = std::move(request.session);
    asked.parameters["USERNAME"] = row->username;
    asked.parameters["DEVICE_KEY"] = request.device_key;
    asked.parameters["SALT"] = device->srp.salt_hex;
    asked.parameters["SRP_B"] = block.b_hex;
    asked.parameters["SECRET_BLOCK"] =
        seal_secret_block(device_block_key_, p_.region, json::serialize(to_message(block)));
    Tokens out;
    out.challenge = std::move(asked);
    co_return out;
}

io::Task<Result<Tokens>> Home::answer_device_srp(DeviceProofRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    CO_TRY(const DeviceBlock block, open_block(device_block_key_, p_.region, request.secret_block));
    const ChallengeSession& session = block.session;
    if (session.client_id != client.client->id || Timestamp{session.expires_ms} <= p_.clock.now()) {
        co_return challenge_over();
    }
    CO_TRY(auto row, co_await users_.find_sub(session.sub));
    CO_TRY_VOID(challenges_.check(session, row));
    if (!is_name_of(*row, request.username)) co_return challenge_over();
    CO_TRY_VOID(co_await challenges_.count_try(session));
    CO_TRY(const auto device, co_await device_of(*row, client, session.device_key));
    if (request.device_key != session.device_key || !device || !device->remembered) {
        co_return unknown_device();
    }
    // Guesses are delayed with those at codes, over all sessions of a person.
    std::string index = users_.username_index(row->pool, row->username);
    CO_TRY(Attempts::Attempt attempt, co_await factor_tries_.begin(std::move(index)));
    const SrpExchange exchange{device->group, request.device_key, block.a_hex,
                               from_hex(block.b).value_or(""), block.b_hex};
    const SrpProof proof{request.secret_block, request.timestamp, request.signature};
    auto work = [verifier = device->srp, exchange, proof] {
        return proof_fits(verifier, exchange, proof);
    };
    auto fits = co_await run_hashing(std::move(work));
    if (!fits && fits.error().code == Code::resource_exhausted) {
        co_return std::unexpected(fits.error());
    }
    const bool proven = fits && *fits && is_near(request.timestamp, p_.clock.now());
    if (!proven) {
        CO_TRY_VOID(co_await factor_tries_.failed(std::move(attempt)));
        co_return wrong_proof();
    }
    CO_TRY_VOID(co_await factor_tries_.succeeded(std::move(attempt)));
    std::vector<sql::Statement> batch;
    batch.push_back(Challenges::using_up(session));
    CO_TRY(sql::Statement used, co_await devices_.use(row->sub, *device));
    batch.push_back(std::move(used));
    const auto done = co_await p_.database.write(std::move(batch));
    // Another answer in this session was first.
    if (!done && done.error().code == Code::conflict) co_return challenge_over();
    if (!done) co_return std::unexpected(done.error());
    co_return co_await begin_session(std::move(*row), client, kTokensOfDevice, device->id);
}

io::Task<Result<void>> Home::check_device(Session session, ClientOfPool client,
                                          std::optional<std::string> device_key) {
    if (session.device.empty() || client.pool->devices == config::Devices::off) {
        co_return Result<void>();
    }
    CO_TRY(const auto device, co_await devices_.find(session.sub, session.device));
    const bool is_there = device_key && device_id(p_.region, *device_key) == session.device;
    // One that was never confirmed, or was forgotten, is asked for nothing.
    if (!device || is_there) co_return Result<void>();
    co_return fail(Code::unauthenticated, "The refresh token is not accepted.",
                   reason::kRefreshInvalid);
}

}  // namespace domicile::identity
