// The pages, as whole HTML documents that need no script. Whatever comes from outside is escaped
// here and nowhere else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/oidc/texts.h"

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
struct Page {
    const Language& language;
    std::string_view title;
    std::string_view text = {};  // a paragraph
    std::string_view note = {};  // good news
    std::string problem = {};    // said at once to who cannot see it
    std::string action = {};     // where the form goes, by POST; empty: there is none
    std::vector<Field> fields = {};
    std::string_view button = {};
    std::vector<Link> links = {};
};
std::string write_page(const Page& page);

// `form_targets`: where a form may lead to beyond this origin, also by redirect (CSP, form-action).
std::string content_policy(std::string_view form_targets);
// What of a redirect URI such a rule names: its origin, or its scheme.
std::string policy_source(std::string_view redirect_uri);

}  // namespace domicile::api::oidc
