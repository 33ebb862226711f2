#include "identity/outbox.h"

#include "base/json.h"
#include "identity/messages.h"

namespace domicile::identity {
namespace {

std::string context(const std::string& id) { return "identity_mails.sealed:" + id; }

Result<Mail> read_mail(std::string_view text) {
    TRY(const json::object stored, parse_json_object(text));
    Mail out;
    TRY(out.to, require_string(stored, "to"));
    TRY(out.subject, require_string(stored, "subject"));
    TRY(out.text, require_string(stored, "text"));
    TRY(const auto html, optional_int(stored, "html"));
    out.html = html == 1;
    if (const json::value* facts = stored.if_contains("sms")) {
        TRY(out.facts, from_message<TextFacts>(*facts));
    }
    return out;
}

}  // namespace

io::Task<Result<sql::Statement>> Outbox::insertion(std::string sub, Mail mail) {
    CO_TRY(const keyring::DataKey key, co_await keyring_.create(sub));
    co_return insertion_under(key, std::move(sub), std::move(mail));
}

sql::Statement Outbox::insertion_under(const keyring::DataKey& key, std::string sub, Mail mail) {
    json::object stored{{"to", mail.to}, {"subject", mail.subject}, {"text", mail.text}};
    if (mail.html) stored["html"] = 1;
    if (mail.facts) stored["sms"] = to_message(*mail.facts);
    sql::Blob sealed{key.seal(context(mail.id), json::serialize(stored))};
    sql::Statement out;
    out.sql = "INSERT INTO identity_mails (id, sub, sealed, sent_at) VALUES ($1, $2, $3, $4)";
    out.parameters = {std::move(mail.id), std::move(sub), std::move(sealed), mail.sent_at.ms};
    return out;
}

io::Task<Result<std::vector<Mail>>> Outbox::list(std::size_t limit) {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"SELECT id, sub, sealed, sent_at FROM identity_mails "
         "ORDER BY sent_at DESC, id LIMIT $1",
         {static_cast<std::int64_t>(limit)}});
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    std::vector<Mail> out;
    for (sql::Row& row : found[0].rows) {
        auto mail = co_await open(std::move(row));
        if (!mail && mail.error().code == Code::not_found) continue;
        if (!mail) co_return std::unexpected(mail.error());
        out.push_back(std::move(*mail));
    }
    co_return out;
}

io::Task<Result<Mail>> Outbox::find(std::string id) {
    std::vector<sql::Statement> batch;
    batch.push_back(
        {"SELECT id, sub, sealed, sent_at FROM identity_mails WHERE id = $1", {std::move(id)}});
    CO_TRY(auto found, co_await database_.read(std::move(batch)));
    if (found[0].rows.empty()) co_return fail(Code::not_found, "The mail is gone.");
    co_return co_await open(std::move(found[0].rows[0]));
}

io::Task<Result<Mail>> Outbox::open(sql::Row row) {
    CO_TRY(const keyring::DataKey key, co_await keyring_.find(row.text(1)));
    CO_TRY(const std::string text, key.open(context(row.text(0)), row.bytes(2)));
    CO_TRY(Mail mail, read_mail(text));
    mail.id = row.text(0);
    mail.sent_at = Timestamp{row.integer(3)};
    co_return mail;
}

sql::Statement Outbox::removal(const std::string& id) {
    return {"DELETE FROM identity_mails WHERE id = $1", {id}};
}

sql::Statement Outbox::drop_before(Timestamp time) {
    return {"DELETE FROM identity_mails WHERE sent_at < $1", {time.ms}};
}

}  // namespace domicile::identity
