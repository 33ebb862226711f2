// A SQLite VFS on a simulated disk, so that the real engines (sql, kv) run on it unchanged. Locks
// and the shared memory of WAL are the host's, and end with its process.
#pragma once

#include <memory>
#include <string>

#include "sim/disk.h"

namespace domicile::sim {

class Vfs {
  public:
    // Registered under "sim:<name>" for as long as this lives. SQLite's own randomness is seeded
    // when a world begins: see seed_sqlite().
    Vfs(Disk& disk, const std::string& name);
    ~Vfs();
    const std::string& name() const { return name_; }

  private:
    struct Impl;
    std::string name_;
    std::unique_ptr<Impl> impl_;
};

void seed_sqlite(std::uint64_t seed);

}  // namespace domicile::sim
