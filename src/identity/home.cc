#include "identity/home.h"

#include "identity/addresses.h"
#include "identity/routable.h"
#include "identity/validation.h"

namespace domicile::identity {
namespace {

constexpr Millis kMailsKept{7 * 24 * 3'600'000LL};
constexpr Millis kMailLifetime{24 * 3'600'000LL};

constexpr AttemptLimiter::Options kDecoyTries{.first_delay = Millis(24 * 3'600'000),
                                              .delay_max = Millis(24 * 3'600'000),
                                              .forget_after = Millis(48 * 3'600'000)};

// Two sessions of honest mistakes are free.
constexpr AttemptLimiter::Options kFactorTries{.free_failures = 10};

// One at once, the next after an hour, then two: at most once a day.
constexpr AttemptLimiter::Options kNotices{.free_failures = 1,
                                           .first_delay = Millis(3'600'000),
                                           .delay_max = Millis(24 * 3'600'000),
                                           .forget_after = Millis(48 * 3'600'000)};

// An intent of a run that lives is still being worked on.
directory::ClaimsOptions claims_options(const nodes::Nodes* nodes) {
    directory::ClaimsOptions out;
    if (nodes == nullptr) return out;
    out.run = nodes->run();
    out.lives = [nodes](std::string_view run) { return nodes->lives(run); };
    return out;
}

}  // namespace

Result<ClientOfPool> find_client(const config::Config& config, std::string_view client_id) {
    for (const config::Pool& pool : config.pools) {
        if (const config::Client* client = pool.find_client(client_id)) {
            return ClientOfPool{&pool, client};
        }
    }
    return fail(Code::not_found,
                "User pool client " + std::string(client_id.substr(0, 128)) + " does not exist.",
                reason::kUnknownClient);
}

Result<const config::Pool*> find_pool(const config::Config& config, std::string_view id_suffix) {
    for (const config::Pool& pool : config.pools) {
        if (pool.id_suffix == id_suffix) return &pool;
    }
    return fail(Code::not_found,
                "User pool " + std::string(id_suffix.substr(0, 64)) + " does not exist.",
                reason::kUnknownPool);
}

bool stands_alone(const config::Config& config, std::string_view id_suffix) {
    const auto pool = find_pool(config, id_suffix);
    return pool && (*pool)->stands_alone();
}

residency::HomeChoice home_for(const residency::Policy& policy, const config::Pool& pool,
                               const Attributes& attributes, const std::string& region) {
    residency::SignUp facts;
    facts.arrival = region;
    const auto country = attributes.find(pool.country_attribute);
    const bool says = country != attributes.end() && !country->second.empty();
    if (says && !pool.stands_alone()) facts.country = country->second;
    return residency::choose_home(policy, facts);
}

Result<void> check_flow(const config::Client& client, config::AuthFlow flow, const char* name) {
    if (client.allows(flow)) return {};
    return fail(Code::invalid_argument, std::string(name) + " flow not enabled for this client",
                reason::kFlowNotEnabled);
}

CodeDelivery delivery_to(const Address& address) {
    const bool by_text = address.medium == Medium::sms;
    return {attribute_of(address.medium), by_text ? "SMS" : "EMAIL",
            by_text ? mask_number(address.value) : mask_destination(address.value)};
}

Home::Home(Parts parts)
    : p_(std::move(parts)),
      users_(p_.database, p_.keyring, p_.clock),
      region_keys_(p_.database, p_.clock,
                   {p_.region, {1, p_.keyring.region_secret("identity.region_keys")}}),
      claims_(p_.directory, region_keys_, p_.database, p_.clock, p_.random, users_,
              claims_options(p_.nodes)),
      sessions_(p_.database, p_.clock, p_.verifier),
      outbox_(p_.database, p_.keyring),
      courier_(
          p_.database, outbox_, p_.clock, p_.nodes,
          [config = p_.config] { return config->mail.outbox; }, p_.mail),
      texts_(
          p_.database, outbox_, p_.clock, p_.nodes,
          [config = p_.config] { return config->mail.outbox; }, text_options()),
      signer_(p_.database, p_.keyring, p_.clock, p_.random),
      codes_(p_.database, p_.keyring, p_.clock, p_.random),
      groups_(p_.database, p_.keyring, p_.clock, p_.random),
      authenticators_(p_.database, p_.keyring),
      challenges_(p_.database, p_.keyring, p_.clock, p_.random, p_.region,
                  [this](const std::string& pool) { return name_in(pool); }),
      devices_(p_.database, p_.keyring, p_.clock),
      passkeys_(p_.database, p_.keyring),
      authorization_codes_(p_.database, p_.keyring, p_.clock, p_.random, p_.region),
      attempts_(p_.database, p_.clock, "attempt"),
      resends_(p_.database, p_.clock, "resend"),
      resets_(p_.database, p_.clock, "reset"),
      address_mails_(p_.database, p_.clock, "address"),
      factor_tries_(p_.database, p_.clock, "factor", kFactorTries),
      sign_in_mails_(p_.database, p_.clock, "sign_in_mail"),
      mailed_tries_(p_.database, p_.clock, "mailed_code", kFactorTries),
      custom_tries_(p_.database, p_.clock, "custom", kFactorTries),
      notices_sent_(p_.database, p_.clock, "notice", kNotices),
      decoy_tries_(p_.database, p_.clock, "decoy", kDecoyTries),
      block_key_(p_.keyring.region_key("identity.secret_block")),
      refresh_key_(p_.keyring.region_key("identity.refresh_token")),
      session_key_(p_.keyring.region_key("identity.session")),
      page_key_(p_.keyring.region_key("identity.page_token")),
      browser_key_(p_.keyring.region_key("identity.browser_session")),
      choice_key_(p_.keyring.region_key("identity.choice")),
      custom_key_(p_.keyring.region_key("identity.custom_auth")),
      device_block_key_(p_.keyring.region_key("identity.device_block")),
      decoy_secret_(p_.keyring.region_secret("identity.decoy")),
      device_group_secret_(p_.keyring.region_secret("identity.device_group")),
      notices_([this](AddressNotice notice) { return pass_on(std::move(notice)); }) {}

io::Task<Result<void>> Home::open() {
    CO_TRY_VOID(co_await users_.migrate());
    CO_TRY_VOID(co_await authorization_codes_.open());
    CO_TRY_VOID(co_await claims_.open());
    CO_TRY_VOID(co_await check_residency());
    CO_TRY_VOID(co_await courier_.open());
    CO_TRY_VOID(co_await signer_.open());
    CO_TRY_VOID(co_await sessions_.load());
    // A directory that is out of reach must not keep the region from serving (I7); the background
    // task tries again.
    auto done = co_await upkeep();
    if (!done && done.error().code != Code::unavailable) co_return done;
    co_return Result<void>();
}

// Any one of a pool's people stands for all of them, since this is asked at every start.
io::Task<Result<void>> Home::check_residency() {
    for (const config::Pool& pool : p_.config->pools) {
        std::vector<sql::Statement> batch;
        batch.push_back(
            {"SELECT c.keeper FROM identity_users u JOIN claim_intents c "
             "ON c.claim_id = u.claim_id WHERE u.pool = $1 LIMIT 1",
             {pool.id_suffix}});
        CO_TRY(const auto found, co_await p_.database.read(std::move(batch)));
        if (found[0].rows.empty()) continue;
        const auto kept = static_cast<directory::Keeper>(found[0].rows[0].integer(0));
        if ((kept == directory::Keeper::region) == pool.stands_alone()) continue;
        const std::string was = pool.stands_alone() ? "directory" : "triggers";
        co_return fail(Code::failed_precondition,
                       "pools." + pool.name + ".residency: the pool has people of `residency: " +
                           was + "` here, and none of them can be changed to the other.");
    }
    co_return Result<void>();
}

const directory::KeyKeeper& Home::keeper_of(const std::string& pool) const {
    if (stands_alone(p_.config, pool)) return region_keys_;
    return p_.directory;
}
directory::KeyKeeper& Home::keeper_of(const std::string& pool) {
    if (stands_alone(p_.config, pool)) return region_keys_;
    return p_.directory;
}

std::string Home::name_in(const std::string& pool) const {
    return stands_alone(p_.config, pool) ? name_at_home(p_.region) : p_.region;
}

io::Task<Result<directory::ClaimHandle>> Home::begin_claim(std::vector<directory::SubjectKey> keys,
                                                           std::string pool) {
    const bool own = stands_alone(p_.config, pool);
    return claims_.begin(std::move(keys), std::move(pool),
                         own ? directory::Keeper::region : directory::Keeper::directory);
}

io::Task<Result<void>> Home::upkeep() {
    if (p_.nodes != nullptr && !p_.nodes->sweeps()) co_return Result<void>();
    CO_TRY_VOID(co_await sweep());
    CO_TRY_VOID(co_await claims_.replay());
    const auto expired = co_await claims_.expire();
    CO_TRY_VOID(co_await users_.destroy_keys());
    CO_TRY_VOID(expired);
    co_return Result<void>();
}

io::Task<Result<void>> Home::sweep() {
    if (p_.nodes == nullptr || !p_.database.shared()) co_return Result<void>();
    std::vector<sql::Statement> batch = p_.nodes->fence();
    batch.push_back(Attempts::sweep(p_.clock.now()));
    CO_TRY_VOID(co_await p_.database.write(std::move(batch)));
    co_return Result<void>();
}

io::Task<Result<std::vector<sql::Statement>>> Home::mailing(std::string sub, Mail mail) {
    Courier& courier = courier_of(mail.medium());
    CO_TRY_VOID(courier.check_room());
    const Timestamp now = p_.clock.now();
    mail.id = p_.random.uuid();
    mail.sent_at = now;
    if (mail.expires == Timestamp{}) mail.expires = now + kMailLifetime;
    std::vector<sql::Statement> out = courier.queueing(mail.id, mail.expires);
    out.push_back(Outbox::drop_before(now - kMailsKept));
    CO_TRY(sql::Statement insertion, co_await outbox_.insertion(std::move(sub), std::move(mail)));
    out.push_back(std::move(insertion));
    co_return out;
}

io::Task<Result<sql::BatchResult>> Home::write_changes(std::vector<sql::Statement> batch) {
    auto done = co_await p_.database.write(std::move(batch));
    if (!done && done.error().code == Code::conflict) {
        co_return fail(Code::resource_exhausted, "Something else changed it at the same time.");
    }
    co_return done;
}

TokenSubject Home::token_subject(const UserRow& row, const config::Client& client) const {
    TokenSubject out;
    out.sub = row.sub;
    out.username = row.username;
    out.pool = row.pool;
    out.region = p_.region;
    out.client_id = client.id;
    out.epoch = row.epoch;
    for (const auto& attribute : row.attributes) {
        if (client.reads(attribute.first)) out.attributes.insert(attribute);
    }
    return out;
}

}  // namespace domicile::identity
