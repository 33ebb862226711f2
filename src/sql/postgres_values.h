// Between our values and PostgreSQL's, in its binary form; and from its errors to ours.
//
// A message of the server never gets out: its DETAIL, and some of its primary texts, repeat values.
// Errors carry the SQLSTATE only.
#pragma once

#include <libpq-fe.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/database.h"

namespace domicile::sql {

struct BoundParameters {
    explicit BoundParameters(const std::vector<Value>& values);
    std::vector<Oid> types;
    std::vector<const char*> data;  // into the values and `numbers`
    std::vector<int> lengths, formats;
    std::vector<std::string> numbers;
};

// The highest n of the $n outside of quotes.
std::size_t parameters_in(std::string_view sql);

// The statement as one that the server refuses with kExpectationFailed when another number of rows
// is changed than expected, so that COMMIT can be sent along with it. nullopt where that cannot be
// said in one statement: it gives rows back.
std::optional<std::string> with_expectation(const Statement& statement);
inline constexpr std::string_view kExpectationFailed = "22012";  // a division by zero

Result<StatementResult> rows_of(const PGresult* result);

// What a failure leaves to do.
enum class Next : std::uint8_t {
    answer,     // nothing: it is the caller's
    again,      // it lost against another transaction and left nothing; try again
    elsewhere,  // it left nothing, and this session is of no use for it; try again on another
};
struct Failure {
    Error error;
    Next next = Next::answer;
    bool told = true;  // by the server
};
// By SQLSTATE; empty: the connection broke.
Failure failure_of(std::string_view sqlstate);
std::string sqlstate_of(const PGresult* result);
// Of a connection that could not be made, from what libpq says with PQERRORS_SQLSTATE.
Error refusal_of(std::string_view libpq_message);

}  // namespace domicile::sql
