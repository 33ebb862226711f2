// The parts of a page of more than one matter, as HTML.
#pragma once

#include <string>

#include "api/oidc/page.h"

namespace domicile::api::oidc {

// Within a form, whose other fields its buttons bring along.
void add_section(std::string& out, const Section& section);

}  // namespace domicile::api::oidc
