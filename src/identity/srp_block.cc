#include "identity/srp_block.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/hash.h"

namespace domicile::identity {
namespace {

constexpr Millis kClockSkewMax{3 * 3'600'000};  // it is the client's clock
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

std::unexpected<Error> bad_time() { return fail(Code::malformed, "TIMESTAMP has another form."); }

std::optional<int> number(std::string_view text, std::size_t least, std::size_t most) {
    if (text.size() < least || text.size() > most) return std::nullopt;
    int out = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        out = out * 10 + (c - '0');
    }
    return out;
}

// Up to the separator, which is taken off too.
std::string_view next(std::string_view& text, char separator) {
    const auto end = text.find(separator);
    const std::string_view out = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return out;
}

}  // namespace

std::string encode_srp_block(const SrpBlock& block) {
    json::object out{{"p", block.pool},     {"c", block.client_id},  {"u", block.username},
                     {"n", block.srp_name}, {"A", block.a_hex},      {"b", to_base64(block.b)},
                     {"B", block.b_hex},    {"e", block.expires_ms}, {"f", block.custom ? 1 : 0}};
    if (block.device_key) out["d"] = *block.device_key;
    return json::serialize(out);
}

Result<SrpBlock> decode_srp_block(std::string_view text) {
    TRY(const json::object stored, parse_json_object(text));
    SrpBlock out;
    TRY(out.pool, require_string(stored, "p"));
    TRY(out.client_id, require_string(stored, "c"));
    TRY(out.username, require_string(stored, "u"));
    TRY(out.srp_name, require_string(stored, "n"));
    TRY(out.a_hex, require_string(stored, "A"));
    TRY(const std::string b, require_string(stored, "b"));
    TRY(out.b_hex, require_string(stored, "B"));
    TRY(const auto expires, optional_int(stored, "e"));
    TRY(const auto custom, optional_int(stored, "f"));
    const auto bytes = from_base64(b);
    if (!bytes || !expires) return fail(Code::malformed, "The block's content is broken.");
    out.b = *bytes;
    out.expires_ms = *expires;
    if (stored.contains("d")) {
        TRY(out.device_key, require_string(stored, "d"));
    }
    out.custom = custom == 1;
    return out;
}

Result<Timestamp> parse_srp_timestamp(std::string_view text) {
    const std::string_view weekday = next(text, ' ');
    const std::string_view month = next(text, ' ');
    const auto day = number(next(text, ' '), 1, 2);
    const auto hour = number(next(text, ':'), 2, 2);
    const auto minute = number(next(text, ':'), 2, 2);
    const auto second = number(next(text, ' '), 2, 2);
    const std::string_view zone = next(text, ' ');
    const auto year = number(text, 4, 4);
    const auto month_at = std::ranges::find(kMonths, month);
    if (std::ranges::find(kDays, weekday) == kDays.end() || month_at == kMonths.end() || !day ||
        !hour || !minute || !second || zone != "UTC" || !year || *hour > 23 || *minute > 59 ||
        *second > 60) {
        return bad_time();
    }
    const std::chrono::year_month_day date{
        std::chrono::year(*year),
        std::chrono::month(static_cast<unsigned>(month_at - kMonths.begin()) + 1),
        std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return bad_time();
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    return Timestamp{(((days * 24 + *hour) * 60 + *minute) * 60 + *second) * 1000};
}

std::string to_srp_timestamp(Timestamp time) {
    const std::chrono::sys_seconds seconds{Seconds(time.seconds())};
    const auto day = std::chrono::floor<std::chrono::days>(seconds);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{seconds - day};
    return fmt::format(
        "{} {} {} {:02}:{:02}:{:02} UTC {}", kDays[std::chrono::weekday(day).c_encoding()],
        kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<unsigned>(date.day()),
        clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
        static_cast<int>(date.year()));
}

Result<bool> proof_fits(const crypto::SrpVerifier& verifier, const SrpExchange& exchange,
                        const SrpProof& proof) {
    TRY(const std::string key,
        crypto::session_key(verifier, exchange.a_hex, exchange.b, exchange.b_hex));
    const auto secret_block = from_base64(proof.secret_block);
    const auto signature = from_base64(proof.signature);
    if (!secret_block || !signature) return false;
    const std::string wanted =
        crypto::claim_signature(key, exchange.group, exchange.name, *secret_block, proof.timestamp);
    return crypto::constant_time_equal(wanted, *signature);
}

bool is_near(std::string_view srp_timestamp, Timestamp now) {
    const auto said = parse_srp_timestamp(srp_timestamp);
    return said && std::chrono::abs(*said - now) <= kClockSkewMax;
}

}  // namespace domicile::identity
