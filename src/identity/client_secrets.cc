#include "identity/client_secrets.h"

#include "base/encoding.h"
#include "crypto/hash.h"
#include "identity/types.h"
#include "io/executor.h"

namespace domicile::identity {
namespace {

constexpr std::size_t kSecretBytesMax = 1024;

std::unexpected<Error> missing(const std::string& client_id) {
    return fail(Code::unauthenticated,
                "Client " + client_id + " is configured for secret but secret was not received",
                reason::kClientSecret);
}

std::unexpected<Error> wrong(const std::string& client_id) {
    return fail(Code::unauthenticated, "Unable to verify secret hash for client " + client_id,
                reason::kClientSecret);
}

std::string hash_of(const std::string& secret, const std::string& username,
                    const std::string& client_id) {
    return to_base64(crypto::hmac_sha256(secret, username + client_id));
}

}  // namespace

const config::Client* ClientSecrets::find(const std::string& client_id) const {
    for (const config::Pool& pool : config_->pools) {
        if (const config::Client* client = pool.find_client(client_id)) return client;
    }
    return nullptr;
}

io::Task<Result<Redacted<std::string>>> ClientSecrets::secret_of(
    const config::Client* client) const {
    std::string path = *client->secret_file;
    if (!path.starts_with('/')) path = directory_ + '/' + path;
    auto work = [files = &files_, path = std::move(path)]() -> Result<std::string> {
        return files->read(path, kSecretBytesMax);
    };
    Result<std::string> text = co_await io::run_blocking(std::move(work));
    if (!text && text.error().code == Code::resource_exhausted) {
        co_return std::unexpected(text.error());
    }
    if (text && text->ends_with('\n')) text->pop_back();
    if (!text || text->empty()) {
        co_return fail(Code::unavailable, "The secret of the client cannot be read.");
    }
    co_return Redacted(std::move(*text));
}

io::Task<Result<void>> ClientSecrets::check(std::string client_id, Proof proof,
                                            std::string username, std::string sub) const {
    const config::Client* client = find(client_id);
    if (client == nullptr) co_return Result<void>();
    if (!client->secret_file) {
        if (proof.hash || proof.secret) co_return wrong(client_id);
        co_return Result<void>();
    }
    if (!proof.hash && !proof.secret) co_return missing(client_id);
    CO_TRY(const Redacted<std::string> secret, co_await secret_of(client));
    const std::string& own = secret.expose();
    if (proof.secret && !crypto::constant_time_equal(*proof.secret, own)) {
        co_return wrong(client_id);
    }
    if (proof.hash) {
        const bool by_name =
            crypto::constant_time_equal(*proof.hash, hash_of(own, username, client_id));
        const bool by_sub = crypto::constant_time_equal(*proof.hash, hash_of(own, sub, client_id));
        if (!by_name && !by_sub) co_return wrong(client_id);
    }
    co_return Result<void>();
}

io::Task<Result<void>> ClientSecrets::check_hash(std::string client_id, std::string username,
                                                 std::optional<std::string> hash) const {
    Proof proof{std::move(hash), std::nullopt};
    return check(std::move(client_id), std::move(proof), username, username);
}

io::Task<Result<void>> ClientSecrets::check_secret(std::string client_id,
                                                   std::optional<std::string> secret) const {
    Proof proof{std::nullopt, std::move(secret)};
    return check(std::move(client_id), std::move(proof), "", "");
}

}  // namespace domicile::identity
