// What the texts of the file may look like, each with the words that say so. For Limit::fits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace domicile::config {

bool is_name(std::string_view text);            // [A-Za-z0-9][A-Za-z0-9_.-]{0,63}
bool is_dns_label(std::string_view text);       // RFC 1123, lower case
bool is_dns_name(std::string_view text);        // labels and dots, at most 253
bool is_id_suffix(std::string_view text);       // [A-Za-z0-9]{1,55}
bool is_client_id(std::string_view text);       // [A-Za-z0-9_+]{1,128}
bool is_table_name(std::string_view text);      // [A-Za-z0-9_.-]{3,255}, as DynamoDB
bool is_item_attribute(std::string_view text);  // [A-Za-z0-9_.:-]{1,255}
bool is_attribute(std::string_view text);       // standard claim, or custom: and 1 to 20 characters
bool is_path_template(std::string_view text);
bool is_method(std::string_view text);
bool is_origin(std::string_view text);             // "*" or scheme://host[:port]
bool is_header(std::string_view text);             // RFC 9110 token, or "*"
bool is_header_name(std::string_view text);        // RFC 9110 token
bool is_rewrite(std::string_view text);            // "/v2/{id}?a={b}&{query}"
bool is_check_path(std::string_view text);         // "/healthz?full=1"
bool is_scope(std::string_view text);              // RFC 6749, 3.3
bool is_sha256(std::string_view text);             // [0-9a-f]{64}
bool is_query_name(std::string_view text);         // [!-~]{1,128}
bool is_document_name(std::string_view text);      // [A-Za-z0-9_./-]{1,255}
bool is_claim(std::string_view text);              // [A-Za-z0-9_:./-]{1,128}
bool is_issuer(std::string_view text);             // https://host[:port][/path]
bool is_redirect_uri(std::string_view text);       // https:, http: on this machine, own:/
bool is_provider_name(std::string_view text);      // [A-Za-z0-9][A-Za-z0-9.-]{2,31}
bool is_resource_scope(std::string_view text);     // [A-Za-z0-9_.:*-]{1,128}
bool is_key_url(std::string_view text);            // the same, perhaps with a query
bool is_relative_file(std::string_view text);      // no leading slash, no ".."
bool is_store_prefix(std::string_view text);       // [A-Za-z0-9_./-]{1,64}, ends in a slash
bool is_database_name(std::string_view text);      // [a-z_][a-z0-9_]{0,57}, with room for "_keys"
bool is_parameter(std::string_view text);          // /app/theme
bool is_parameter_pattern(std::string_view text);  // the same, or /app/*
bool is_host_port(std::string_view text);          // api.example.com:443; no address
bool is_mailbox(std::string_view text);            // address, or Name <address>
bool is_mail_kind(std::string_view text);          // verification, password_reset.de
bool is_mail_subject(std::string_view text);       // one line of 1 to 140 characters
bool is_mail_text(std::string_view text);          // 1 to 20,000 characters
bool is_network(std::string_view text);            // 192.0.2.0/24, by its letters; see check.cc
bool is_variable(std::string_view text);           // an environment variable's name

// ISO 3166-1 alpha-2, officially assigned, upper case.
bool is_country(std::string_view text);
std::string suggest_country(std::string_view text);

std::vector<std::string> country_choices();
std::vector<std::string> method_choices();

