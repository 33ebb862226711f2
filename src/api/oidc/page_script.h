// The one script of the pages. It asks for nothing by itself but a passkey, sends nothing but the
// page's own form, and is named in the pages' policy by its hash. Where it does not run, or the
// browser has no passkeys, what is for passkeys stays hidden, and all else works.
#pragma once

#include <string_view>

namespace domicile::api::oidc {

inline constexpr std::string_view kPageScript = R"(
'use strict';
(() => {
    const form = document.querySelector('form[data-passkeys]');
    const able = window.PublicKeyCredential && navigator.credentials &&
        PublicKeyCredential.parseRequestOptionsFromJSON && PublicKeyCredential.prototype.toJSON;
    if (!form || !able) return;
    for (const part of form.querySelectorAll('[data-passkey]')) part.hidden = false;
    for (const part of form.querySelectorAll('[data-passkey-unable]')) part.hidden = true;
    if (form.elements.passkeys) form.elements.passkeys.value = '1';
    const act = form.dataset.passkeys;
    if (!act) return;
    const button = form.querySelector('[data-passkey-go]');
    const problem = form.querySelector('[data-passkey-problem]');
    const run = async (asked) => {
        button.disabled = true;
        try {
            const options = JSON.parse(form.dataset.options);
            const credential = act === 'get'
                ? await navigator.credentials.get({
                    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
                : await navigator.credentials.create({
                    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
            form.elements.credential.value = JSON.stringify(credential.toJSON());
            form.submit();
        } catch {
            button.disabled = false;
            problem.hidden = !asked;
            if (asked) problem.focus();
        }
    };
    button.addEventListener('click', () => run(true));
    if (act === 'get') run(false);
})();
)";

}  // namespace domicile::api::oidc
