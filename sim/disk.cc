#include "sim/disk.h"

namespace domicile::sim {
namespace {

constexpr std::uint64_t kSectorBytes = 512;

void carry_out(const Disk::Change& change, std::string& to) {
    if (change.truncates) {
        to.resize(change.offset);
        return;
    }
    if (to.size() < change.offset + change.bytes.size())
        to.resize(change.offset + change.bytes.size());
    std::copy(change.bytes.begin(), change.bytes.end(),
              to.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

}  // namespace

Disk::FilePtr Disk::find(const std::string& path) const {
    const auto found = files_.find(path);
    return found == files_.end() ? nullptr : found->second;
}

Disk::FilePtr Disk::create(const std::string& path) {
    FilePtr& file = files_[path];
    if (file == nullptr) file = std::make_shared<File>();
    return file;
}

bool Disk::operation() {
    if (dead_) return false;
    ++operations_;
    if (countdown_ == 0) return true;
    --countdown_;
    if (countdown_ > 0) return true;
    lose_power();
    return false;
}

bool Disk::write(const FilePtr& file, std::uint64_t offset, std::string_view bytes) {
    if (dead_) return false;
    file->unsynced.push_back({offset, std::string(bytes), false});
    carry_out(file->unsynced.back(), file->now);
    return operation();
}

bool Disk::truncate(const FilePtr& file, std::uint64_t size) {
    if (dead_) return false;
    file->unsynced.push_back({size, {}, true});
    carry_out(file->unsynced.back(), file->now);
    return operation();
}

bool Disk::sync(const FilePtr& file) {
    if (!operation()) return false;
    for (const Change& change : file->unsynced) carry_out(change, file->safe);
    file->unsynced.clear();
    return true;
}

bool Disk::replace(const std::string& path, std::string_view bytes) {
    if (!operation()) return false;
    auto file = std::make_shared<File>();
    file->now = file->safe = bytes;
    files_[path] = std::move(file);
    return true;
}

bool Disk::rename(const std::string& from, const std::string& to) {
    if (dead_) return false;
    const bool alive = operation();
    if (alive || random_.chance(.5)) {
        files_[to] = files_[from];
        files_.erase(from);
    }
    return alive;
}

bool Disk::remove(const std::string& path) {
    if (!operation()) return false;
    return files_.erase(path) > 0;
}

std::vector<std::string> Disk::paths() const {
    std::vector<std::string> out;
    out.reserve(files_.size());
    for (const auto& [path, file] : files_) out.push_back(path);
    return out;
}

void Disk::lose_power() {
    if (dead_) return;
    dead_ = true;
    countdown_ = 0;
    for (auto& [path, file] : files_) settle(*file);
    forget_handles();
    on_power_loss_();
}

// What the platter holds afterwards: a disk may have written any of what it was given, in any
// order, but by sectors.
void Disk::settle(File& file) {
    const std::uint64_t mode = random_.below(4);  // none, all, the first ones, any
    const std::uint64_t first = random_.below(file.unsynced.size() + 1);
    for (std::size_t i = 0; i < file.unsynced.size(); ++i) {
        Change& change = file.unsynced[i];
        const bool kept =
            mode == 1 || (mode == 2 && i < first) || (mode == 3 && random_.chance(.5));
        const bool torn = mode >= 2 && !change.truncates && change.bytes.size() > kSectorBytes &&
                          random_.chance(0.3);
        if (!kept) ++changes_lost_;
        if (!kept) continue;
        if (torn) {
            const std::uint64_t sectors = change.bytes.size() / kSectorBytes;
            change.bytes.resize(kSectorBytes * (1 + random_.below(sectors)));
        }
        carry_out(change, file.safe);
    }
    file.unsynced.clear();
    file.now = file.safe;
}

void Disk::power_on() { dead_ = false; }

void Disk::forget_handles() {
    ++generation_;
    kernel_state_.clear();
}

std::map<std::string, std::string> Disk::snapshot() const {
    std::map<std::string, std::string> out;
    for (const auto& [path, file] : files_) out[path] = file->now;
    return out;
}

void Disk::restore(const std::map<std::string, std::string>& files) {
    files_.clear();
    for (const auto& [path, bytes] : files) {
        auto file = std::make_shared<File>();
        file->now = file->safe = bytes;
        files_[path] = std::move(file);
    }
}

}  // namespace domicile::sim
