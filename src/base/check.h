// A broken invariant aborts, also in release: going on would risk a second home or a leak. Bad
// input is never an invariant; it gets an Error.
#pragma once

namespace domicile {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}

#define DOMICILE_CHECK(condition) \
    ((condition) ? void() : ::domicile::check_failed(#condition, __FILE__, __LINE__))
