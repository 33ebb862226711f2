#include "identity/key_publisher.h"

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

io::Task<void> KeyPublisher::start(crypto::PublicKey own) {
    own_ = std::make_shared<const crypto::PublicKey>(std::move(own));
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
    directory::KeyRecord record;
    record.region = p_.region;
    record.kid = own_->kid();
    record.jwk = own_->jwk();
    if (p_.sign) {
        CO_TRY(record.signature, p_.sign(record));
    }
    co_return co_await p_.directory.publish_key(std::move(record));
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
    std::vector<TrustedKey> out;
    out.push_back({p_.region, own_->kid(), own_});
    for (const directory::KeyRecord& record : records) {
        if (record.kid == own_->kid() || !p_.verify || !p_.verify(record)) continue;
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

std::string KeyPublisher::own_jwks() const { return key_set({{p_.region, own_->kid(), own_}}); }

std::string KeyPublisher::combined_jwks() const {
    const std::lock_guard lock(mutex_);
    return combined_;
}

}  // namespace domicile::identity
