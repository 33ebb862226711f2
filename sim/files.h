// io::Files on a simulated disk.
#pragma once

#include "io/files.h"
#include "sim/disk.h"

namespace domicile::sim {

class SimFiles final : public io::Files {
  public:
    explicit SimFiles(Disk& disk) : disk_(disk) {}

    Result<std::string> read(const std::string& path, std::size_t max_bytes) override;
    Result<void> write_atomic(const std::string& path, std::string_view bytes,
                              unsigned mode) override;
    Result<std::unique_ptr<io::AppendFile>> open_append(const std::string& path) override;
    Result<std::unique_ptr<io::AppendFile>> create(const std::string& path) override;
    Result<void> publish(const std::string& from, const std::string& to) override;
    Result<std::unique_ptr<io::ReadFile>> open_read(const std::string& path) override;
    Result<io::FileInfo> info(const std::string& path) override;
    Result<void> truncate(const std::string& path, std::uint64_t size) override;
    Result<void> create_directories(const std::string&) override { return {}; }
    Result<std::vector<std::string>> list(const std::string& path) override;
    Result<void> remove(const std::string& path) override;

  private:
    Disk& disk_;
};

}  // namespace domicile::sim
