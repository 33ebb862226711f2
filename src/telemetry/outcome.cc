#include "telemetry/outcome.h"

namespace domicile::telemetry {

Outcome outcome_of(Code code) {
    switch (code) {
        case Code::invalid_argument:
        case Code::malformed:
        case Code::unauthenticated:
        case Code::permission_denied:
        case Code::not_found:
        case Code::already_exists:
        case Code::conflict:
        case Code::failed_precondition:
        case Code::too_large:
        case Code::misdirected:
        case Code::unsupported:
            return Outcome::refused;
        case Code::resource_exhausted:
        case Code::deadline_exceeded:
        case Code::cancelled:
        case Code::unavailable:
            return Outcome::unavailable;
        case Code::internal:
            return Outcome::failed;
    }
    return Outcome::failed;
}

}  // namespace domicile::telemetry
