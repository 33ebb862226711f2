#include "api/oidc/page_sections.h"

#include "base/xml.h"

namespace domicile::api::oidc {
namespace {

// "2026-11-28 06:02 UTC": read the same in every language that the pages have.
std::string shown_time(const std::string& rfc3339) {
    return rfc3339.substr(0, 10) + " " + rfc3339.substr(11, 5) + " UTC";
}

// `about`: what else a button is called to who does not see where it stands.
void add_act(std::string& out, const Act& act, const std::string& about = std::string()) {
    out += "<button class=\"other\" type=\"submit\" name=\"act\" value=\"" + xml_escape(act.act) +
           "\"";
    if (!about.empty()) {
        out += " aria-label=\"" + xml_escape(act.text) + ": " + xml_escape(about) + "\"";
    }
    if (act.needs_script) out += " hidden data-passkey";
    out += ">" + xml_escape(act.text) + "</button>\n";
}

void add_entry(std::string& out, const Entry& entry) {
    const std::string time = to_rfc3339(entry.time);
    const std::string shown = shown_time(time);
    out += "<li><span>" + xml_escape(entry.text) + " <time datetime=\"" + time + "\">" + shown +
           "</time>";
    if (!entry.note.empty()) out += " (" + xml_escape(entry.note) + ")";
    out += "</span>\n";
    if (entry.act) add_act(out, *entry.act, std::string(entry.text) + " " + shown);
    out += "</li>\n";
}

}  // namespace

void add_section(std::string& out, const Section& section) {
    const std::string id = xml_escape(section.id);
    out += "<section aria-labelledby=\"" + id + "\">\n<h2 id=\"" + id + "\">" +
           xml_escape(section.heading) + "</h2>\n";
    if (!section.text.empty()) out += "<p>" + xml_escape(section.text) + "</p>\n";
    if (!section.entries.empty()) out += "<ul>\n";
    for (const Entry& entry : section.entries) add_entry(out, entry);
    if (!section.entries.empty()) out += "</ul>\n";
    for (const Act& act : section.acts) add_act(out, act);
    out += "</section>\n";
}

}  // namespace domicile::api::oidc
