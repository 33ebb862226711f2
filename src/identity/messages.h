// What identity sends to the home of a person over the border: one message type per operation,
// whose payload is the request as it arrived. One codec for all of them: the members of the
// described structs below, by name. It is strict, since a payload from another region is outside
// input too: an absent or mistyped member is Code::malformed, except that an optional one may be
// absent. Unknown members are ignored, so that a newer region may add optional ones.
#pragma once

#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "identity/types.h"

namespace domicile::identity {

namespace message {
inline constexpr const char* kSignUp = "identity.sign_up";
inline constexpr const char* kWithdraw = "identity.withdraw_sign_up";
inline constexpr const char* kConfirm = "identity.confirm_sign_up";
inline constexpr const char* kResend = "identity.resend_code";
inline constexpr const char* kStartSrp = "identity.start_srp";
inline constexpr const char* kAnswerSrp = "identity.answer_srp";
inline constexpr const char* kPassword = "identity.sign_in_with_password";
inline constexpr const char* kRefresh = "identity.refresh";
inline constexpr const char* kGetUser = "identity.get_user";
inline constexpr const char* kRevoke = "identity.revoke";
inline constexpr const char* kSignOut = "identity.global_sign_out";
inline constexpr const char* kForgotPassword = "identity.forgot_password";
inline constexpr const char* kResetPassword = "identity.reset_password";
inline constexpr const char* kChangePassword = "identity.change_password";
inline constexpr const char* kNewPassword = "identity.answer_new_password";
}  // namespace message

BOOST_DESCRIBE_STRUCT(Done, (), ())
BOOST_DESCRIBE_STRUCT(CodeDelivery, (), (attribute, medium, destination))
BOOST_DESCRIBE_STRUCT(TextFacts, (),
                      (pool, source, client_id, username, code, attributes, client_metadata))
BOOST_DESCRIBE_STRUCT(SignUpRequest, (),
                      (client_id, username, password, attributes, validation_data, client_metadata))
BOOST_DESCRIBE_STRUCT(SignUpResult, (), (confirmed, sub, delivery))
BOOST_DESCRIBE_STRUCT(ConfirmRequest, (), (client_id, username, code, client_metadata))
BOOST_DESCRIBE_STRUCT(ResendRequest, (), (client_id, username, client_metadata))
BOOST_DESCRIBE_STRUCT(SrpStartRequest, (),
                      (client_id, username, srp_a, client_metadata, device_key))
BOOST_DESCRIBE_STRUCT(SrpChallenge, (),
                      (salt_hex, srp_b_hex, secret_block, username, user_id_for_srp))
BOOST_DESCRIBE_STRUCT(SrpAnswerRequest, (),
                      (client_id, username, secret_block, timestamp, signature, device_key,
                       client_metadata))
BOOST_DESCRIBE_STRUCT(PasswordRequest, (),
                      (client_id, username, password, client_metadata, device_key, migrating))
BOOST_DESCRIBE_STRUCT(RefreshRequest, (),
                      (client_id, refresh_token, takes_next, secret_hash, client_secret,
                       device_key))
BOOST_DESCRIBE_STRUCT(RevokeRequest, (), (client_id, token))
BOOST_DESCRIBE_STRUCT(AccessTokenRequest, (), (access_token))
BOOST_DESCRIBE_STRUCT(ForgotPasswordRequest, (), (client_id, username, client_metadata, migrating))
BOOST_DESCRIBE_STRUCT(ResetPasswordRequest, (), (client_id, username, code, password))
BOOST_DESCRIBE_STRUCT(ChangePasswordRequest, (), (access_token, previous, proposed))
BOOST_DESCRIBE_STRUCT(Challenge, (), (name, session, parameters, available))
BOOST_DESCRIBE_STRUCT(NewPasswordRequest, (),
                      (client_id, username, session, password, attributes, device_key))
BOOST_DESCRIBE_STRUCT(NewDevice, (), (key, group_key))
BOOST_DESCRIBE_STRUCT(Tokens, (),
                      (access_token, id_token, refresh_token, expires_in_seconds, challenge,
                       new_device))
BOOST_DESCRIBE_STRUCT(MfaSettings, (), (enabled, preferred))
BOOST_DESCRIBE_STRUCT(User, (), (username, sub, attributes, mfa))
BOOST_DESCRIBE_STRUCT(Group, (), (name, description, role, precedence, created_ms, modified_ms))

namespace detail {

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

inline json::value encode(const std::string& value) { return json::string(value); }
inline json::value encode(bool value) { return value; }
inline json::value encode(std::int64_t value) { return value; }
inline json::value encode(const std::map<std::string, std::string>& value) {
    json::object out;
    for (const auto& [name, text] : value) out[name] = text;
    return out;
}
template <class T>
json::value encode(const std::optional<T>& value);
template <class T>
json::value encode(const std::vector<T>& value);
template <class T>
    requires boost::describe::has_describe_members<T>::value
json::value encode(const T& value) {
    json::object out;
    boost::mp11::mp_for_each<Members<T>>(
        [&](auto member) { out[member.name] = encode(value.*member.pointer); });
    return out;
}
template <class T>
json::value encode(const std::optional<T>& value) {
    return value ? encode(*value) : json::value(nullptr);
}
template <class T>
json::value encode(const std::vector<T>& value) {
    json::array out;
    for (const T& item : value) out.push_back(encode(item));
    return out;
}

inline bool decode(const json::value& from, std::string& into) {
    if (!from.is_string()) return false;
    into = std::string(from.get_string());
    return true;
}
inline bool decode(const json::value& from, bool& into) {
    if (!from.is_bool()) return false;
    into = from.get_bool();
    return true;
}
inline bool decode(const json::value& from, std::int64_t& into) {
    if (!from.is_int64()) return false;
    into = from.get_int64();
    return true;
}
inline bool decode(const json::value& from, std::map<std::string, std::string>& into) {
    if (!from.is_object()) return false;
    for (const auto& member : from.get_object()) {
        if (!member.value().is_string()) return false;
        into[std::string(member.key())] = std::string(member.value().get_string());
    }
    return true;
}
template <class T>
constexpr bool is_optional(const T&) {
    return false;
}
template <class T>
constexpr bool is_optional(const std::optional<T>&) {
    return true;
}
template <class T>
bool decode(const json::value& from, std::optional<T>& into);
template <class T>
bool decode(const json::value& from, std::vector<T>& into);
template <class T>
    requires boost::describe::has_describe_members<T>::value
bool decode(const json::value& from, T& into) {
    if (!from.is_object()) return false;
    bool good = true;
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
        const json::value* value = from.get_object().if_contains(member.name);
        auto& target = into.*member.pointer;
        if (value == nullptr) {
            good = good && is_optional(target);
        } else {
            good = good && decode(*value, target);
        }
    });
    return good;
}
template <class T>
bool decode(const json::value& from, std::optional<T>& into) {
    if (from.is_null()) return true;
    return decode(from, into.emplace());
}
template <class T>
bool decode(const json::value& from, std::vector<T>& into) {
    if (!from.is_array()) return false;
    for (const json::value& item : from.get_array()) {
        if (!decode(item, into.emplace_back())) return false;
    }
    return true;
}

}  // namespace detail

template <class T>
json::value to_message(const T& value) {
    return detail::encode(value);
}

template <class T>
Result<T> from_message(const json::value& payload) {
    T out;
    if (!detail::decode(payload, out)) {
        return fail(Code::malformed,
                    "The message does not have the members that its type asks for.");
    }
    return out;
}

}  // namespace domicile::identity
