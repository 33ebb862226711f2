// Where the file store keeps what, and walking over it in the order of keys. Blocking.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "blob/store.h"
#include "io/files.h"

namespace domicile::blob {

class Layout {
  public:
    Layout(std::string folder, io::Files& files) : folder_(std::move(folder)), files_(files) {}

    // Makes the folders, checks or writes the format, sweeps.
    Result<void> open();
    std::string path_of(const std::string& key) const;  // of a valid key
    std::string incoming(const std::string& name) const { return folder_ + "/incoming/" + name; }
    // The folder of the key is there, durably.
    Result<void> make_folder_of(const std::string& key);
    Result<std::vector<Listed>> list(const std::string& prefix, const std::string& after,
                                     std::size_t limit) const;

  private:
    struct Walk;
    Result<void> check_or_write_format();
    Result<void> sweep();
    Result<void> walk_space(const std::string& space, Walk& walk) const;
    Result<void> walk_shelf(const std::string& shelf, Walk& walk) const;  // "space/ab"
    // Empty when the folder is not there.
    Result<std::vector<std::string>> names_in(const std::string& path) const;

    const std::string folder_;
    io::Files& files_;
    std::mutex mutex_;
    std::set<std::string> made_;  // under mutex_: folders that are surely durable
};

}  // namespace domicile::blob
