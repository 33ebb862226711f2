#include "identity/key_publisher.h"

#include <algorithm>

#include "base/log.h"

namespace domicile::identity {
namespace {

constexpr Millis kReloadInterval{3'000};

std::string key_set(const std::vector<TrustedKey>& keys) {
    json::array list;
    for (const TrustedKey& key : keys) list.push_back(key.key->jwk());
    return json::serialize(json::object{{"keys", std::move(list)}});
}

}  // namespace

io::Task<void> KeyPublisher::start(std::vector<crypto::PublicKey> own) {
    for (crypto::PublicKey& key : own) {
        auto shared = std::make_shared<const crypto::PublicKey>(std::move(key));
        own_.push_back({p_.region, shared->kid(), shared});
    }
    use(trusted({}));
    co_await reload();
    tasks_.spawn(run());
}

io::Task<void> KeyPublisher::stop() {
    stopping_ = true;
    wake_.notify_all();
    const Instant deadline = io::deadline_in(Millis(10'000));
    co_await tasks_.drain(deadline);
}

io::Task<void> KeyPublisher::run() {
    while (!stopping_) {
        const Instant deadline = io::deadline_in(kReloadInterval);
        co_await wake_.wait_until(deadline);
        if (stopping_) break;
        const auto done = co_await reload();
        if (!done) {
            log::warning("signing_keys_not_reloaded", {{"code", to_string(done.error().code)}});
        }
        const auto kept = co_await p_.upkeep();
        if (!kept) {
            log::warning("sign_ups_not_tidied", {{"code", to_string(kept.error().code)}});
        }
    }
}

io::Task<Result<void>> KeyPublisher::publish() {
    for (const TrustedKey& own : own_) {
        directory::KeyRecord record;
        record.region = p_.region;
        record.kid = own.kid;
        record.jwk = own.key->jwk();
        if (p_.sign) {
            CO_TRY(record.signature, p_.sign(record));
        }
        CO_TRY_VOID(co_await p_.directory.publish_key(std::move(record)));
    }
    co_return Result<void>();
}

io::Task<Result<void>> KeyPublisher::reload() {
    if (!published_) {
        CO_TRY_VOID(co_await publish());
        published_ = true;
    }
    CO_TRY(const auto records, co_await p_.directory.keys());
    use(trusted(records));
    co_return Result<void>();
}

std::vector<TrustedKey> KeyPublisher::trusted(
    const std::vector<directory::KeyRecord>& records) const {
    std::vector<TrustedKey> out = own_;
    const auto is_own = [this](const std::string& kid) {
        return std::ranges::any_of(own_, [&](const TrustedKey& own) { return own.kid == kid; });
    };
    for (const directory::KeyRecord& record : records) {
        if (is_own(record.kid) || !p_.verify || !p_.verify(record)) continue;
        auto key = crypto::PublicKey::from_jwk(record.jwk);
        if (!key || key->kid() != record.kid) continue;
        auto shared = std::make_shared<const crypto::PublicKey>(std::move(*key));
        out.push_back({record.region, record.kid, std::move(shared)});
    }
    return out;
}

void KeyPublisher::use(std::vector<TrustedKey> keys) {
    {
        const std::lock_guard lock(mutex_);
        combined_ = key_set(keys);
    }
    p_.verifier.set_keys(std::move(keys));
}

std::string KeyPublisher::own_jwks() const { return key_set(own_); }

std::string KeyPublisher::combined_jwks() const {
    const std::lock_guard lock(mutex_);
    return combined_;
}

}  // namespace domicile::identity
