#include "sim/files.h"

#include <algorithm>

namespace domicile::sim {
namespace {

std::unexpected<Error> none() { return fail(Code::not_found, "There is no such file."); }
std::unexpected<Error> broken() { return fail(Code::unavailable, "The disk does not answer."); }

class Append final : public io::AppendFile {
  public:
    Append(Disk& disk, Disk::FilePtr file) : disk_(disk), file_(std::move(file)) {}
    Result<void> append(std::string_view bytes) override {
        if (!disk_.write(file_, file_->now.size(), bytes)) return broken();
        return {};
    }
    Result<void> sync() override {
        if (!disk_.sync(file_)) return broken();
        return {};
    }
    std::uint64_t size() const override { return file_->now.size(); }

  private:
    Disk& disk_;
    Disk::FilePtr file_;
};

io::FileInfo info_of(const Disk::File& file) { return {file.now.size(), Timestamp{}, false}; }

class Read final : public io::ReadFile {
  public:
    explicit Read(Disk::FilePtr file) : file_(std::move(file)), info_(info_of(*file_)) {}
    const io::FileInfo& info() const override { return info_; }
    Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) override {
        if (offset >= file_->now.size()) return 0;
        const std::size_t count = std::min(size, file_->now.size() - offset);
        std::copy_n(file_->now.data() + offset, count, into);
        return count;
    }

  private:
    Disk::FilePtr file_;
    io::FileInfo info_;
};

}  // namespace

Result<std::string> SimFiles::read(const std::string& path, std::size_t max_bytes) {
    const Disk::FilePtr file = disk_.find(path);
    if (file == nullptr) return none();
    if (file->now.size() > max_bytes) return fail(Code::too_large, "The file is too large.");
    return file->now;
}

Result<void> SimFiles::write_atomic(const std::string& path, std::string_view bytes, unsigned) {
    if (!disk_.replace(path, bytes)) return broken();
    return {};
}

Result<std::unique_ptr<io::AppendFile>> SimFiles::open_append(const std::string& path) {
    if (disk_.dead()) return broken();
    return std::make_unique<Append>(disk_, disk_.create(path));
}

Result<std::unique_ptr<io::AppendFile>> SimFiles::create(const std::string& path) {
    if (disk_.find(path) != nullptr) return fail(Code::already_exists, "There is such a file.");
    return open_append(path);
}

Result<void> SimFiles::publish(const std::string& from, const std::string& to) {
    if (disk_.find(from) == nullptr) return none();
    if (disk_.find(to) != nullptr) return fail(Code::already_exists, "There is such a file.");
    if (!disk_.rename(from, to)) return broken();
    return {};
}

Result<std::unique_ptr<io::ReadFile>> SimFiles::open_read(const std::string& path) {
    Disk::FilePtr file = disk_.find(path);
    if (file == nullptr) return none();
    return std::make_unique<Read>(std::move(file));
}

Result<io::FileInfo> SimFiles::info(const std::string& path) {
    const Disk::FilePtr file = disk_.find(path);
    if (file == nullptr) return none();
    return info_of(*file);
}

Result<void> SimFiles::truncate(const std::string& path, std::uint64_t size) {
    const Disk::FilePtr file = disk_.find(path);
    if (file == nullptr) return none();
    if (!disk_.truncate(file, size) || !disk_.sync(file)) return broken();
    return {};
}

Result<std::vector<std::string>> SimFiles::list(const std::string& path) {
    std::vector<std::string> out;
    const std::string prefix = path + "/";
    for (const std::string& name : disk_.paths()) {
        if (!name.starts_with(prefix)) continue;
        std::string own = name.substr(prefix.size());
        own.resize(std::min(own.size(), own.find('/')));  // a folder is there when a file is in it
        if (out.empty() || out.back() != own) out.push_back(std::move(own));
    }
    std::sort(out.begin(), out.end());
    return out;
}

Result<void> SimFiles::remove(const std::string& path) {
    if (disk_.find(path) == nullptr) return none();
    if (!disk_.remove(path)) return broken();
    return {};
}

}  // namespace domicile::sim
