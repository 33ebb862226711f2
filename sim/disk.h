// The disk of a host. Every file has what programs see and what is safely on the platter; writes
// move from the one to the other only by a sync. When the power goes, each write that was not
// synced is kept, lost or torn, as the seed decides.
//
// Folders are not modelled: creating, renaming and deleting a file is durable at once.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/seeded_random.h"

namespace domicile::sim {

class Disk {
  public:
    struct Change {
        std::uint64_t offset = 0;
        std::string bytes;
        bool truncates = false;  // to offset
    };
    struct File {
        std::string now, safe;
        std::vector<Change> unsynced;
    };
    using FilePtr = std::shared_ptr<File>;

    Disk(std::uint64_t seed, std::function<void()> on_power_loss)
        : random_(seed), on_power_loss_(std::move(on_power_loss)) {}

    FilePtr find(const std::string& path) const;
    FilePtr create(const std::string& path);  // the one that is there, or an empty one
    // False, and nothing more happens, once the power is gone.
    bool write(const FilePtr& file, std::uint64_t offset, std::string_view bytes);
    bool truncate(const FilePtr& file, std::uint64_t size);
    bool sync(const FilePtr& file);
    bool replace(const std::string& path, std::string_view bytes);  // atomic and durable
    // In one step; durable, but what was not synced stays so. When the power goes at it, it has
    // happened or not, as the seed decides.
    bool rename(const std::string& from, const std::string& to);
    bool remove(const std::string& path);
    std::vector<std::string> paths() const;

    bool dead() const { return dead_; }
    void lose_power();
    // Loses power at the n-th write or sync from now (n >= 1): between a write and its sync, say.
    void lose_power_after(std::uint64_t operations) { countdown_ = operations; }
    bool power_will_go() const { return countdown_ > 0; }
    void power_on();
    // Whoever had files open is gone: their locks and shared memory with them.
    void forget_handles();
    // Rises with each forget_handles(); what was opened before is no longer valid.
    std::uint64_t generation() const { return generation_; }

    // SQLite's shared memory and locks of a file, kept here since they end with the process.
    std::map<std::string, std::shared_ptr<void>>& kernel_state() { return kernel_state_; }

    // For starting from a prepared state.
    std::map<std::string, std::string> snapshot() const;
    void restore(const std::map<std::string, std::string>& files);

    std::uint64_t operations() const { return operations_; }
    std::uint64_t changes_lost() const { return changes_lost_; }

  private:
    bool operation();
    void settle(File& file);

    SeededRandom random_;
    std::function<void()> on_power_loss_;
    std::map<std::string, FilePtr> files_;
    std::map<std::string, std::shared_ptr<void>> kernel_state_;
    bool dead_ = false;
    std::uint64_t countdown_ = 0;
    std::uint64_t operations_ = 0;
    std::uint64_t changes_lost_ = 0;
    std::uint64_t generation_ = 0;
};

}  // namespace domicile::sim
