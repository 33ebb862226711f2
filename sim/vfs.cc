// The methods follow SQLite's "OS Interface" (sqlite.org/c3ref/vfs.html, c3ref/io_methods.html)
// and os_unix.c for the rules of locks.
#include "sim/vfs.h"

#include <sqlite3.h>

#include <array>
#include <cstring>

#include "base/check.h"

namespace domicile::sim {
namespace {

constexpr int kShmLocks = SQLITE_SHM_NLOCK;

// What the kernel knows of one database file.
struct Kernel {
    int shared = 0;          // file locks
    bool reserved = false;   // by somebody
    bool exclusive = false;  // pending counts as exclusive: nobody waits here
    std::vector<std::unique_ptr<std::array<char, 32 * 1024>>> regions;
    std::array<int, kShmLocks> shm_shared{};
    std::array<bool, kShmLocks> shm_exclusive{};
};

struct OpenFile {
    sqlite3_file base;  // first: SQLite knows no more of it
    Disk* disk;
    std::uint64_t generation;
    Disk::FilePtr file;
    std::string path;
    bool delete_on_close;
    int lock;
    std::shared_ptr<Kernel> kernel;
    std::array<bool, kShmLocks> shm_shared, shm_exclusive;

    // After a crash, what was open is of no more use.
    bool usable() const { return !disk->dead() && generation == disk->generation(); }
};

OpenFile& of(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }

int do_close(sqlite3_file* handle) {
    OpenFile& open = of(handle);
    if (open.usable() && open.delete_on_close) open.disk->remove(open.path);
    open.~OpenFile();
    return SQLITE_OK;
}

int do_read(sqlite3_file* handle, void* into, int size, sqlite3_int64 offset) {
    OpenFile& open = of(handle);
    if (!open.usable()) return SQLITE_IOERR_READ;
    const std::string& bytes = open.file->now;
    const auto wanted = static_cast<std::size_t>(size);
    const auto at = static_cast<std::size_t>(offset);
    const std::size_t there = at >= bytes.size() ? 0 : std::min(wanted, bytes.size() - at);
    std::memcpy(into, bytes.data() + at, there);
    if (there == wanted) return SQLITE_OK;
    std::memset(static_cast<char*>(into) + there, 0, wanted - there);
    return SQLITE_IOERR_SHORT_READ;
}

int do_write(sqlite3_file* handle, const void* from, int size, sqlite3_int64 offset) {
    OpenFile& open = of(handle);
    const std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(size));
    const bool done =
        open.usable() && open.disk->write(open.file, static_cast<std::uint64_t>(offset), bytes);
    return done ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

int do_truncate(sqlite3_file* handle, sqlite3_int64 size) {
    OpenFile& open = of(handle);
    const bool done =
        open.usable() && open.disk->truncate(open.file, static_cast<std::uint64_t>(size));
    return done ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

int do_sync(sqlite3_file* handle, int) {
    OpenFile& open = of(handle);
    return open.usable() && open.disk->sync(open.file) ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

int do_size(sqlite3_file* handle, sqlite3_int64* size) {
    *size = static_cast<sqlite3_int64>(of(handle).file->now.size());
    return SQLITE_OK;
}

int do_lock(sqlite3_file* handle, int wanted) {
    OpenFile& open = of(handle);
    if (!open.usable()) return SQLITE_IOERR_LOCK;
    if (open.lock >= wanted) return SQLITE_OK;
    Kernel& kernel = *open.kernel;
    const int others = kernel.shared - (open.lock >= SQLITE_LOCK_SHARED ? 1 : 0);
    if (wanted == SQLITE_LOCK_SHARED) {
        if (kernel.exclusive) return SQLITE_BUSY;
        ++kernel.shared;
    } else if (wanted == SQLITE_LOCK_RESERVED) {
        if (kernel.reserved) return SQLITE_BUSY;
        kernel.reserved = true;
    } else {
        const bool own_reserved = open.lock >= SQLITE_LOCK_RESERVED;
        if (others > 0 || (kernel.reserved && !own_reserved)) return SQLITE_BUSY;
        kernel.reserved = kernel.exclusive = true;
    }
    open.lock = wanted;
    return SQLITE_OK;
}

int do_unlock(sqlite3_file* handle, int wanted) {
    OpenFile& open = of(handle);
    if (open.lock <= wanted || !open.usable()) return SQLITE_OK;
    Kernel& kernel = *open.kernel;
    if (open.lock >= SQLITE_LOCK_RESERVED) kernel.reserved = false;
    if (open.lock > SQLITE_LOCK_RESERVED) kernel.exclusive = false;
    if (wanted == SQLITE_LOCK_NONE) --kernel.shared;
    open.lock = wanted;
    return SQLITE_OK;
}

int do_check_reserved(sqlite3_file* handle, int* out) {
    *out = of(handle).kernel->reserved ? 1 : 0;
    return SQLITE_OK;
}

int do_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int do_sector_size(sqlite3_file*) { return 512; }
int do_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int do_shm_map(sqlite3_file* handle, int region, int size, int extend, void volatile** out) {
    OpenFile& open = of(handle);
    *out = nullptr;
    if (!open.usable()) return SQLITE_IOERR_SHMMAP;
    DOMICILE_CHECK(size == 32 * 1024);
    auto& regions = open.kernel->regions;
    const auto wanted = static_cast<std::size_t>(region);
    if (wanted >= regions.size() && extend == 0) return SQLITE_OK;
    while (regions.size() <= wanted)
        regions.push_back(std::make_unique<std::array<char, 32 * 1024>>());
    *out = regions[wanted]->data();
    return SQLITE_OK;
}

int do_shm_lock(sqlite3_file* handle, int first, int count, int flags) {
    OpenFile& open = of(handle);
    if (!open.usable()) return SQLITE_IOERR_SHMLOCK;
    Kernel& kernel = *open.kernel;
    const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    for (int pass = 0; pass < 2; ++pass) {
        for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(first + count);
             ++i) {
            bool& own = exclusive ? open.shm_exclusive[i] : open.shm_shared[i];
            if ((flags & SQLITE_SHM_UNLOCK) != 0) {
                if (pass == 0 || !own) continue;
                if (exclusive) kernel.shm_exclusive[i] = false;
                if (!exclusive) --kernel.shm_shared[i];
                own = false;
                continue;
            }
            if (own) continue;
            const int others = kernel.shm_shared[i] - (open.shm_shared[i] ? 1 : 0);
            if (pass == 0 && (kernel.shm_exclusive[i] || (exclusive && others > 0)))
                return SQLITE_BUSY;
            if (pass == 0) continue;
            if (exclusive) kernel.shm_exclusive[i] = true;
            if (!exclusive) ++kernel.shm_shared[i];
            own = true;
        }
    }
    return SQLITE_OK;
}

void do_shm_barrier(sqlite3_file*) {}
int do_shm_unmap(sqlite3_file*, int) { return SQLITE_OK; }

constexpr sqlite3_io_methods kMethods = {2,
                                         do_close,
                                         do_read,
                                         do_write,
                                         do_truncate,
                                         do_sync,
                                         do_size,
                                         do_lock,
                                         do_unlock,
                                         do_check_reserved,
                                         do_control,
                                         do_sector_size,
                                         do_characteristics,
                                         do_shm_map,
                                         do_shm_lock,
                                         do_shm_barrier,
                                         do_shm_unmap,
                                         nullptr,
                                         nullptr};

Disk& disk_of(sqlite3_vfs* vfs) { return *static_cast<Disk*>(vfs->pAppData); }

std::shared_ptr<Kernel> kernel_of(Disk& disk, const std::string& path) {
    auto& state = disk.kernel_state()[path];
    if (state == nullptr) state = std::make_shared<Kernel>();
    return std::static_pointer_cast<Kernel>(state);
}

int do_open(sqlite3_vfs* vfs, const char* name, sqlite3_file* handle, int flags, int* out_flags) {
    Disk& disk = disk_of(vfs);
    handle->pMethods = nullptr;
    if (name == nullptr || disk.dead()) return SQLITE_CANTOPEN;  // temporary files are in memory
    const std::string path = name;
    if ((flags & SQLITE_OPEN_CREATE) == 0 && disk.find(path) == nullptr) return SQLITE_CANTOPEN;
    auto* open = new (handle) OpenFile{};
    open->disk = &disk;
    open->generation = disk.generation();
    open->file = disk.create(path);
    open->path = path;
    open->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    open->lock = SQLITE_LOCK_NONE;
    open->kernel = kernel_of(disk, path);
    open->base.pMethods = &kMethods;
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
}

int do_delete(sqlite3_vfs* vfs, const char* name, int) {
    Disk& disk = disk_of(vfs);
    if (disk.find(name) == nullptr) return SQLITE_IOERR_DELETE_NOENT;
    return disk.remove(name) ? SQLITE_OK : SQLITE_IOERR_DELETE;
}

int do_access(sqlite3_vfs* vfs, const char* name, int, int* out) {
    *out = disk_of(vfs).find(name) != nullptr ? 1 : 0;
    return SQLITE_OK;
}

int do_full_path(sqlite3_vfs*, const char* name, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
}

// SQLite asks here only to seed its generator, which seed_sqlite() does.
int do_randomness(sqlite3_vfs*, int size, char* out) {
    std::memset(out, 7, static_cast<std::size_t>(size));
    return size;
}
int do_sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
int do_time(sqlite3_vfs*, sqlite3_int64* out) {
    *out = 212'000'000'000'000;  // nothing of ours asks SQLite for the time
    return SQLITE_OK;
}
int do_last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

struct Vfs::Impl {
    sqlite3_vfs vfs{};
};

Vfs::Vfs(Disk& disk, const std::string& name)
    : name_("sim:" + name), impl_(std::make_unique<Impl>()) {
    sqlite3_vfs& vfs = impl_->vfs;
    vfs.iVersion = 2;
    vfs.szOsFile = sizeof(OpenFile);
    vfs.mxPathname = 512;
    vfs.zName = name_.c_str();
    vfs.pAppData = &disk;
    vfs.xOpen = do_open;
    vfs.xDelete = do_delete;
    vfs.xAccess = do_access;
    vfs.xFullPathname = do_full_path;
    vfs.xRandomness = do_randomness;
    vfs.xSleep = do_sleep;
    vfs.xGetLastError = do_last_error;
    vfs.xCurrentTimeInt64 = do_time;
    DOMICILE_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

Vfs::~Vfs() { sqlite3_vfs_unregister(&impl_->vfs); }

void seed_sqlite(std::uint64_t seed) {
    sqlite3_initialize();
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(seed & 0x7fffffff) | 1,
                         nullptr);
}

}  // namespace domicile::sim
