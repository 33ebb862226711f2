#include "sql/postgres_values.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace domicile::sql {
namespace {

// From pg_type.dat; fixed for ever.
constexpr Oid kBool = 16, kBytea = 17, kName = 19, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25;
constexpr Oid kChar = 1042, kVarchar = 1043;

std::string big_endian(std::int64_t value) {
    std::string out(8, '\0');
    const auto bits = static_cast<std::uint64_t>(value);
    for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(bits >> (56 - 8 * i));
    return out;
}

// Of 1 to 8 bytes; the first carries the sign.
std::int64_t number_of(std::string_view bytes) {
    std::int64_t out = bytes.empty() ? 0 : static_cast<signed char>(bytes[0]);
    for (std::size_t i = 1; i < bytes.size(); ++i)
        out = static_cast<std::int64_t>((static_cast<std::uint64_t>(out) << 8U) |
                                        static_cast<unsigned char>(bytes[i]));
    return out;
}

Result<Value> value_of(const PGresult* result, int row, int column) {
    if (PQgetisnull(result, row, column) != 0) return Value();
    const std::string_view bytes(PQgetvalue(result, row, column),
                                 static_cast<std::size_t>(PQgetlength(result, row, column)));
    switch (PQftype(result, column)) {
        case kBool:
        case kInt2:
        case kInt4:
        case kInt8:
            return Value(number_of(bytes));
        case kBytea:
            return Value(Blob{std::string(bytes)});
        case kName:
        case kText:
        case kChar:
        case kVarchar:
            return Value(std::string(bytes));
        default:  // such as NUMERIC, which SUM(BIGINT) is: the SQL has to CAST
            return fail(Code::internal, "SQL columns are BIGINT, TEXT or BYTEA.");
    }
}

}  // namespace

BoundParameters::BoundParameters(const std::vector<Value>& values) {
    numbers.reserve(values.size());  // so that pointers into it stay
    for (const Value& value : values) {
        Oid type = 0;  // NULL: the server finds out
        std::string_view bytes;
        if (const auto* number = std::get_if<std::int64_t>(&value)) {
            type = kInt8;
            bytes = numbers.emplace_back(big_endian(*number));
        } else if (const auto* text = std::get_if<std::string>(&value)) {
            type = kText;
            bytes = *text;
        } else if (const auto* blob = std::get_if<Blob>(&value)) {
            type = kBytea;
            bytes = blob->bytes;
        }
        types.push_back(type);
        data.push_back(type == 0 ? nullptr : bytes.data());
        lengths.push_back(static_cast<int>(bytes.size()));
        formats.push_back(1);
    }
}

std::size_t parameters_in(std::string_view sql) {
    std::size_t most = 0;
    char quote = 0;
    for (std::size_t i = 0; i < sql.size(); ++i) {
        const char c = sql[i];
        if (quote != 0) {
            if (c == quote) quote = 0;
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '$') {
            std::size_t number = 0;
            std::from_chars(sql.data() + i + 1, sql.data() + sql.size(), number);
            most = std::max(most, number);
        }
    }
    return most;
}

// What changes rows and gives none back is made a common table expression, whose rows are counted;
// a SELECT of which none is expected is asked whether there are any.
std::optional<std::string> with_expectation(const Statement& statement) {
    const std::string_view sql = statement.sql;
    const auto divided = [](const std::string& condition) {
        return "SELECT 1 / CASE WHEN " + condition + " THEN 1 ELSE 0 END";
    };
    if (sql.starts_with("SELECT ") && statement.expect_rows == 0)
        return divided("NOT EXISTS (" + statement.sql + ")");
    const bool changes =
        sql.starts_with("INSERT ") || sql.starts_with("UPDATE ") || sql.starts_with("DELETE ");
    if (!changes || sql.contains("RETURNING")) return std::nullopt;
    return "WITH domicile_changed AS (" + statement.sql + " RETURNING 1) " +
           divided("COUNT(*) = " + std::to_string(statement.expect_rows)) +
           " FROM domicile_changed";
}

Result<StatementResult> rows_of(const PGresult* result) {
    StatementResult out;
    auto* asked = const_cast<PGresult*>(result);  // libpq's older functions know no const
    const std::string_view changed = PQcmdTuples(asked);
    if (!std::string_view(PQcmdStatus(asked)).starts_with("SELECT"))
        std::from_chars(changed.data(), changed.data() + changed.size(), out.changed);
    const int columns = PQnfields(result);
    out.rows.reserve(static_cast<std::size_t>(PQntuples(result)));
    for (int row = 0; row < PQntuples(result); ++row) {
        Row& into = out.rows.emplace_back();
        into.values.reserve(static_cast<std::size_t>(columns));
        for (int column = 0; column < columns; ++column) {
            TRY(Value value, value_of(result, row, column));
            into.values.push_back(std::move(value));
        }
    }
    return out;
}

std::string sqlstate_of(const PGresult* result) {
    const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return field == nullptr ? "" : field;
}

// https://www.postgresql.org/docs/15/errcodes-appendix.html. Every error of the server but 40003
// (CockroachDB's "ambiguous") says that its transaction left nothing.
Failure failure_of(std::string_view state) {
    const auto error = [&](Code code, std::string_view reason = "") {
        const std::string message = "PostgreSQL refuses with SQLSTATE " + std::string(state) + ".";
        return Error{code, message, std::string(reason)};
    };
    if (state.empty())
        return {
            {Code::unavailable, "The connection to PostgreSQL broke.", {}}, Next::elsewhere, false};
    if (state == "23505")
        return {{Code::conflict, "A row with this key exists.", std::string(kReasonUnique)}};
    if (state == "40001" || state == "40P01") return {error(Code::unavailable), Next::again};
    if (state == "40003") return {error(Code::unavailable, kReasonOutcomeUnknown)};
    if (state.starts_with("23")) return {error(Code::failed_precondition, kReasonConstraint)};
    if (state == "57014")
        return {error(Code::deadline_exceeded)};  // statement_timeout, or a person
    // Ended sessions, a server that became a standby, and what a session remembers being outdated:
    // a prepared statement after a change of its tables, or behind a pooler that mixes sessions.
    if (state.starts_with("08") || state.starts_with("57P") || state == "25P03" ||
        state == "25006" || state == "0A000" || state == "26000")
        return {error(Code::unavailable), Next::elsewhere};
    if (state.starts_with("53") || state.starts_with("57") || state.starts_with("58") ||
        state.starts_with("XX00"))
        return {error(state == "XX000" ? Code::internal : Code::unavailable)};
    if (state.starts_with("54")) return {error(Code::too_large)};
    return {error(Code::internal)};
}

Error refusal_of(std::string_view message) {
    while (!message.empty() && std::string_view(" \n.").contains(message.back()))
        message.remove_suffix(1);
    std::string_view state = message.substr(message.find_last_of(" \n") + 1);
    const auto in_state = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
    if (state.size() != 5 || !std::ranges::all_of(state, in_state))
        return {Code::unavailable, "PostgreSQL cannot be reached.", {}};
    const std::string said = " (SQLSTATE " + std::string(state) + ").";
    if (state.starts_with("28"))
        return {Code::unavailable, "PostgreSQL refuses the user or the password" + said, {}};
    if (state == "3D000")
        return {Code::unavailable, "PostgreSQL has no such database; create it" + said, {}};
    if (state == "53300")
        return {Code::unavailable, "PostgreSQL has no connection left" + said,
                std::string(kReasonNoConnections)};
    return {Code::unavailable, "PostgreSQL takes no connections at the moment" + said, {}};
}

}  // namespace domicile::sql
