// What a run found. Invariants are named as in ARCHITECTURE.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace domicile::sim {

struct Report {
    std::vector<std::string> violations;
    std::map<std::string, std::uint64_t> counts;  // of what was done, to see that it was
    bool verbose = false;

    void violation(const std::string& invariant, const std::string& what) {
        violations.push_back(invariant + ": " + what);
    }
    void count(const std::string& what) { ++counts[what]; }
};

}  // namespace domicile::sim
