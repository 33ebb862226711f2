#include "api/oidc/page.h"

#include "api/oidc/page_script.h"
#include "api/oidc/page_sections.h"
#include "api/oidc/page_style.h"
#include "api/oidc/qr_code.h"
#include "base/encoding.h"
#include "base/xml.h"
#include "crypto/hash.h"

namespace domicile::api::oidc {
namespace {

void add_choice(std::string& out, const Field& field, const std::string& name) {
    out += "<select id=\"" + name + "\" name=\"" + name + "\" autocomplete=\"" +
           field.autocomplete + "\" required>\n<option></option>\n";
    for (const std::string& option : field.options) {
        out += option == field.value ? "<option selected>" : "<option>";
        out += xml_escape(option) + "</option>\n";
    }
    out += "</select></label>\n";
}

void add_field(std::string& out, const Field& field, bool described) {
    const std::string name = xml_escape(field.name);
    if (field.label.empty()) {
        out += "<input type=\"hidden\" name=\"" + name + "\" value=\"" + xml_escape(field.value) +
               "\">\n";
        return;
    }
    out += "<label for=\"" + name + "\">" + xml_escape(field.label) + "\n";
    if (!field.options.empty()) {
        add_choice(out, field, name);
        return;
    }
    out += "<input id=\"" + name + "\" name=\"" + name + "\" type=\"" + field.type +
           "\" autocomplete=\"" + field.autocomplete +
           "\" autocapitalize=\"none\" spellcheck=\"false\" required";
    if (field.autocomplete == "one-time-code") out += " inputmode=\"numeric\"";
    if (described) out += " aria-describedby=\"problem\" aria-invalid=\"true\"";
    if (!field.value.empty()) out += " value=\"" + xml_escape(field.value) + "\"";
    out += "></label>\n";
}

// In groups of four, as it is easier to type.
std::string in_groups(std::string_view text) {
    std::string out;
    for (; !text.empty(); text.remove_prefix(std::min<std::size_t>(4, text.size()))) {
        out += (out.empty() ? "" : " ") + std::string(text.substr(0, 4));
    }
    return out;
}

void add_app(std::string& out, const AppSecret& app) {
    out += "<figure>\n";
    if (const auto code = make_qr_code(app.uri)) {
        constexpr int kQuiet = 4;
        const std::string size = std::to_string(code->size + 2 * kQuiet);
        const std::string from = "-" + std::to_string(kQuiet);
        out += "<svg role=\"img\" aria-label=\"" + xml_escape(app.picture) + "\" viewBox=\"" +
               from + " " + from + " " + size + " " + size +
               "\" shape-rendering=\"crispEdges\"><path fill=\"#000\" d=\"" + qr_path(*code) +
               "\"/></svg>\n";
    }
    out += "<figcaption>" + xml_escape(app.label) + "<br><code>" +
           xml_escape(in_groups(app.secret)) + "</code><br><a href=\"" + xml_escape(app.uri) +
           "\">" + xml_escape(app.open) + "</a></figcaption>\n</figure>\n";
}

void add_choice_button(std::string& out, const Choice& choice) {
    out += "<button class=\"other\" type=\"submit\" name=\"way\" value=\"" +
           xml_escape(choice.way) + "\" formnovalidate";
    if (choice.needs_script) out += " hidden data-passkey";
    out += ">" + xml_escape(choice.text) + "</button>\n";
}

std::string form_start(const Page& page) {
    std::string out = "<form method=\"post\" action=\"" + xml_escape(page.action) + "\"";
    if (page.passkeys) {
        out += " data-passkeys=\"" + xml_escape(page.passkeys->act) + "\" data-options=\"" +
               xml_escape(page.passkeys->options) + "\"";
    }
    return out + ">\n";
}

// What the script shows, and what is read where there is none.
void add_passkey_words(std::string& out, const PasskeyScript& passkeys) {
    if (passkeys.act.empty()) return;
    out += "<p class=\"problem\" role=\"alert\" tabindex=\"-1\" hidden data-passkey-problem>" +
           xml_escape(passkeys.failed) + "</p>\n<p data-passkey-unable>" +
           xml_escape(passkeys.unable) + "</p>\n";
}

void add_form(std::string& out, const Page& page, bool described) {
    out += form_start(page);
    for (const Field& field : page.fields) add_field(out, field, described);
    for (const Section& section : page.sections) add_section(out, section);
    if (page.passkeys) add_passkey_words(out, *page.passkeys);
    const bool is_passkey = page.passkeys && !page.passkeys->act.empty();
    if (!page.button.empty()) {
        out += is_passkey ? "<button type=\"button\" hidden data-passkey data-passkey-go>"
                          : "<button type=\"submit\">";
        out += xml_escape(page.button) + "</button>\n";
    }
    for (const Choice& choice : page.choices) add_choice_button(out, choice);
    out += "</form>\n";
    if (page.passkeys) out += "<script>" + std::string(kPageScript) + "</script>\n";
}

}  // namespace

std::string write_page(const Page& page) {
    const std::string title = xml_escape(page.title);
    std::string out = "<!doctype html>\n<html lang=\"" + std::string(page.language.tag) +
                      "\">\n<head>\n<meta charset=\"utf-8\">\n<title>" + title +
                      "</title>\n<meta name=\"viewport\" content=\"width=device-width, "
                      "initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n<style>" +
                      std::string(kStyle) + "</style>\n</head>\n<body>\n<main>\n<h1>" + title +
                      "</h1>\n";
    const bool described = !page.problem.empty();
    if (described) {
        out += "<p class=\"problem\" id=\"problem\" role=\"alert\" tabindex=\"-1\" autofocus>" +
               xml_escape(page.problem) + "</p>\n";
    }
    if (!page.note.empty()) {
        out += "<p class=\"note\" role=\"status\">" + xml_escape(page.note) + "</p>\n";
    }
    if (!page.text.empty()) {
        out += "<p>" + xml_escape(page.text);
        if (!page.name.empty()) out += " <b>" + xml_escape(page.name) + "</b>";
        out += "</p>\n";
    }
    if (page.app) add_app(out, *page.app);
    if (!page.action.empty()) add_form(out, page, described);
    if (!page.links.empty()) out += "<nav>\n";
    for (const Link& link : page.links) {
        out += "<a href=\"" + xml_escape(link.target) + "\">" + xml_escape(link.text) +
               (link.name.empty() ? "" : " " + xml_escape(link.name)) + "</a>\n";
    }
    if (!page.links.empty()) out += "</nav>\n";
    return out + "</main>\n</body>\n</html>\n";
}

std::string content_policy(std::string_view form_targets, bool with_script) {
    static const std::string style = to_base64(crypto::sha256(kStyle));
    static const std::string script = to_base64(crypto::sha256(kPageScript));
    std::string out = "default-src 'none'; style-src 'sha256-" + style + "'; ";
    if (with_script) out += "script-src 'sha256-" + script + "'; ";
    out += "form-action 'self'";
    if (!form_targets.empty()) out += " " + std::string(form_targets);
    return out + "; frame-ancestors 'none'; base-uri 'none'";
}

std::string policy_source(std::string_view redirect_uri) {
    const auto scheme = redirect_uri.substr(0, redirect_uri.find(':') + 1);
    const bool named = scheme == "https:" || scheme == "http:";
    // The policy's grammar has no IPv6 addresses.
    if (!named || redirect_uri.contains('[')) return std::string(scheme);
    const auto end = redirect_uri.find_first_of("/?", scheme.size() + 2);
    return std::string(redirect_uri.substr(0, end));
}

}  // namespace domicile::api::oidc
