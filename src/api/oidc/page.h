// The pages, as whole HTML documents. None needs a script but to use a passkey: what is for
// passkeys is hidden until a script of ours, named by its hash in the policy, has found that the
// browser has them. Whatever comes from outside is escaped here and nowhere else.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/oidc/texts.h"
#include "base/time.h"

namespace domicile::api::oidc {

struct Field {
    std::string name;
    std::string_view label;     // empty: hidden
    std::string type = "text";  // of the input
    std::string autocomplete = "off";
    std::string value = {};
    std::vector<std::string> options = {};  // what can be chosen, instead of an input
};
struct Link {
    std::string target;
    std::string_view text;
    std::string name = {};  // after the text
};
// Sends the form as the main button does, with the parameter `way`, whatever fields are empty.
struct Choice {
    std::string_view way, text;
    bool needs_script = false;  // hidden without
};
// What the script does on a page: nothing but show what is hidden, or ask for a passkey.
struct PasskeyScript {
    std::string_view act = {};  // "get", "create", or empty
    std::string options = {};   // of it, JSON
    std::string_view failed = {}, unable = {};
};
// A secret for an app, to be read by its camera or typed.
struct AppSecret {
    std::string uri;     // otpauth://
    std::string secret;  // base32
    std::string_view label, picture, open;
};
// A button of a page with sections: what to do, as the parameter `act`.
struct Act {
    std::string act;
    std::string_view text;
    bool needs_script = false;  // hidden without
};
struct Entry {  // of a list: what, when, and what can be done about it
    std::string_view text;
    Timestamp time;
    std::string_view note = {};  // after the time
    std::optional<Act> act = std::nullopt;
};
struct Section {
    std::string_view id;
    std::string_view heading, text = {};
    std::vector<Entry> entries = {};
    std::vector<Act> acts = {};
};
struct Page {
    const Language& language;
    std::string_view title;
    std::string_view text = {};  // a paragraph
    std::string name = {};       // at its end
    std::string_view note = {};  // good news
    std::string problem = {};    // said at once to who cannot see it
    std::string action = {};     // where the form goes, by POST; empty: there is none
    std::vector<Field> fields = {};
    std::string_view button = {};
    std::vector<Link> links = {};
    std::vector<Choice> choices = {};
    std::optional<PasskeyScript> passkeys = std::nullopt;
    std::optional<AppSecret> app = std::nullopt;
    std::vector<Section> sections = {};  // of the form, instead of fields and buttons
};
std::string write_page(const Page& page);

// `form_targets`: where a form may lead to beyond this origin, also by redirect (CSP, form-action).
// `with_script`: whether the page has the script.
std::string content_policy(std::string_view form_targets, bool with_script = false);
// What of a redirect URI such a rule names: its origin, or its scheme.
std::string policy_source(std::string_view redirect_uri);

}  // namespace domicile::api::oidc
