// What must hold of the disks of a world that has come to rest.
#pragma once

#include "sim/report.h"
#include "sim/workload.h"
#include "sim/world.h"

namespace domicile::sim {

// I1: nobody is confirmed in two regions, and the directory and the homes agree about everybody.
// I3: the directory holds what its format has room for, and no planted identifier.
// I5: everybody who was told so is there.
// I6: the audit logs hold together.
void check_disks(World& world, const std::vector<Person>& people, bool clocks_jumped_far,
                 Report& report);

}  // namespace domicile::sim