// The same rules as regular expressions, for the JSON Schema; a test compares the two. Only that a
// path template names no parameter twice cannot be said so.
namespace pattern {
inline constexpr const char* kName = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$";
inline constexpr const char* kDnsLabel = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";
inline constexpr const char* kDnsName =
    "^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$";
inline constexpr const char* kHostPort =
    "^(?=[^:]{1,253}:)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?:"
    "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$";
inline constexpr const char* kIdSuffix = "^[A-Za-z0-9]{1,55}$";
inline constexpr const char* kClientId = "^[A-Za-z0-9_+]{1,128}$";
inline constexpr const char* kTableName = "^[A-Za-z0-9_.-]{3,255}$";
inline constexpr const char* kItemAttribute = "^[A-Za-z0-9_.:-]{1,255}$";
inline constexpr const char* kAttribute =
    "^(custom:[A-Za-z0-9_.-]{1,20}|address|birthdate|email|email_verified|family_name|gender|"
    "given_name|locale|middle_name|name|nickname|phone_number|phone_number_verified|picture|"
    "preferred_username|profile|updated_at|website|zoneinfo)$";
inline constexpr const char* kPathTemplate =
    "^(?=.{1,1024}$)(/|(/([A-Za-z0-9._~!$&'()*+,;=:@%-]{1,255}|\\{[A-Za-z0-9_-]{1,64}\\}))+"
    "(/\\{[A-Za-z0-9_-]{1,64}\\+\\})?|/\\{[A-Za-z0-9_-]{1,64}\\+\\})$";
inline constexpr const char* kParameter = "^(?=.{1,1011}$)(/[A-Za-z0-9_.-]+){1,15}$";
inline constexpr const char* kParameterPattern =
    "^(?=.{1,1011}$)((/[A-Za-z0-9_.-]+){1,15}|(/[A-Za-z0-9_.-]+){0,14}/\\*)$";
inline constexpr const char* kOrigin = "^(\\*|https?://[A-Za-z0-9.:\\[\\]-]{1,260})$";
inline constexpr const char* kHeader = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$";
inline constexpr const char* kHeaderName = "^[A-Za-z0-9!#$%&'+.^_`|~-]{1,100}$";
inline constexpr const char* kRewrite =
    "^(?=.{1,1024}$)/([A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}|\\{[A-Za-z0-9_-]{1,64}\\})*"
    "(\\?([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2}|\\{[A-Za-z0-9_-]{1,64}\\})*)?$";
inline constexpr const char* kCheckPath = "^/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,255}$";
inline constexpr const char* kScope = "^[!#-\\[\\]-~]{1,256}$";
inline constexpr const char* kSha256 = "^[0-9a-f]{64}$";
inline constexpr const char* kDocumentName = "^[A-Za-z0-9_./-]{1,255}$";
inline constexpr const char* kQueryName = "^[!-~]{1,128}$";
inline constexpr const char* kClaim = "^[A-Za-z0-9_:./-]{1,128}$";
#define DOMICILE_ORIGIN                                                                      \
    "^(https://(?![^/?]*\\.\\.)[a-z0-9][a-z0-9.-]{0,252}|http://(localhost|127\\.0\\.0\\.1|" \
    "\\[::1\\]))(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|"            \
    "655[0-2][0-9]|6553[0-5]))?(/[A-Za-z0-9._~!$&'()*+,;=:@/-]*)?"
inline constexpr const char* kIssuer = DOMICILE_ORIGIN "$";
inline constexpr const char* kKeyUrl = DOMICILE_ORIGIN "(\\?[A-Za-z0-9._~!$&'()*+,;=:@/?-]*)?$";
#undef DOMICILE_ORIGIN
#define DOMICILE_URI_REST "[A-Za-z0-9._~!$&()*+,;=:@%/?-]*"
inline constexpr const char* kRedirectUri =
    "^(?=.{1,1024}$)((https://[A-Za-z0-9.-]{1,253}|http://(localhost|127\\.0\\.0\\.1|\\[::1\\]))"
    "(:[0-9]{1,5})?([/?]" DOMICILE_URI_REST
    ")?|"
    "(?!(https?|javascript|data|vbscript|file|blob|about):)[a-z][a-z0-9+.-]{0,62}:"
    "/" DOMICILE_URI_REST ")$";
#undef DOMICILE_URI_REST
inline constexpr const char* kProviderName = "^[A-Za-z0-9][A-Za-z0-9.-]{2,31}$";
inline constexpr const char* kResourceScope = "^[A-Za-z0-9_.:*-]{1,128}$";
inline constexpr const char* kRelativeFile = "^(?!/)(?!.*\\.\\.)[^\\\\]{1,255}$";
inline constexpr const char* kStorePrefix = "^[A-Za-z0-9_./-]{0,63}/$";
inline constexpr const char* kDatabaseName = "^[a-z_][a-z0-9_]{0,57}$";
inline constexpr const char* kMailbox =
    "^([^@<> \\x00-\\x1f\\x7f]+@[^@<> \\x00-\\x1f\\x7f]+|"
    "[^<>\\x00-\\x1f\\x7f]*<[^@<> \\x00-\\x1f\\x7f]+@[^@<> \\x00-\\x1f\\x7f]+>)$";
inline constexpr const char* kMailKind =
    "^(verification|password_reset|invitation|address_wanted|sign_in_code|second_factor_code)"
    "(\\.[a-z]{2,3})?$";
inline constexpr const char* kMailSubject = "^[^\\x00-\\x1f\\x7f]{1,140}$";
inline constexpr const char* kMailText = "^[\\s\\S]{1,20000}$";
inline constexpr const char* kNetwork =
    "^[0-9A-Fa-f:.]{2,45}/([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8])$";
inline constexpr const char* kVariable = "^[A-Za-z_][A-Za-z0-9_]{0,127}$";
}  // namespace pattern

}  // namespace domicile::config
