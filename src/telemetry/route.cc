#include "telemetry/route.h"

namespace domicile::telemetry {

Method method_of(std::string_view name) {
    // Told apart by the first letters; the comparison then decides.
    const auto is = [&](Method method) {
        return name == label_values(Method{})[std::size_t(method)];
    };
    if (name.size() < 3) return Method::other;
    Method guess = Method::other;
    switch (name[0]) {
        case 'G':
            guess = Method::get;
            break;
        case 'H':
            guess = Method::head;
            break;
        case 'D':
            guess = Method::del;
            break;
        case 'O':
            guess = Method::options;
            break;
        case 'P':
            guess = name[1] == 'O' ? Method::post : name[1] == 'U' ? Method::put : Method::patch;
            break;
        default:
            return Method::other;
    }
    return is(guess) ? guess : Method::other;
}

}  // namespace domicile::telemetry
