// What the OpenID provider reads from requests. A form has one reading: written again, it is read
// as the same; each name is there once, all of it is text. Whatever an authorization request says,
// an answer goes to an address of the client or to nobody, it asks for no more than the client may,
// and a redirect is one line. Nothing that came from outside is markup in a page.
#include <algorithm>
#include <set>

#include "api/oidc/authorize_request.h"
#include "api/oidc/page.h"
#include "base/encoding.h"
#include "base/xml.h"
#include "fuzz.h"

namespace domicile::fuzz {
namespace {

using api::oidc::Form;

config::Client make_client(bool with_secret) {
    config::Client out;
    out.id = "c";
    out.oauth.emplace();
    out.oauth->redirect_uris = {"https://a.example/cb", "own:/cb?a=b"};
    if (with_secret) out.secret_file = "secret";
    return out;
}

void check_form(const Form& form) {
    std::set<std::string> names;
    for (const auto& [name, value] : form.fields()) {
        DOMICILE_CHECK(names.insert(name).second);
        DOMICILE_CHECK(is_utf8(name) && is_utf8(value));
    }
    DOMICILE_CHECK(names.size() <= Form::kFieldsMax);
    const std::string text = form.encode();
    const bool visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
    DOMICILE_CHECK(visible);
    if (text.size() > Form::kBytesMax) return;  // escapes are longer than what they stand for
    const auto again = Form::parse(text);
    // A field without a name and a value leaves nothing to read.
    if (names.contains("")) return;
    DOMICILE_CHECK(again && again->fields() == form.fields());
}

void check_request(const Form& form, const config::Client& client) {
    const auto read = api::oidc::read_authorize(form, &client);
    if (!read) {
        const auto& uri = read.error().redirect_uri;
        DOMICILE_CHECK(!uri || client.oauth->redirects_to(*uri));
        return;
    }
    DOMICILE_CHECK(client.oauth->redirects_to(read->asked.redirect_uri));
    DOMICILE_CHECK(read->asked.code_challenge || client.secret_file);
    DOMICILE_CHECK(identity::check_authorization(client, read->asked));
    Form answer;
    answer.add("code", "c");
    if (read->state) answer.add("state", *read->state);
    const std::string location = api::oidc::with_parameters(read->asked.redirect_uri, answer);
    DOMICILE_CHECK(location.starts_with(read->asked.redirect_uri));
    const bool visible = std::ranges::all_of(location, [](char c) { return c > ' ' && c <= '~'; });
    DOMICILE_CHECK(visible);
}

void check_page(std::string_view input) {
    const std::string escaped = xml_escape(input);
    DOMICILE_CHECK(escaped.find_first_of("<>\"'") == std::string::npos);
    const auto half = input.size() / 2;
    const auto& language = api::oidc::choose_language(input.substr(0, half), input.substr(half));
    DOMICILE_CHECK(language.tag == "en" || language.tag == "de");
}

}  // namespace

FUZZ_TARGET(oidc) {
    static const config::Client open = make_client(false), secret = make_client(true);
    check_page(input);
    const auto form = Form::parse(input);
    if (!form) return;
    check_form(*form);
    check_request(*form, open);
    check_request(*form, secret);
}

}  // namespace domicile::fuzz
