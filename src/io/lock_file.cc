#include "io/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace domicile::io {
namespace {

class HeldLock final : public LockFile {
  public:
    explicit HeldLock(int fd) : fd_(fd) {}
    ~HeldLock() override { ::close(fd_); }

  private:
    int fd_;
};

}  // namespace

Result<std::unique_ptr<LockFile>> take_lock(const std::string& path, LockKind kind) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return fail(Code::unavailable, path + ": " + std::strerror(errno));
    auto held = std::make_unique<HeldLock>(fd);
    const int how = kind == LockKind::shared ? LOCK_SH : LOCK_EX;
    if (::flock(fd, how | LOCK_NB) == 0) return held;
    if (errno == EWOULDBLOCK)
        return fail(Code::failed_precondition, path + " is held by another process.");
    return fail(Code::unavailable, path + ": " + std::strerror(errno));
}

}  // namespace domicile::io
