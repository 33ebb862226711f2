// Bugs put in on purpose, to see that the tests find them. They exist only in a program that is
// compiled with DOMICILE_MUTANT, which sim/CMakeLists.txt does for one executable; in all others
// the condition is a constant and the bug is not in the program.
#pragma once

#include <string_view>

#ifdef DOMICILE_MUTANT
namespace domicile {
inline std::string_view mutant;  // the name of the one that is awake
}
#define DOMICILE_IS_MUTANT(name) (::domicile::mutant == (name))
#else
#define DOMICILE_IS_MUTANT(name) false
#endif
