// What a global table lets in: declared attributes of declared types, and nothing that looks like
// personal data. Internal to documents.
#pragma once

#include <optional>
#include <string>

#include "documents/documents.h"

namespace domicile::documents {

struct GlobalRefusal {
    Error error;            // invalid_argument, kNotDeclared or kLooksPersonal; without the value
    std::string attribute;  // a declared one, fit for the audit log; empty for others
};

// Of an item, its key, or the attributes that an update sets. nullopt: all may go in.
std::optional<GlobalRefusal> refusal_of(const config::Table& table, const Item& item);

}  // namespace domicile::documents
