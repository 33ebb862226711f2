// Whether a text looks as if it were about a person. A net under the allow-list of global tables,
// not a proof: what is found here is refused, what is not found may still be personal.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace domicile::documents {

enum class Personal : std::uint8_t { email, phone, card, iban, national_id };

// "an e-mail address", "a phone number", ...
std::string_view words_for(Personal kind);

// Looks everywhere in the text: e-mail addresses; phone numbers in international form, and in
// national form where they are written in groups; card numbers (ISO/IEC 7812: known issuers, Luhn);
// IBANs (ISO 13616, mod 97); national numbers with a form or check digits of their own: Brazil
// (CPF), China, France (NIR), Germany (IdNr), India (Aadhaar), Italy (codice fiscale), Poland
// (PESEL), Spain (DNI, NIE), Sweden, United Kingdom (NINO), United States (SSN). Linear in the
// text.
std::optional<Personal> looks_personal(std::string_view text);

// The same of a number's digits, where groups cannot tell: cards, and national numbers of 15 digits
// and more. Shorter ones are met by chance too often.
std::optional<Personal> number_looks_personal(std::string_view digits);

}  // namespace domicile::documents
