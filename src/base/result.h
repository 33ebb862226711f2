// Errors are values: every operation that can fail returns Result<T>. The set of codes is closed;
// each wire dialect maps it to its own codes in one table. What a dialect needs to know beyond the
// code is in `reason`, a stable token that the failing module declares as a constant.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace domicile {

enum class Code : std::uint8_t {
    invalid_argument,   // a well-formed request with a value that cannot be accepted
    malformed,          // bytes that do not parse
    unauthenticated,    // no, or no valid, proof of who is calling
    permission_denied,  // known caller, not allowed
    not_found,
    already_exists,
    conflict,             // a concurrent change won; reading again and retrying may succeed
    failed_precondition,  // the state does not allow it; retrying alone will not help
    resource_exhausted,   // a rate, quota, queue or connection bound was reached
    too_large,            // a size bound was passed
    deadline_exceeded,
    unavailable,  // a part that is needed is down; retry later
    cancelled,    // the caller went away or the process is stopping
    misdirected,  // the subject's home is another region
    unsupported,  // a feature, version or operation that is not there
    internal,     // a defect, ours or the engine's
};

// The name of the code as it stands above, for logs and metrics.
std::string_view to_string(Code code);
// The inverse of to_string; Code::internal for an unknown name.
Code code_from_string(std::string_view name);

// Holds nothing personal: message and reason go to logs, audit and other regions.
struct Error {
    Code code = Code::internal;
    std::string message;  // for a person; says what to do next where that is known
    std::string reason;   // stable token such as "user_exists"; empty when the code says it all

    bool operator==(const Error&) const = default;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Code code, std::string message, std::string reason = {}) {
    return std::unexpected(Error{code, std::move(message), std::move(reason)});
}

}  // namespace domicile

#define DOMICILE_CAT_(a, b) a##b
#define DOMICILE_CAT(a, b) DOMICILE_CAT_(a, b)
#define DOMICILE_TRY_(name, keyword, declaration, ...)           \
    auto name = (__VA_ARGS__);                                   \
    if (!name) keyword std::unexpected(std::move(name).error()); \
    declaration = std::move(*name)
#define DOMICILE_TRY_VOID_(name, keyword, ...) \
    if (auto name = (__VA_ARGS__); !name) keyword std::unexpected(std::move(name).error())

// TRY(auto user, find(id)); declares `user`, or returns the error from the enclosing function.
// The CO_ forms do so from a coroutine. A declaration form, since a statement expression around
// co_await crashes g++ 12.
#define TRY(declaration, ...) \
    DOMICILE_TRY_(DOMICILE_CAT(try_, __COUNTER__), return, declaration, __VA_ARGS__)
#define CO_TRY(declaration, ...) \
    DOMICILE_TRY_(DOMICILE_CAT(try_, __COUNTER__), co_return, declaration, __VA_ARGS__)
#define TRY_VOID(...) DOMICILE_TRY_VOID_(DOMICILE_CAT(try_, __COUNTER__), return, __VA_ARGS__)
#define CO_TRY_VOID(...) DOMICILE_TRY_VOID_(DOMICILE_CAT(try_, __COUNTER__), co_return, __VA_ARGS__)
