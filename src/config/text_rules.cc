#include "config/text_rules.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/encoding.h"
#include "base/url.h"

namespace domicile::config {
namespace {

bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool all_of(std::string_view text, std::size_t min, std::size_t max, std::string_view also) {
    return text.size() >= min && text.size() <= max &&
           std::all_of(text.begin(), text.end(), [&](char c) {
               return is_alnum(c) || also.find(c) != std::string_view::npos;
           });
}

// ISO 3166-1 alpha-2, the 249 officially assigned codes (2024).
constexpr std::string_view kCountries =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS "
    "BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC "
    "EE "
    "EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK "
    "HM "
    "HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB "
    "LC "
    "LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ "
    "NA "
    "NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU "
    "RW "
    "SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN "
    "TO "
    "TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW ";

constexpr std::array<std::string_view, 7> kMethods = {"GET",   "HEAD",   "POST",   "PUT",
                                                      "PATCH", "DELETE", "OPTIONS"};

// One segment of a path template; `last` allows {name+}.
bool is_segment(std::string_view text, bool last, std::set<std::string_view>& names) {
    if (text.empty()) return false;
    if (text.front() != '{') return all_of(text, 1, 255, "-._~!$&'()*+,;=:@%");
    if (text.back() != '}') return false;
    std::string_view name = text.substr(1, text.size() - 2);
    if (name.ends_with('+')) {
        if (!last) return false;
        name.remove_suffix(1);
    }
    return all_of(name, 1, 64, "_-") && names.insert(name).second;
}

}  // namespace

bool is_name(std::string_view text) { return all_of(text, 1, 64, "_.-") && is_alnum(text.front()); }

bool is_dns_label(std::string_view text) {
    return all_of(text, 1, 63, "-") && text.front() != '-' && text.back() != '-' &&
           to_lower(text) == text;
}

bool is_dns_name(std::string_view text) {
    if (text.size() > 253) return false;
    while (true) {
        const std::size_t dot = text.find('.');
        if (!is_dns_label(text.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

bool is_host_port(std::string_view text) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(std::min(colon + 1, text.size()));
    const std::string_view last = host.substr(host.rfind('.') + 1);
    if (!is_dns_name(host) || last[0] < 'a') return false;
    if (port.empty() || port.size() > 5 || port[0] == '0') return false;
    int number = 0;
    for (const char c : port) {
        if (c < '0' || c > '9') return false;
        number = number * 10 + (c - '0');
    }
    return number <= 65'535;
}

bool is_id_suffix(std::string_view text) { return all_of(text, 1, 55, ""); }
bool is_client_id(std::string_view text) { return all_of(text, 1, 128, "_+"); }
bool is_item_attribute(std::string_view text) { return all_of(text, 1, 255, "_.:-"); }
bool is_table_name(std::string_view text) { return all_of(text, 3, 255, "_.-"); }

bool is_attribute(std::string_view text) {
    static constexpr std::array<std::string_view, 19> kStandard = {"address",
                                                                   "birthdate",
                                                                   "email",
                                                                   "email_verified",
                                                                   "family_name",
                                                                   "gender",
                                                                   "given_name",
                                                                   "locale",
                                                                   "middle_name",
                                                                   "name",
                                                                   "nickname",
                                                                   "phone_number",
                                                                   "phone_number_verified",
                                                                   "picture",
                                                                   "preferred_username",
                                                                   "profile",
                                                                   "updated_at",
                                                                   "website",
                                                                   "zoneinfo"};
    if (text.starts_with("custom:")) return all_of(text.substr(7), 1, 20, "_-.");
    return std::find(kStandard.begin(), kStandard.end(), text) != kStandard.end();
}

bool is_path_template(std::string_view text) {
    if (text.size() > 1024 || !text.starts_with('/')) return false;
    if (text == "/") return true;
    std::set<std::string_view> names;
    text.remove_prefix(1);
    while (true) {
        const std::size_t slash = text.find('/');
        const bool last = slash == std::string_view::npos;
        if (!is_segment(text.substr(0, slash), last, names)) return false;
        if (last) return true;
        text.remove_prefix(slash + 1);
    }
}

bool is_method(std::string_view text) {
    return std::find(kMethods.begin(), kMethods.end(), text) != kMethods.end();
}

bool is_origin(std::string_view text) {
    if (text == "*") return true;
    for (std::string_view scheme : {"https://", "http://"})
        if (text.starts_with(scheme)) return all_of(text.substr(scheme.size()), 1, 260, ".-:[]");
    return false;
}

bool is_header(std::string_view text) { return all_of(text, 1, 100, "!#$%&'*+-.^_`|~"); }

bool is_header_name(std::string_view text) { return all_of(text, 1, 100, "!#$%&'+-.^_`|~"); }

bool is_rewrite(std::string_view text) {
    if (text.size() > 1024 || !text.starts_with('/')) return false;
    const auto literal = [](std::string_view part) {
        return (part.empty() || all_of(part, 1, 1024, "._~!$&'()*+,;=:@%/?-")) &&
               percent_decode(part).has_value();
    };
    while (true) {
        const std::size_t open = std::min(text.find_first_of("{}"), text.size());
        if (!literal(text.substr(0, open))) return false;
        if (open == text.size()) return true;
        const std::size_t close = text.find('}', open);
        if (text[open] != '{' || close == std::string_view::npos) return false;
        if (!all_of(text.substr(open + 1, close - open - 1), 1, 64, "_-")) return false;
        text.remove_prefix(close + 1);
    }
}

bool is_check_path(std::string_view text) {
    return text.starts_with('/') && all_of(text, 1, 256, "._~!$&'()*+,;=:@%/?-");
}

bool is_scope(std::string_view text) {
    return !text.empty() && text.size() <= 256 && std::ranges::all_of(text, [](char c) {
        return c > ' ' && c < 0x7f && c != '"' && c != '\\';
    });
}

bool is_sha256(std::string_view text) {
    return text.size() == 64 &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_claim(std::string_view text) { return all_of(text, 1, 128, "_:./-"); }

bool is_document_name(std::string_view text) { return all_of(text, 1, 255, "_./-"); }

bool is_query_name(std::string_view text) {
    return !text.empty() && text.size() <= 128 &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_issuer(std::string_view text) {
    return text.find('?') == std::string_view::npos && is_key_url(text);
}

// One spelling each, as issuers are compared byte by byte: no escapes, no superfluous zeros.
bool is_key_url(std::string_view text) {
    const auto url = parse_url(text);
    if (!url || text.find('%') != std::string_view::npos) return false;
    const bool here = url->host == "localhost" || url->host == "127.0.0.1" || url->host == "::1";
    if (url->tls ? url->host.find(':') != std::string::npos : !here) return false;
    text.remove_prefix(url->tls ? 8 : 7);
    const std::string host = url->host == "::1" ? "[::1]" : url->host;
    if (!text.starts_with(host)) return false;
    text.remove_prefix(host.size());
    const std::string port = ':' + std::to_string(url->port);
    return text.empty() || text.starts_with('/') || text.starts_with('?') || text == port ||
           text.starts_with(port + '/') || text.starts_with(port + '?');
}

bool is_provider_name(std::string_view text) {
    return all_of(text, 3, 32, ".-") && all_of(text.substr(0, 1), 1, 1, "");
}

bool is_resource_scope(std::string_view text) { return all_of(text, 1, 128, "_.:*-"); }

namespace {

constexpr std::string_view kUriCharacters = "._~!$&()*+,;=:@%/?-";

// Behind "https://" or "http://".
bool is_server_part(std::string_view text, bool tls) {
    const auto end = text.find_first_of("/?");
    std::string_view host = text.substr(0, end);
    const auto colon = host.starts_with('[') ? host.find(':', host.find(']')) : host.find(':');
    if (colon != host.npos) {
        const std::string_view port = host.substr(colon + 1);
        if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != port.npos)
            return false;
        host = host.substr(0, colon);
    }
    const bool good = tls ? all_of(host, 1, 253, ".-")
                          : host == "localhost" || host == "127.0.0.1" || host == "[::1]";
    return good && (end == text.npos || all_of(text.substr(end), 1, 1024, kUriCharacters));
}

}  // namespace

bool is_redirect_uri(std::string_view text) {
    if (text.size() > 1024) return false;
    if (text.starts_with("https://")) return is_server_part(text.substr(8), true);
    if (text.starts_with("http://")) return is_server_part(text.substr(7), false);
    // What browsers would run or read themselves is nobody's own scheme.
    constexpr std::string_view kRefused[] = {"https", "http",     "file", "javascript",
                                             "data",  "vbscript", "blob", "about"};
    const auto colon = text.find(':');
    if (colon == text.npos || colon == 0 || colon > 63) return false;
    const std::string_view scheme = text.substr(0, colon);
    if (std::ranges::find(kRefused, scheme) != std::end(kRefused)) return false;
    if (scheme[0] < 'a' || scheme[0] > 'z' || scheme != to_lower(scheme)) return false;
    return all_of(scheme, 1, 63, "+.-") && text.substr(colon + 1).starts_with('/') &&
           all_of(text.substr(colon + 1), 1, 1024, kUriCharacters);
}

bool is_relative_file(std::string_view text) {
    if (text.empty() || text.front() == '/' || text.size() > 255) return false;
    return text.find("..") == std::string_view::npos && text.find('\\') == std::string_view::npos;
}

bool is_store_prefix(std::string_view text) {
    return all_of(text, 1, 64, "_./-") && text.back() == '/';
}

bool is_database_name(std::string_view text) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !text.empty() && text.size() <= 58 && std::ranges::all_of(text, fits) &&
           !(text.front() >= '0' && text.front() <= '9');
}

bool is_parameter(std::string_view text) {
    if (text.empty() || text.size() > 1011) return false;
    int words = 0;
    while (!text.empty()) {
        if (text[0] != '/' || ++words > 15) return false;
        text.remove_prefix(1);
        const std::size_t end = std::min(text.find('/'), text.size());
        if (!all_of(text.substr(0, end), 1, 1011, "_.-")) return false;
        text.remove_prefix(end);
    }
    return true;
}

bool is_parameter_pattern(std::string_view text) {
    if (text == "/*") return true;
    if (!text.ends_with("/*")) return is_parameter(text);
    if (text.size() > 1011 || std::ranges::count(text, '/') > 15) return false;
    return is_parameter(text.substr(0, text.size() - 2));
}

bool is_mail_kind(std::string_view text) {
    const std::size_t dot = text.find('.');
    const std::string_view kind = text.substr(0, dot);
    constexpr std::array<std::string_view, 6> kKinds = {"verification", "password_reset",
                                                        "invitation",   "address_wanted",
                                                        "sign_in_code", "second_factor_code"};
    if (std::ranges::find(kKinds, kind) == kKinds.end()) return false;
    if (dot == text.npos) return true;
    const std::string_view language = text.substr(dot + 1);
    return language.size() >= 2 && language.size() <= 3 &&
           std::ranges::all_of(language, [](char c) { return c >= 'a' && c <= 'z'; });
}

namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_address(std::string_view text) {
    const std::size_t at = text.find('@');
    if (at == text.npos || at == 0 || at + 1 == text.size()) return false;
    return text.find('@', at + 1) == text.npos && text.find_first_of("<> ") == text.npos;
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

bool is_mailbox(std::string_view text) {
    if (std::ranges::any_of(text, is_control)) return false;
    const std::size_t open = text.find('<');
    if (open == text.npos) return is_address(text);
    return text.ends_with('>') && text.substr(0, open).find('>') == text.npos &&
           is_address(text.substr(open + 1, text.size() - open - 2));
}

bool is_mail_subject(std::string_view text) {
    return !text.empty() && characters(text) <= 140 && std::ranges::none_of(text, is_control);
}

bool is_mail_text(std::string_view text) { return !text.empty() && characters(text) <= 20'000; }

bool is_network(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == text.npos || slash < 2 || slash > 45) return false;
    const std::string_view bits = text.substr(slash + 1);
    const bool is_number = !bits.empty() && bits.size() <= 3 &&
                           std::ranges::all_of(bits, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number || (bits.size() > 1 && bits.front() == '0')) return false;
    if (bits.size() == 3 && bits > "128") return false;
    return text.substr(0, slash).find_first_not_of("0123456789ABCDEFabcdef:.") == text.npos;
}

bool is_variable(std::string_view text) {
    return all_of(text, 1, 128, "_") && !(text.front() >= '0' && text.front() <= '9');
}

bool is_country(std::string_view text) {
    if (text.size() != 2 || text.find(' ') != std::string_view::npos) return false;
    return kCountries.find(std::string(text) + " ") != std::string_view::npos;
}

std::vector<std::string> country_choices() {
    std::vector<std::string> out;
    for (std::size_t at = 0; at + 2 < kCountries.size(); at += 3)
        out.emplace_back(kCountries.substr(at, 2));
    return out;
}

std::vector<std::string> method_choices() { return {kMethods.begin(), kMethods.end()}; }

std::string suggest_country(std::string_view text) {
    std::string upper(text.substr(0, 2));
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (text.size() == 2 && upper == "UK") return "the code of the United Kingdom is GB";
    if (text.size() == 2 && upper == "EL") return "the code of Greece is GR";
    if (text.size() == 2 && upper == "EU") return "list the member states";
    if (text.size() == 2 && is_country(upper)) return "did you mean `" + upper + "`?";
    return "two upper-case letters, for example AU or DE";
}

}  // namespace domicile::config
