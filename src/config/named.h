// A section whose keys are names: `pools: {health: {...}}`. Keeps the order of the file. T has a
// member `name`, which the loader fills in. There are tens of entries, so a scan is quick enough.
#pragma once

#include <string_view>
#include <vector>

namespace domicile::config {

template <class T>
struct NamedList : std::vector<T> {
    using std::vector<T>::vector;

    // nullptr if there is none.
    const T* find(std::string_view name) const {
        for (const T& entry : *this)
            if (entry.name == name) return &entry;
        return nullptr;
    }
};

}  // namespace domicile::config
