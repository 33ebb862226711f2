// Another address for somebody who stays, in two steps (ADR 0022). Asked: its key is claimed
// beside the person's, and a code goes there. Proven: the key is handed over, and the old one goes;
// until then the old address is the one in force. An address that is somebody's is answered like a
// free one, with the same steps on a key of nobody's, but for the mail: no code fits then (I8).
#include <algorithm>
#include <iterator>

#include "directory/record.h"
#include "identity/addresses.h"
#include "identity/home.h"
#include "identity/mail_words.h"
#include "identity/validation.h"

namespace domicile::identity {
namespace {

using Statements = std::vector<sql::Statement>;

std::unexpected<Error> code_expired() {
    return fail(Code::failed_precondition, "The code is used up.", reason::kCodeExpired);
}

Result<Medium> provable(const config::Pool& pool, const std::string& attribute) {
    const auto medium = medium_of(attribute);
    if (medium && (*medium == Medium::email || pool.sms)) return *medium;
    return fail(Code::invalid_argument,
                pool.sms ? "Only an address can be verified: email or phone_number."
                         : "Only an e-mail address can be verified: email.",
                reason::kSchema);
}

// The claim ended: by its time, or since something else took its place.
bool is_over(const Error& error) {
    return error.code == Code::already_exists || error.code == Code::failed_precondition;
}

const AddressChange* change_of(const UserRow& row, Medium medium) {
    const auto found = row.address_changes.find(attribute_of(medium));
    return found == row.address_changes.end() ? nullptr : &found->second;
}

// What a code for the address proves: that it came from there. Empty: nobody has one.
std::string proof_of(const UserRow& row, Medium medium) {
    const AddressChange* change = change_of(row, medium);
    if (change == nullptr) return "present " + address_of(medium, row.username, row.attributes);
    return change->taken ? std::string() : "next " + change->change_id;
}

Codes::Purpose purpose_of(const UserRow& row, Medium medium) {
    return {purpose_of(medium), row.sub};
}

std::unexpected<Error> no_address(Medium medium) {
    const std::string what = medium == Medium::email ? "e-mail address" : "phone number";
    return fail(Code::invalid_argument, "The user has no " + what + " to verify.", reason::kSchema);
}

// The one that waits to be proven, else the present one.
Address to_prove(const UserRow& row, Medium medium) {
    if (const AddressChange* change = change_of(row, medium)) return {medium, change->value};
    return {medium, address_of(medium, row.username, row.attributes)};
}

void append(Statements& batch, Statements more) {
    std::ranges::move(more, std::back_inserter(batch));
}

}  // namespace

bool Home::is_address_of(const UserRow& row, Medium medium, const std::string& address) const {
    const std::string present = address_of(medium, row.username, row.attributes);
    if (present.empty() || address.empty()) return false;
    const directory::KeyKeeper& keeper = keeper_of(row.pool);
    const auto kind = kind_of(medium);
    return keeper.key(row.pool, kind, present) == keeper.key(row.pool, kind, address);
}

// Its own verifiers have to be for another name than the one that changes (ADR 0022).
Result<bool> Home::renames(const UserRow& row, Medium medium) const {
    // Not a name with digits in it, which a number's normal form would take for one.
    const bool is_name = directory::kind_of_username(row.username) == kind_of(medium) &&
                         is_address_of(row, medium, row.username);
    if (!is_name || row.srp_name != row.username) return is_name;
    return fail(Code::invalid_argument,
                "Change the password first: the present one is tied to the old address.",
                reason::kSchema);
}

io::Task<Result<void>> Home::count_address_code(UserRow row, Medium medium) {
    CO_TRY_VOID(courier_of(medium).check_room());
    std::string index = users_.username_index(row.pool, row.sub);
    CO_TRY(Attempts::Attempt attempt, co_await address_mails_.begin(std::move(index)));
    // Each one may send a mail, so each one counts.
    co_return co_await address_mails_.failed(std::move(attempt));
}

// The new code for whatever of the person is to be proven, and the mail with it.
io::Task<Result<Statements>> Home::address_code(UserRow row, Medium medium, MailFor what) {
    const std::string proof = proof_of(row, medium);
    Codes::Issued issued = codes_.issue(purpose_of(row, medium), proof, kAddressLifetime);
    Statements out = std::move(issued.statements);
    const AddressChange* change = change_of(row, medium);
    Address to = to_prove(row, medium);
    const bool is_renamed = change != nullptr && change->renames;
    MailFacts facts{issued.code, is_renamed ? to.value : row.username, locale_of(row.attributes)};
    CO_TRY(Mail mail, co_await compose(std::move(what), row, std::move(facts), std::move(to)));
    if (proof.empty()) co_return out;
    mail.expires = p_.clock.now() + kAddressLifetime;
    CO_TRY(auto mailed, co_await mailing(row.sub, std::move(mail)));
    append(out, std::move(mailed));
    co_return out;
}

// The key of the address, or one of nobody's when somebody has it.
io::Task<Result<directory::ClaimHandle>> Home::claim_address(const config::Pool* pool, UserRow row,
                                                             Medium medium, AddressChange& wanted) {
    auto key = keeper_of(row.pool).key(row.pool, kind_of(medium), wanted.value);
    const auto own = keys_of(row);
    const bool is_own = std::ranges::find(own, key) != own.end();
    directory::SubjectKey nobodys{p_.random.bytes(directory::kSubjectKeyBytes)};
    auto copy = key;
    CO_TRY(const auto holder, co_await keeper_of(row.pool).record(std::move(copy)));
    const bool taken = is_taken(holder, p_.clock.now());
    wanted.taken = taken && !is_own;
    if (wanted.taken && !pool->reveal_existing) notify_owner(row.pool, key);
    std::vector<directory::SubjectKey> keys;
    keys.push_back(taken ? nobodys : std::move(key));
    if (!wanted.taken || !pool->reveal_existing) {
        auto held = co_await begin_claim(std::move(keys), row.pool);
        const bool lost = !held && held.error().code == Code::already_exists;
        if (!lost) co_return held;
        wanted.taken = true;  // meanwhile
    }
    if (pool->reveal_existing) co_return alias_exists(attribute_of(medium));
    std::vector<directory::SubjectKey> others;
    others.push_back(std::move(nobodys));
    co_return co_await begin_claim(std::move(others), row.pool);
}

io::Task<Result<Statements>> Home::offer_address(const config::Pool* pool, UserRow& row,
                                                 Medium medium, std::string address, MailFor what) {
    AddressChange wanted;
    CO_TRY(wanted.renames, renames(row, medium));
    CO_TRY_VOID(co_await count_address_code(row, medium));
    if (const AddressChange* before = change_of(row, medium)) {
        // One wish at a time; its address may be the same one.
        const auto ended = co_await claims_.release(before->change_id);
        if (!ended && !is_over(ended.error())) co_return std::unexpected(ended.error());
    }
    wanted.value = std::move(address);
    CO_TRY(const directory::ClaimHandle held, co_await claim_address(pool, row, medium, wanted));
    wanted.change_id = held.claim_id;
    row.address_changes[attribute_of(medium)] = std::move(wanted);
    const std::vector<std::string> nothing_else;
    Statements out = directory::Claims::offered(held.claim_id, row.claim_id, nothing_else);
    auto code = co_await address_code(row, medium, std::move(what));
    if (!code) {
        (void)co_await claims_.abandon(held.claim_id);
        co_return std::unexpected(code.error());
    }
    append(out, std::move(*code));
    co_return out;
}

io::Task<Result<CodeDelivery>> Home::attribute_code(AttributeCodeRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(UserRow row, co_await own_user(token));
    CO_TRY(const config::Pool* pool, pool_of(row));
    CO_TRY(const Medium medium, provable(*pool, request.attribute));
    // What is not vouched for there may be somebody's here.
    if (row.external && change_of(row, medium) == nullptr) {
        co_return fail(Code::invalid_argument,
                       "The address is for the identity provider to verify, unless it is changed.",
                       reason::kSchema);
    }
    CO_TRY_VOID(co_await count_address_code(row, medium));
    Statements batch;
    if (const AddressChange* change = change_of(row, medium)) {
        const auto renewed = co_await claims_.renew(change->change_id);
        if (!renewed && !is_over(renewed.error())) co_return std::unexpected(renewed.error());
        if (!renewed) {
            row.address_changes.erase(attribute_of(medium));
            CO_TRY(sql::Statement replacement, co_await users_.replacement(row));
            batch.push_back(std::move(replacement));
            append(batch, directory::Claims::settled(row.claim_id));
        }
    }
    const Address to = to_prove(row, medium);
    if (to.empty()) co_return no_address(medium);
    MailFor what{pool, MailKind::verification, "CustomMessage_VerifyUserAttribute",
                 token->client_id, std::move(request.client_metadata)};
    CO_TRY(auto code, co_await address_code(row, medium, std::move(what)));
    append(batch, std::move(code));
    CO_TRY_VOID(co_await write_changes(std::move(batch)));
    co_return delivery_to(to);
}

io::Task<Result<Done>> Home::prove_attribute(ProveAttributeRequest request) {
    CO_TRY(const TokenPtr token, co_await own_access_token(std::move(request.access_token)));
    CO_TRY(UserRow row, co_await own_user(token));
    CO_TRY(const config::Pool* pool, pool_of(row));
    CO_TRY(const Medium medium, provable(*pool, request.attribute));
    CO_TRY(sql::Statement use, co_await codes_.judge(purpose_of(row, medium), proof_of(row, medium),
                                                     std::move(request.code)));
    Statements batch;
    const AddressChange* change = change_of(row, medium);
    if (change == nullptr) {
        row.attributes[flag_of(medium)] = "true";
        batch.push_back(std::move(use));
        CO_TRY_VOID(co_await write_account(row, std::move(batch)));
        co_return Done{};
    }
    // A code that went to the old address opens nothing any more.
    const std::string name = users_.username_index(row.pool, row.username);
    batch.push_back(codes_.removal({kResetPurpose, name}));
    batch.push_back(std::move(use));
    const std::string change_id = change->change_id;
    const auto kept = keys_of(with_change(row, change_id));
    auto dropped = keys_of(row);
    std::erase_if(dropped,
                  [&](const auto& key) { return std::ranges::find(kept, key) != kept.end(); });
    auto done =
        co_await claims_.change(change_id, row.claim_id, std::move(dropped), std::move(batch));
    if (!done && is_over(done.error())) co_return code_expired();
    CO_TRY_VOID(done);
    co_return Done{};
}

}  // namespace domicile::identity
