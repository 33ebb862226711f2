// What the pages say, in each language, in one table.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace domicile::api::oidc {

enum class Text : std::uint8_t {
    sign_in,
    user_name,
    password,
    wrong_credentials,
    too_many_attempts,
    please_wait,
    network_limited,
    client_limited,
    come_again,
    not_confirmed,
    disabled,
    reset_required,
    temporary_expired,
    another_step,
    form_expired,
    unavailable,
    bad_request,
    bad_request_advice,
    sign_out,
    sign_out_question,
    signed_out,
    new_password,
    new_password_advice,
    set_password,
    password_policy,
    password_history,
    email,
    country,
    sign_up,
    sign_up_question,
    sign_in_question,
    forgot_password,
    forgot_advice,
    send_code,
    code,
    code_advice,
    confirm,
    confirm_button,
    send_again,
    confirmed,
    password_changed,
    user_exists,
    code_mismatch,
    code_expired,
    already_confirmed,
    not_taken,
    second_step,
    app_code,
    app_code_wrong,
    app_code_used,
    sign_in_with,
    complete,
    complete_advice,
    go_on,
    address_taken,
    name_missing,
    code_sign_in,
    mailed_code,
    passkey_sign_in,
    passkey_advice,
    passkey_use,
    passkey_failed,
    passkey_unable,
    passkey_refused,
    passkey_make,
    passkey_make_advice,
    passkey_not_made,
    too_many_passkeys,
    not_now,
    app_setup,
    app_setup_advice,
    app_key,
    app_picture,
    app_open,
    another_way,
    factor_code_advice,
    factor_choice,
    own_account,
    account_sign_in,
    signed_in_as,
    back_to_account,
    change_password,
    current_password,
    current_wrong,
    password_replaced,
    passkeys,
    no_passkeys,
    made_on,
    remove,
    passkey_made,
    passkey_removed,
    app,
    app_on,
    app_off,
    app_replace,
    app_turn_off,
    app_advice,
    app_is_on,
    app_is_off,
    provider_failed,
    sessions,
    end_others,
    others_ended,
    signed_in_since,
    this_browser,
    end_session,
    session_ended
};
inline constexpr std::size_t kTexts = 107;

struct Language {
    std::string_view tag;  // of HTML's lang
    std::array<std::string_view, kTexts> texts;

    std::string_view operator[](Text text) const { return texts[static_cast<std::size_t>(text)]; }
};

// `ui_locales` (OpenID Connect Core, 3.1.2.1: tags between spaces, the preferred one first) counts
// before `accept_language` (RFC 9110, 12.5.4). English when neither names one that is there.
const Language& choose_language(std::string_view ui_locales, std::string_view accept_language);

}  // namespace domicile::api::oidc
