#include "identity/devices.h"

#include <algorithm>

#include "base/encoding.h"
#include "identity/device_types.h"

namespace domicile::identity {
namespace {

struct Sealed {
    std::string group, salt, verifier;  // salt and verifier in hex
    std::optional<std::string> name;
    bool remembered = false;
    std::int64_t created = 0, modified = 0, authenticated = 0;
};
BOOST_DESCRIBE_STRUCT(Sealed, (),
                      (group, salt, verifier, name, remembered, created, modified, authenticated))

std::string context(const std::string& sub, const std::string& id) {
    return "identity_devices.sealed:" + sub + ":" + id;
}

Result<Device> read_device(const std::string& text) {
    TRY(const json::value stored, parse_json(text));
    TRY(Sealed sealed, from_message<Sealed>(stored));
    Device out;
    out.group = std::move(sealed.group);
    out.name = std::move(sealed.name);
    out.srp = {std::move(sealed.salt), from_hex(sealed.verifier).value_or("")};
    out.remembered = sealed.remembered;
    out.created = Timestamp{sealed.created};
    out.modified = Timestamp{sealed.modified};
    out.authenticated = Timestamp{sealed.authenticated};
    return out;
}

}  // namespace

std::unexpected<Error> unknown_device() {
    return fail(Code::not_found, "Device does not exist.", reason::kUnknownDevice);
}

std::vector<std::string> Devices::schema() {
    return {
        "CREATE TABLE identity_devices (sub TEXT NOT NULL, id TEXT NOT NULL, "
        "sealed BYTEA NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (sub, id))",
        "ALTER TABLE identity_sessions ADD COLUMN device TEXT NOT NULL DEFAULT ''"};
}

io::Task<Result<std::vector<Device>>> Devices::read(std::string sub, sql::Statement query) {
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(query));
    CO_TRY(const auto found, co_await database_.read(std::move(batch)));
    std::vector<Device> out;
    if (found[0].rows.empty()) co_return out;
    CO_TRY(const keyring::DataKey key, co_await keyring_.find(sub));
    for (const sql::Row& row : found[0].rows) {
        std::string id = row.text(0);
        CO_TRY(const std::string text, key.open(context(sub, id), row.bytes(1)));
        CO_TRY(Device device, read_device(text));
        device.id = std::move(id);
        device.version = row.integer(2);
        out.push_back(std::move(device));
    }
    co_return out;
}

io::Task<Result<std::optional<Device>>> Devices::find(std::string sub, std::string id) {
    sql::Statement query{
        "SELECT id, sealed, version FROM identity_devices WHERE sub = $1 AND id = $2",
        {sub, std::move(id)}};
    CO_TRY(auto found, co_await read(std::move(sub), std::move(query)));
    if (found.empty()) co_return std::optional<Device>();
    co_return std::optional<Device>(std::move(found.front()));
}

io::Task<Result<std::vector<Device>>> Devices::list(std::string sub, std::string after,
                                                    std::int64_t limit) {
    sql::Statement query{
        "SELECT id, sealed, version FROM identity_devices WHERE sub = $1 AND id > $2 "
        "ORDER BY id LIMIT $3",
        {sub, std::move(after), limit}};
    co_return co_await read(std::move(sub), std::move(query));
}

io::Task<Result<sql::Blob>> Devices::sealed(std::string sub, const Device device) {
    CO_TRY(const keyring::DataKey key, co_await keyring_.find(sub));
    const Sealed plain{device.group,       device.srp.salt_hex,    to_hex(device.srp.verifier),
                       device.name,        device.remembered,      device.created.ms,
                       device.modified.ms, device.authenticated.ms};
    co_return sql::Blob{key.seal(context(sub, device.id), json::serialize(to_message(plain)))};
}

io::Task<Result<void>> Devices::add(std::string sub, Device device) {
    CO_TRY(std::vector<Device> there, co_await list(sub, "", kDevicesMax + 1));
    std::ranges::sort(there, {}, &Device::authenticated);  // the one that rested longest first
    std::vector<sql::Statement> batch;
    // Holds the person's row, so that whoever removes them, or adds another, comes before or after.
    batch.push_back({"UPDATE identity_users SET version = version WHERE sub = $1", {sub}, 1});
    for (std::size_t at = 0; at + kDevicesMax <= there.size(); ++at) {
        batch.push_back(removal(sub, there[at].id));
    }
    std::string id = device.id;
    CO_TRY(sql::Blob blob, co_await sealed(sub, std::move(device)));
    batch.push_back(
        {"SELECT sub FROM identity_users WHERE sub = $1 AND "
         "(SELECT COUNT(*) FROM identity_devices WHERE sub = $1) < $2",
         {sub, kDevicesMax},
         1});
    batch.push_back(
        {"INSERT INTO identity_devices (sub, id, sealed, version) VALUES ($1, $2, $3, 1) "
         "ON CONFLICT (sub, id) DO NOTHING",
         {sub, std::move(id), std::move(blob)},
         1});
    CO_TRY_VOID(co_await database_.write(std::move(batch)));
    co_return Result<void>();
}

io::Task<Result<sql::Statement>> Devices::replacement(std::string sub, Device device, bool has_to) {
    std::string id = device.id;
    const std::int64_t version = device.version;
    CO_TRY(sql::Blob blob, co_await sealed(sub, std::move(device)));
    sql::Statement out{
        "UPDATE identity_devices SET sealed = $3, version = version + 1 "
        "WHERE sub = $1 AND id = $2 AND version = $4",
        {std::move(sub), std::move(id), std::move(blob), version}};
    if (has_to) out.expect_rows = 1;
    co_return out;
}

io::Task<Result<sql::Statement>> Devices::use(std::string sub, Device device) {
    device.authenticated = clock_.now();
    co_return co_await replacement(std::move(sub), std::move(device), false);
}

sql::Statement Devices::removal(const std::string& sub, const std::string& id) {
    return {"DELETE FROM identity_devices WHERE sub = $1 AND id = $2", {sub, id}};
}

}  // namespace domicile::identity
