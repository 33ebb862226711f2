// Sign-up at the home. Order: everything is checked; "sign_up" is in the audit log; the claim
// protocol (directory/claims.h) takes all keys of the person under a fresh claim id; the row goes
// in. From there on the claim and the row change together, and what a crash interrupts is finished
// by Home::upkeep().
#include "base/encoding.h"
#include "crypto/hash.h"
#include "identity/external.h"
#include "identity/home.h"
#include "identity/mail_words.h"
#include "identity/validation.h"
#include "io/executor.h"

namespace domicile::identity {
namespace {

constexpr std::int64_t kCodeTriesMax = 5;
constexpr const char* kMailOfSignUp = "CustomMessage_SignUp";

std::unexpected<Error> user_exists() {
    return fail(Code::already_exists, "User already exists", reason::kUserExists);
}

std::unexpected<Error> wrong_credentials() {
    return fail(Code::unauthenticated, "Incorrect username or password.",
                reason::kWrongCredentials);
}

std::unexpected<Error> code_mismatch() {
    return fail(Code::invalid_argument, "The code does not fit.", reason::kCodeMismatch);
}

std::unexpected<Error> code_expired() {
    return fail(Code::failed_precondition, "The code is used up.", reason::kCodeExpired);
}

// The claim ended, or was confirmed, while this was under way.
bool is_over(const Error& error) {
    return error.code == Code::already_exists || error.reason == directory::kReasonClaimState;
}

std::optional<std::string> value_of(const Attributes& attributes, const std::string& name) {
    const auto found = attributes.find(name);
    if (found == attributes.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

// What the application says it has proven itself. Whoever is confirmed without a word about the
// address has not proven it.
void mark_verified(const PreSignUpAnswer& wanted, Attributes& attributes) {
    if (wanted.verify_email && attributes.contains("email")) {
        attributes["email_verified"] = "true";
    } else if (wanted.confirm) {
        attributes["email_verified"] = "false";
    }
    if (wanted.verify_phone && attributes.contains("phone_number")) {
        attributes["phone_number_verified"] = "true";
    }
}

}  // namespace

std::vector<directory::SubjectKey> Home::keys_of(const UserRow& row) const {
    using Kind = directory::IdentifierKind;
    std::vector<directory::SubjectKey> out;
    const auto add = [&](Kind kind, const std::string& identifier) {
        directory::SubjectKey key = keeper_of(row.pool).key(row.pool, kind, identifier);
        if (std::ranges::find(out, key) == out.end()) out.push_back(std::move(key));
    };
    add(directory::kind_of_username(row.username), row.username);
    // What another provider says only counts where it vouches for it.
    const bool vouched = !row.external || value_of(row.attributes, "email_verified") == "true";
    const auto email = value_of(row.attributes, "email");
    if (email && vouched) add(Kind::email, *email);
    const auto phone = value_of(row.attributes, "phone_number");
    if (phone && !row.external) add(Kind::phone, *phone);
    add(Kind::sub, row.sub);
    return out;
}

io::Task<Result<void>> Home::check_sign_up(ClientOfPool client, SignUpRequest request) {
    const config::Pool* pool = client.pool;
    CO_TRY_VOID(check_username(request.username));
    CO_TRY_VOID(check_own_username(*pool, request.username));
    CO_TRY_VOID(check_attributes(*pool, *client.client, request.attributes));
    CO_TRY_VOID(co_await check_new_password(pool, request.password));
    if (first_address(*pool, request.username, request.attributes).empty()) {
        co_return fail(Code::invalid_argument, "email: The attribute is required",
                       reason::kAttribute);
    }
    // The region that forwarded this may be mistaken, or lying.
    const auto choice = home_for(p_.policy, *pool, request.attributes, p_.region);
    if (choice.home != p_.region) {
        co_return fail(Code::misdirected, "This region is not the home of that country.");
    }
    co_return Result<void>();
}

// A new code, in the row, and the mail or text message that carries it.
io::Task<Result<std::vector<sql::Statement>>> Home::write_code(MailFor what, UserRow& row) {
    const std::string code = random_code(p_.random);
    row.code_mac = users_.code_mac(row.sub, code);
    row.code_expires = p_.clock.now() + Millis(std::int64_t{what.pool->code_hours} * 3'600'000);
    row.code_tries = 0;
    Address to = first_address(*what.pool, row.username, row.attributes);
    row.code_medium = to.medium;
    MailFacts facts{code, row.username, locale_of(row.attributes)};
    CO_TRY(Mail mail, co_await compose(std::move(what), row, std::move(facts), std::move(to)));
    mail.expires = row.code_expires;
    if (row.hidden) {
        notify_owners(row);
        co_return co_await no_mailing(row.sub, std::move(mail));
    }
    co_return co_await mailing(row.sub, std::move(mail));
}

io::Task<Result<SignUpResult>> Home::sign_up(SignUpRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    CO_TRY_VOID(check_room(*client.pool));
    CO_TRY_VOID(co_await check_sign_up(client, request));
    // Before anybody is looked for, so that it says nothing of who exists.
    CO_TRY(const PreSignUpAnswer wanted, co_await before_sign_up(client, request));
    // Who is confirmed at once is let in at once: nothing could be hidden.
    if (!client.pool->reveal_existing && !wanted.confirm) {
        co_return co_await hidden_sign_up(client, std::move(request), wanted);
    }
    CO_TRY(auto row, co_await users_.find(client.pool->id_suffix, request.username));
    if (row) {
        co_return co_await repeat_sign_up(client, std::move(*row), std::move(request), wanted);
    }
    co_return co_await new_sign_up(client, std::move(request), wanted);
}

// SDKs retry, and people come back to a form: the same password makes it the same sign-up.
io::Task<Result<SignUpResult>> Home::repeat_sign_up(ClientOfPool client, UserRow row,
                                                    SignUpRequest request,
                                                    PreSignUpAnswer wanted_of_it) {
    if (row.confirmed || row.disabled) co_return user_exists();
    std::string index = users_.username_index(row.pool, row.username);
    CO_TRY(Attempts::Attempt attempt, co_await attempts_.begin(std::move(index)));
    CO_TRY(const bool fits, co_await password_fits(row, request.password));
    if (!fits) {
        CO_TRY_VOID(co_await attempts_.failed(std::move(attempt)));
        co_return user_exists();
    }
    UserRow wanted = row;
    wanted.attributes = request.attributes;
    if (keys_of(wanted) != keys_of(row) || wanted_of_it.confirm) {
        // Another e-mail or phone, or nothing to confirm: a new claim, so start over.
        const auto ended = co_await give_up(row.claim_id);
        if (!ended && is_over(ended.error())) co_return user_exists();
        CO_TRY_VOID(ended);
        co_return co_await new_sign_up(client, std::move(request), wanted_of_it);
    }
    mark_verified(wanted_of_it, wanted.attributes);
    // The claim may have run out meanwhile, and be somebody else's; or be confirmed just now.
    auto renewed = co_await claims_.renew(row.claim_id);
    if (!renewed && is_over(renewed.error())) co_return user_exists();
    if (!renewed) co_return std::unexpected(renewed.error());
    MailFor what{client.pool, MailKind::verification, kMailOfSignUp, client.client->id,
                 std::move(request.client_metadata)};
    CO_TRY(auto mail, co_await write_code(std::move(what), wanted));
    CO_TRY_VOID(co_await users_.replace_unconfirmed(wanted, std::move(mail)));
    co_return SignUpResult{
        false, wanted.sub,
        delivery_to(first_address(*client.pool, wanted.username, wanted.attributes))};
}

// Ends an unconfirmed sign-up. What cannot be finished now is on record for upkeep().
io::Task<Result<void>> Home::give_up(std::string claim_id) {
    CO_TRY_VOID(co_await claims_.release(std::move(claim_id)));
    co_return co_await users_.destroy_keys();
}

// When another region holds an unconfirmed sign-up of the same person, who has corrected the
// country, that region gives it up first.
io::Task<Result<directory::ClaimHandle>> Home::claim(UserRow row, PasswordRequest person) {
    auto claimed = co_await begin_claim(keys_of(row), row.pool);
    if (claimed || claimed.error().code != Code::already_exists) co_return claimed;
    const auto kind = directory::kind_of_username(row.username);
    auto key = keeper_of(row.pool).key(row.pool, kind, row.username);
    CO_TRY(const auto holder, co_await keeper_of(row.pool).record(std::move(key)));
    if (!holder || holder->state != directory::State::pending || holder->home == p_.region) {
        co_return user_exists();
    }
    auto withdrawn = co_await p_.withdraw_elsewhere(holder->home, std::move(person));
    if (!withdrawn && withdrawn.error().code == Code::unavailable) {
        co_return std::unexpected(withdrawn.error());
    }
    if (!withdrawn) co_return user_exists();
    claimed = co_await begin_claim(keys_of(row), row.pool);
    if (!claimed && claimed.error().code == Code::already_exists) co_return user_exists();
    co_return claimed;
}

// Without a code, since there is nothing to prove.
io::Task<Result<void>> Home::write_confirmed(UserRow row) {
    CO_TRY(sql::Statement insertion, co_await users_.insertion(row));
    std::vector<sql::Statement> batch;
    batch.push_back(std::move(insertion));
    batch.push_back(directory::Claims::held(row.claim_id));
    auto written = co_await p_.database.write(std::move(batch));
    if (written) co_return Result<void>();
    if (written.error().reason == sql::kReasonUnique) co_return user_exists();
    co_return fail(Code::unavailable, "The sign-up could not be written.");
}

// The row, its first mail and the claim that stands for it, in one commit.
io::Task<Result<void>> Home::write_person(MailFor what, UserRow row) {
    CO_TRY(std::vector<sql::Statement> batch, co_await write_code(std::move(what), row));
    CO_TRY(sql::Statement insertion, co_await users_.insertion(row));
    batch.push_back(std::move(insertion));
    batch.push_back(directory::Claims::held(row.claim_id));
    auto written = co_await p_.database.write(std::move(batch));
    if (written) co_return Result<void>();
    if (written.error().reason == "unique") co_return user_exists();
    if (written.error().code == Code::conflict) {
        co_return fail(Code::unavailable, "The sign-up took too long.");
    }
    co_return std::unexpected(written.error());
}

io::Task<Result<SignUpResult>> Home::new_sign_up(ClientOfPool client, SignUpRequest request,
                                                 PreSignUpAnswer wanted) {
    UserRow row;
    row.sub = p_.random.uuid();
    row.pool = client.pool->id_suffix;
    row.created = p_.clock.now();
    row.username = std::move(request.username);
    row.srp_name = p_.random.uuid();
    row.attributes = std::move(request.attributes);
    mark_verified(wanted, row.attributes);
    const PasswordRequest person{request.client_id, row.username, request.password};
    auto hash = [keeping = keeping_of(*client.pool), owner = PasswordOwner{row.pool, row.srp_name},
                 password = request.password, salt = p_.random.bytes(crypto::kPasswordSaltSize)] {
        return make_password(keeping, owner, password, salt);
    };
    CO_TRY(row.password, co_await io::run_blocking(std::move(hash)));

    audit::Event event{"sign_up", {{"pool", row.pool}, {"home", p_.region}}};
    CO_TRY_VOID(co_await p_.audit.record(std::move(event)));
    Result<directory::ClaimHandle> held;
    if (client.pool->reveal_existing || wanted.confirm) {
        held = co_await claim(row, person);
    } else {
        held = co_await claim_or_hide(row, person);
    }
    if (!held) co_return std::unexpected(held.error());
    row.claim_id = held->claim_id;
    Result<void> written;
    if (wanted.confirm) {
        row.code_mac = p_.random.bytes(32);  // no code fits
        written = co_await write_confirmed(row);
    } else {
        MailFor what{client.pool, MailKind::verification, kMailOfSignUp, client.client->id,
                     std::move(request.client_metadata)};
        written = co_await write_person(std::move(what), row);
    }
    if (!written) {
        // Refused when the row went in after all: the same sign-up again then finds it. A failure
        // is left to upkeep().
        const auto abandoned = co_await claims_.abandon(row.claim_id);
        if (abandoned) (void)co_await p_.keyring.destroy(row.sub);
        co_return std::unexpected(written.error());
    }
    if (wanted.confirm) {
        CO_TRY_VOID(co_await claims_.activate(row.claim_id));
        SignUpResult confirmed{true, row.sub, std::nullopt};
        CO_TRY_VOID(co_await after_confirmation(client, std::move(row),
                                                std::move(request.client_metadata)));
        co_return confirmed;
    }
    co_return SignUpResult{false, row.sub,
                           delivery_to(first_address(*client.pool, row.username, row.attributes))};
}

io::Task<Result<Done>> Home::withdraw(PasswordRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    CO_TRY(auto row, co_await users_.find(client.pool->id_suffix, request.username));
    if (!row || row->confirmed) co_return wrong_credentials();
    std::string index = users_.username_index(row->pool, row->username);
    CO_TRY(Attempts::Attempt attempt, co_await attempts_.begin(std::move(index)));
    CO_TRY(const bool fits, co_await password_fits(*row, request.password));
    if (!fits) {
        CO_TRY_VOID(co_await attempts_.failed(std::move(attempt)));
        co_return wrong_credentials();
    }
    audit::Event event{"sign_up_withdrawn", {{"pool", row->pool}, {"home", p_.region}}};
    CO_TRY_VOID(co_await p_.audit.record(std::move(event)));
    const auto ended = co_await give_up(row->claim_id);
    if (!ended && is_over(ended.error())) co_return wrong_credentials();
    CO_TRY_VOID(ended);
    co_return Done{};
}

// Nobody to confirm, which must look like somebody whose code was not guessed (I8): five
// mismatches, then the code is used up until a new one is asked for.
io::Task<Result<Done>> Home::confirm_nobody(const config::Pool* pool, std::string username) {
    if (pool->reveal_existing) {
        co_return fail(Code::not_found, "User does not exist.", reason::kUserUnknown);
    }
    const std::string key = users_.username_index(pool->id_suffix, username);
    const auto begun = co_await decoy_tries_.begin(key);
    const bool used_up = !begun && begun.error().code == Code::resource_exhausted;
    if (!begun && !used_up) co_return std::unexpected(begun.error());
    Attempts::Attempt attempt{key};
    CO_TRY_VOID(co_await decoy_tries_.failed(std::move(attempt)));
    if (!decoy_tries_.durable()) CO_TRY_VOID(co_await users_.pace(key));
    if (used_up) co_return code_expired();
    co_return code_mismatch();
}

io::Task<Result<Done>> Home::confirm(ConfirmRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    CO_TRY(auto row, co_await users_.find(client.pool->id_suffix, request.username));
    const std::string mac = users_.code_mac(row ? row->sub : std::string(), request.code);
    const bool fits = row && crypto::constant_time_equal(mac, row->code_mac);
    if (!row || (row->confirmed && !fits)) {
        co_return co_await confirm_nobody(client.pool, request.username);
    }
    if (row->confirmed) {
        co_return fail(Code::failed_precondition,
                       "User cannot be confirmed. Current status is CONFIRMED",
                       reason::kAlreadyConfirmed);
    }
    // Counted before it is judged: guesses at once cannot outrun the bound.
    CO_TRY(const bool may_try, co_await users_.count_code_try(row->sub, kCodeTriesMax));
    if (!may_try) co_return code_expired();
    if (!fits) co_return code_mismatch();
    if (row->code_expires <= p_.clock.now()) co_return code_expired();
    auto activated = co_await claims_.activate(row->claim_id);
    if (!activated && activated.error().code == Code::failed_precondition) {
        co_return code_expired();
    }
    if (!activated) co_return std::unexpected(activated.error());
    CO_TRY_VOID(
        co_await after_confirmation(client, std::move(*row), std::move(request.client_metadata)));
    co_return Done{};
}

io::Task<Result<CodeDelivery>> Home::resend(ResendRequest request) {
    CO_TRY(const ClientOfPool client, find_client(p_.config, request.client_id));
    CO_TRY_VOID(check_room(*client.pool));
    const std::string key = users_.username_index(client.pool->id_suffix, request.username);
    CO_TRY(Attempts::Attempt attempt, co_await resends_.begin(key));
    // Each one sends a mail, so each one counts.
    CO_TRY_VOID(co_await resends_.failed(std::move(attempt)));
    CO_TRY(auto row, co_await users_.find(client.pool->id_suffix, request.username));
    // A user name that is an address shows that one, wherever the mail goes: the owner's would tell
    // that there is one.
    const bool is_address = !typed_address(*client.pool, request.username).empty();
    const Address decoy = decoy_address(*client.pool, request.username);
    MailFor what{client.pool, MailKind::verification, "CustomMessage_ResendCode", client.client->id,
                 std::move(request.client_metadata)};
    if (!row || row->confirmed) {
        if (client.pool->reveal_existing) {
            if (!row) co_return fail(Code::not_found, "User does not exist.", reason::kUserUnknown);
            co_return fail(Code::invalid_argument, "User is already confirmed.", reason::kSchema);
        }
        UserRow nobody = row ? *row : decoy_person(*client.pool, request.username);
        Address shown = decoy;
        if (row && !is_address) {
            shown = first_address(*client.pool, row->username, row->attributes);
        }
        if (shown.empty()) shown = decoy;
        CO_TRY_VOID(co_await compose(std::move(what), std::move(nobody), MailFacts(), shown));
        Attempts::Attempt tries{key};
        CO_TRY_VOID(co_await decoy_tries_.succeeded(std::move(tries)));
        if (!decoy_tries_.durable()) CO_TRY_VOID(co_await users_.pace(key));
        co_return delivery_to(shown);
    }
    // Does not prolong the claim: that is a write to the directory, whose duration would tell that
    // there is somebody to confirm (I8). Signing up again does.
    CO_TRY(auto mail, co_await write_code(std::move(what), *row));
    CO_TRY_VOID(co_await users_.replace_unconfirmed(*row, std::move(mail)));
    if (is_address && !client.pool->reveal_existing) co_return delivery_to(decoy);
    co_return delivery_to(first_address(*client.pool, row->username, row->attributes));
}

}  // namespace domicile::identity
