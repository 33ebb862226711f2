#include "io/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace domicile::io {
namespace {

std::unexpected<Error> from_errno(const std::string& what) {
    switch (errno) {
        case ENOENT:
        case ENOTDIR:
            return fail(Code::not_found, what + ": no such file.");
        case EEXIST:
            return fail(Code::already_exists, what + ": the file is there already.");
        case EACCES:
        case EPERM:
            return fail(Code::permission_denied, what + ": permission denied.");
        case ENOSPC:
        case EDQUOT:
            return fail(Code::unavailable, what + ": the disk is full.");
        default:
            return fail(Code::unavailable, what + ": input/output error.");
    }
}

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }
    bool ok() const { return fd_ >= 0; }

  private:
    int fd_;
};

Result<void> write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return from_errno("Writing a file");
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

FileInfo info_from(const struct stat& status) {
    return {
        static_cast<std::uint64_t>(status.st_size),
        Timestamp{std::int64_t{status.st_mtim.tv_sec} * 1000 + status.st_mtim.tv_nsec / 1'000'000},
        S_ISDIR(status.st_mode)};
}

class PosixAppendFile final : public AppendFile {
  public:
    PosixAppendFile(Descriptor fd, std::uint64_t size) : fd_(std::move(fd)), size_(size) {}
    Result<void> append(std::string_view bytes) override {
        TRY_VOID(write_all(fd_.get(), bytes));
        size_ += bytes.size();
        return {};
    }
    Result<void> sync() override {
        if (fdatasync(fd_.get()) != 0) return from_errno("Syncing a file");
        return {};
    }
    std::uint64_t size() const override { return size_; }

  private:
    Descriptor fd_;
    std::uint64_t size_;
};

class PosixReadFile final : public ReadFile {
  public:
    PosixReadFile(Descriptor fd, FileInfo info) : fd_(std::move(fd)), info_(info) {}
    const FileInfo& info() const override { return info_; }
    Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) override {
        for (;;) {
            const ssize_t count = pread(fd_.get(), into, size, static_cast<off_t>(offset));
            if (count >= 0) return static_cast<std::size_t>(count);
            if (errno != EINTR) return from_errno("Reading a file");
        }
    }

  private:
    Descriptor fd_;
    FileInfo info_;
};

class PosixFiles final : public Files {
  public:
    Result<std::string> read(const std::string& path, std::size_t max_bytes) override {
        TRY(const std::unique_ptr<ReadFile> file, open_read(path));
        if (file->info().size > max_bytes)
            return fail(Code::too_large, path + ": the file is too large.");
        std::string out(max_bytes + 1, '\0');
        std::size_t used = 0;
        while (used < out.size()) {
            TRY(const std::size_t count, file->read_at(used, out.data() + used, out.size() - used));
            if (count == 0) break;
            used += count;
        }
        if (used > max_bytes) return fail(Code::too_large, path + ": the file is too large.");
        out.resize(used);
        out.shrink_to_fit();
        return out;
    }

    Result<void> write_atomic(const std::string& path, std::string_view bytes,
                              unsigned mode) override {
        const std::string temporary = path + ".new." + std::to_string(getpid());
        {
            Descriptor fd(
                ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
            if (!fd.ok()) return from_errno(path);
            fchmod(fd.get(), mode);
            TRY_VOID(write_all(fd.get(), bytes));
            if (fsync(fd.get()) != 0) return from_errno(path);
        }
        if (rename(temporary.c_str(), path.c_str()) != 0) return from_errno(path);
        return sync_folder_of(path);
    }

    Result<std::unique_ptr<AppendFile>> open_append(const std::string& path) override {
        Descriptor fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
        struct stat status{};
        if (!fd.ok() || fstat(fd.get(), &status) != 0) return from_errno(path);
        TRY_VOID(sync_folder_of(path));
        return std::make_unique<PosixAppendFile>(std::move(fd),
                                                 static_cast<std::uint64_t>(status.st_size));
    }

    Result<std::unique_ptr<AppendFile>> create(const std::string& path) override {
        Descriptor fd(
            ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!fd.ok()) return from_errno(path);
        return std::make_unique<PosixAppendFile>(std::move(fd), 0);
    }

    Result<void> publish(const std::string& from, const std::string& to) override {
        if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
            // A file system that cannot (NFS, say) has hard links.
            if (errno != EINVAL && errno != ENOSYS) return from_errno(to);
            if (link(from.c_str(), to.c_str()) != 0) return from_errno(to);
            if (unlink(from.c_str()) != 0) return from_errno(from);
        }
        return sync_folder_of(to);
    }

    Result<std::unique_ptr<ReadFile>> open_read(const std::string& path) override {
        Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        struct stat status{};
        if (!fd.ok() || fstat(fd.get(), &status) != 0) return from_errno(path);
        if (!S_ISREG(status.st_mode)) return fail(Code::not_found, path + ": not a file.");
        return std::make_unique<PosixReadFile>(std::move(fd), info_from(status));
    }

    Result<FileInfo> info(const std::string& path) override {
        struct stat status{};
        if (stat(path.c_str(), &status) != 0) return from_errno(path);
        return info_from(status);
    }

    Result<void> truncate(const std::string& path, std::uint64_t size) override {
        Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        if (!fd.ok() || ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
            fsync(fd.get()) != 0) {
            return from_errno(path);
        }
        return {};
    }

    Result<void> create_directories(const std::string& path) override {
        for (std::size_t at = 1; at <= path.size(); ++at) {
            if (at < path.size() && path[at] != '/') continue;
            const std::string part = path.substr(0, at);
            const bool made = mkdir(part.c_str(), 0700) == 0;
            if (!made && errno != EEXIST) return from_errno(part);
            if (!made && at < path.size()) continue;
            // A folder that was there may lie in one that is not ours to open.
            const Result<void> synced = sync_folder_of(part);
            if (!synced && (made || synced.error().code != Code::permission_denied)) return synced;
        }
        return {};
    }

    Result<std::vector<std::string>> list(const std::string& path) override {
        DIR* folder = opendir(path.c_str());
        if (folder == nullptr) return from_errno(path);
        std::vector<std::string> names;
        while (const dirent* entry = readdir(folder)) {
            const std::string name = entry->d_name;
            if (name != "." && name != "..") names.push_back(name);
        }
        closedir(folder);
        std::sort(names.begin(), names.end());
        return names;
    }

    Result<void> remove(const std::string& path) override {
        if (::remove(path.c_str()) != 0) return from_errno(path);
        return sync_folder_of(path);
    }

  private:
    static Result<void> sync_folder_of(const std::string& path) {
        const auto slash = path.rfind('/');
        const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
        Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!fd.ok() || fsync(fd.get()) != 0) return from_errno(folder);
        return {};
    }
};

}  // namespace

Files& system_files() {
    static PosixFiles files;
    return files;
}

}  // namespace domicile::io
