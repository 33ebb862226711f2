// A put to an S3 service. A body that fits into one part is one request, any other is a multipart
// upload, of which some parts are on their way while the next is read.
#pragma once

#include <memory>
#include <string>

#include "blob/rules.h"
#include "blob/s3_client.h"

namespace domicile::blob::s3 {

// `parts` counts those in the memory of all puts; the first is held already, as `turn`.
io::Task<Result<Stored>> put(Client& client, Turn turn, Turn::Count parts, std::string key,
                             Source& source, Expected expected);

}  // namespace domicile::blob::s3
