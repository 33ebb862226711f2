// What the texts of the file may look like, each with the words that say so. For Limit::fits.
#pragma once

#include <string>
#include <string_view>

namespace domicile::config {

bool is_name(std::string_view text);        // [A-Za-z0-9][A-Za-z0-9_.-]{0,63}
bool is_dns_label(std::string_view text);   // RFC 1123, lower case
bool is_dns_name(std::string_view text);    // labels and dots, at most 253
bool is_id_suffix(std::string_view text);   // [A-Za-z0-9]{1,55}
bool is_client_id(std::string_view text);   // [A-Za-z0-9_+]{1,128}
bool is_table_name(std::string_view text);  // [A-Za-z0-9_.-]{3,255}, as DynamoDB
bool is_attribute(std::string_view text);   // standard claim, or custom: and 1 to 20 characters
bool is_path_template(std::string_view text);
bool is_method(std::string_view text);
bool is_origin(std::string_view text);         // "*" or scheme://host[:port]
bool is_header(std::string_view text);         // RFC 9110 token, or "*"
bool is_relative_file(std::string_view text);  // no leading slash, no ".."
bool is_variable(std::string_view text);       // an environment variable's name

// ISO 3166-1 alpha-2, officially assigned, upper case.
bool is_country(std::string_view text);
std::string suggest_country(std::string_view text);

}  // namespace domicile::config
