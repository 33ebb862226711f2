#include "keyring/keyring.h"

#include "base/check.h"
#include "base/format_version.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/key_wrap.h"
#include "io/files.h"
#include "sql/remembered.h"

namespace domicile::keyring {
namespace {

constexpr std::size_t kCachedKeysMax = 50'000;

std::unexpected<Error> no_key() {
    return fail(Code::not_found, "The subject has no data key in this region.");
}

std::string wrap_context(const std::string& subject) { return "subject:" + subject; }

}  // namespace

std::string DataKey::seal(std::string_view context, std::string_view plaintext) const {
    return crypto::seal_with_nonce(key_, random_->bytes(crypto::kAeadNonceSize), context,
                                   plaintext);
}

Result<std::string> DataKey::open(std::string_view context, std::string_view sealed) const {
    return crypto::open_with_nonce(key_, context, sealed);
}

struct Keyring::Impl {
    sql::Database& database;
    io::Random& random;
    std::string master;
    sql::Remembered<std::string> keys;  // subject -> key in clear, memory only

    io::Task<Result<std::string>> load(std::string subject);
};

Keyring::Keyring(sql::Database& database, io::Random& random, std::string master)
    : impl_(new Impl{database, random, std::move(master), {database, kCachedKeysMax}}) {
    DOMICILE_CHECK(impl_->master.size() == crypto::kDataKeySize);
}

Keyring::~Keyring() = default;

sql::Component Keyring::schema() {
    std::vector<std::string> steps;
    steps.emplace_back(
        "CREATE TABLE keyring_subjects (subject TEXT PRIMARY KEY, wrapped BYTEA NOT NULL)");
    steps.emplace_back("CREATE TABLE keyring_marks (name TEXT PRIMARY KEY, mark BYTEA NOT NULL)");
    return {"keyring", std::move(steps)};
}

io::Task<Result<void>> Keyring::open() {
    sql::Component own = schema();
    CO_TRY_VOID(co_await impl_->database.migrate(std::move(own.name), std::move(own.steps)));
    co_return co_await confirm("master.key", impl_->master);
}

// A mark tells secrets apart and says nothing else of them.
io::Task<Result<void>> Keyring::confirm(std::string name, std::string secret) {
    const std::string mark = crypto::hkdf_sha256(secret, "mark:" + name, 16);
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"INSERT INTO keyring_marks (name, mark) VALUES ($1, $2) "
         "ON CONFLICT (name) DO NOTHING",
         {name, sql::Blob{mark}}});
    batch.push_back({"SELECT mark FROM keyring_marks WHERE name = $1", {name}});
    CO_TRY(auto held, co_await impl_->database.write(std::move(batch)));
    if (held[1].rows.size() == 1 && held[1].rows[0].bytes(0) == mark) co_return Result<void>();
    co_return fail(Code::failed_precondition,
                   "This " + name +
                       " is not the one that the region's data was written under. Restore it from "
                       "your copy; every node of a region has the same.",
                   kReasonSecretMissing);
}

DataKey Keyring::region_key(std::string_view purpose) const {
    return DataKey(crypto::hkdf_sha256(impl_->master, "key:" + std::string(purpose), 32),
                   impl_->random);
}

std::string Keyring::region_secret(std::string_view purpose) const {
    return crypto::hkdf_sha256(impl_->master, "secret:" + std::string(purpose), 32);
}

io::Task<Result<std::string>> Keyring::Impl::load(std::string subject) {
    const std::uint64_t since = keys.changes();
    std::vector<sql::Statement> batch;
    batch.push_back({"SELECT wrapped FROM keyring_subjects WHERE subject = $1", {subject}});
    CO_TRY(auto found, co_await database.read(std::move(batch)));
    if (found[0].rows.empty()) co_return no_key();
    CO_TRY(std::string key,
           crypto::unwrap_key(master, wrap_context(subject), found[0].rows[0].bytes(0)));
    keys.remember(subject, key, since);
    co_return key;
}

io::Task<Result<DataKey>> Keyring::find(std::string subject) {
    if (auto key = impl_->keys.find(subject)) co_return DataKey(std::move(*key), impl_->random);
    CO_TRY(std::string key, co_await impl_->load(std::move(subject)));
    co_return DataKey(std::move(key), impl_->random);
}

io::Task<Result<DataKey>> Keyring::create(std::string subject) {
    if (auto key = impl_->keys.find(subject)) co_return DataKey(std::move(*key), impl_->random);
    const std::string fresh = impl_->random.bytes(crypto::kDataKeySize);
    sql::Blob wrapped{crypto::wrap_key(impl_->master, wrap_context(subject), fresh)};
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"INSERT INTO keyring_subjects (subject, wrapped) VALUES ($1, $2) "
         "ON CONFLICT (subject) DO NOTHING",
         {subject, std::move(wrapped)}});
    CO_TRY_VOID(co_await impl_->database.write(std::move(batch)));
    // Reads back what won, should two have been made at once.
    co_return co_await find(std::move(subject));
}

io::Task<Result<void>> Keyring::destroy(std::string subject) {
    std::vector<sql::Statement> batch;
    batch.push_back({"DELETE FROM keyring_subjects WHERE subject = $1", {subject}});
    CO_TRY_VOID(co_await impl_->database.write(std::move(batch)));
    impl_->keys.forget(subject);
    co_return Result<void>();
}

Result<std::string> load_or_create_master_key(const std::string& path) {
    io::Files& files = io::system_files();
    auto found = files.read(path, 4096);
    if (found) return secret_of(path, std::move(*found));
    if (found.error().code != Code::not_found) return found;
    // Two nodes may start at once: who comes second takes what is there.
    const std::string fresh = io::system_random().bytes(crypto::kDataKeySize);
    const std::string draft = path + ".new." + std::to_string(io::system_random().number());
    {
        TRY(const auto file, files.create(draft));
        TRY_VOID(file->append(fresh));
        TRY_VOID(file->sync());
    }
    const Result<void> made = files.publish(draft, path);
    if (made) return fresh;
    TRY_VOID(files.remove(draft));
    if (made.error().code != Code::already_exists) return std::unexpected(made.error());
    TRY(std::string theirs, files.read(path, 4096));
    return secret_of(path, std::move(theirs));
}

}  // namespace domicile::keyring
