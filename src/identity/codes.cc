#include "identity/codes.h"

#include "crypto/hash.h"
#include "identity/types.h"

namespace domicile::identity {
namespace {

constexpr std::int64_t kTriesMax = 5;

std::unexpected<Error> expired() {
    return fail(Code::failed_precondition, "The code is used up.", reason::kCodeExpired);
}

}  // namespace

std::string random_code(io::Random& random, int digits) {
    std::uint64_t codes = 1;
    for (int i = 0; i < digits; ++i) codes *= 10;
    std::uint64_t number = random.number();
    while (number >= UINT64_MAX / codes * codes) number = random.number();
    std::string text = std::to_string(number % codes);
    return std::string(static_cast<std::size_t>(digits) - text.size(), '0') + text;
}

sql::Blob Codes::id(const Purpose& purpose) const {
    return {crypto::hmac_sha256(secret_, "id " + purpose.what + '\0' + purpose.name)};
}

std::string Codes::mac(std::string_view id, std::string_view bound_to,
                       std::string_view code) const {
    const std::string size = std::to_string(bound_to.size());
    return crypto::hmac_sha256(secret_, "code " + size + '\0' + std::string(bound_to) +
                                            std::string(id) + std::string(code));
}

Codes::Issued Codes::issue(const Purpose& purpose, std::string bound_to, Millis lifetime,
                           int digits) {
    if (bound_to.empty()) bound_to = random_.bytes(16);
    Issued out;
    out.code = random_code(random_, digits);
    sql::Blob row = id(purpose);
    sql::Blob proof{mac(row.bytes, bound_to, out.code)};
    const Timestamp now = clock_.now();
    out.statements.push_back({"DELETE FROM identity_codes WHERE expires < $1", {now.ms}});
    out.statements.push_back(
        {"INSERT INTO identity_codes (id, code_mac, expires, tries) VALUES ($1, $2, $3, 0) "
         "ON CONFLICT (id) DO UPDATE SET code_mac = excluded.code_mac, "
         "expires = excluded.expires, tries = 0",
         {std::move(row), std::move(proof), (now + lifetime).ms}});
    return out;
}

sql::Statement Codes::removal(const Purpose& purpose) const {
    return {"DELETE FROM identity_codes WHERE id = $1", {id(purpose)}};
}

io::Task<Result<sql::Statement>> Codes::judge(Purpose purpose, std::string bound_to,
                                              std::string code) {
    const sql::Blob row = id(purpose);
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"UPDATE identity_codes SET tries = tries + 1 WHERE id = $1 AND tries < $2 "
         "RETURNING code_mac, expires",
         {row, kTriesMax}});
    CO_TRY(const auto counted, co_await database_.write(std::move(batch)));
    if (counted[0].rows.empty()) co_return expired();
    const sql::Row& stored = counted[0].rows[0];
    const std::string tried = mac(row.bytes, bound_to, code);
    const bool fits = crypto::constant_time_equal(tried, stored.bytes(0));
    if (!fits || bound_to.empty()) {
        co_return fail(Code::invalid_argument, "The code does not fit.", reason::kCodeMismatch);
    }
    if (Timestamp{stored.integer(1)} <= clock_.now()) co_return expired();
    sql::Statement use{"DELETE FROM identity_codes WHERE id = $1 AND code_mac = $2",
                       {row, sql::Blob{stored.bytes(0)}},
                       1};
    co_return use;
}

}  // namespace domicile::identity
