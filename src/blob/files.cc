// A put writes a file in incoming/, syncs it and moves it to its place in one step, so a body is
// there whole and durable or not at all. All file work is done on the blocking pool, one piece at a
// time, the hash with it.
#include "blob/files.h"

#include "base/encoding.h"
#include "blob/files_layout.h"
#include "blob/rules.h"
#include "crypto/hash.h"
#include "io/executor.h"

namespace domicile::blob {
namespace {

struct Shared {
    explicit Shared(FilesOptions given)
        : options(std::move(given)), layout(options.folder, *options.files) {}
    const FilesOptions options;
    Layout layout;
};

// A put on its way; used on the blocking pool, one step after the other.
class Writing {
  public:
    Writing(std::shared_ptr<Shared> shared, std::string key, const std::string& name)
        : shared_(std::move(shared)),
          key_(std::move(key)),
          incoming_(shared_->layout.incoming(name)) {}

    Result<bool> begin() {
        if (files().info(shared_->layout.path_of(key_))) return exists();
        TRY_VOID(shared_->layout.make_folder_of(key_));
        TRY(file_, files().create(incoming_));
        return true;
    }
    Result<bool> append(std::string_view bytes) {
        if (bytes.empty()) return true;
        TRY_VOID(file_->append(bytes));
        hash_.update(bytes);
        size_ += bytes.size();
        return true;
    }
    Result<Stored> finish(std::string_view rest, const Expected& expected) {
        TRY_VOID(append(rest));
        Stored out{size_, hash_.finish()};
        TRY_VOID(check_whole(out, expected));
        TRY_VOID(file_->sync());
        file_.reset();
        TRY_VOID(files().publish(incoming_, shared_->layout.path_of(key_)));
        return out;
    }
    // What cannot be removed is swept when the store is opened again.
    Result<bool> give_up() {
        if (!file_ && !files().info(incoming_)) return true;
        file_.reset();
        TRY_VOID(files().remove(incoming_));
        return true;
    }
    std::uint64_t size() const { return size_; }

  private:
    io::Files& files() const { return *shared_->options.files; }

    std::shared_ptr<Shared> shared_;
    std::string key_, incoming_;
    std::unique_ptr<io::AppendFile> file_;
    crypto::Sha256 hash_;
    std::uint64_t size_ = 0;
};
using WritingPtr = std::shared_ptr<Writing>;

// These make what runs on the pool outside of coroutines: see io::run_blocking.
io::Task<Result<bool>> begin(WritingPtr writing) {
    return io::run_blocking([writing] { return writing->begin(); });
}
io::Task<Result<bool>> append(WritingPtr writing, std::string_view bytes) {
    return io::run_blocking([writing, bytes] { return writing->append(bytes); });
}
io::Task<Result<Stored>> finish(WritingPtr writing, std::string_view rest, Expected expected) {
    return io::run_blocking([writing, rest, expected] { return writing->finish(rest, expected); });
}
io::Task<Result<bool>> give_up(WritingPtr writing) {
    return io::run_blocking([writing] { return writing->give_up(); });
}

// Small pieces are gathered, large ones go as they are.
io::Task<Result<Stored>> pump(WritingPtr writing, Source& source, Expected expected,
                              std::size_t piece_bytes, std::uint64_t size_max) {
    std::string gathered;
    while (true) {
        CO_TRY(const std::string_view piece, co_await source.read());
        if (piece.empty()) break;
        const std::uint64_t size = writing->size() + gathered.size() + piece.size();
        CO_TRY_VOID(check_growth(size, expected, size_max));
        if (gathered.size() + piece.size() < piece_bytes) {
            gathered += piece;
            continue;
        }
        CO_TRY_VOID(co_await append(writing, gathered));
        gathered.clear();
        CO_TRY_VOID(co_await append(writing, piece));
    }
    co_return co_await finish(writing, gathered, std::move(expected));
}

class FileBody final : public Body {
  public:
    FileBody(std::unique_ptr<io::ReadFile> file, Range range, Turn turn, std::size_t piece_bytes)
        : file_(std::move(file)),
          at_(range.offset),
          length_(*range.length),
          left_(length_),
          turn_(std::move(turn)),
          buffer_(std::min<std::uint64_t>(piece_bytes, length_), '\0') {}

    std::uint64_t size() const override { return file_->info().size; }
    std::uint64_t length() const override { return length_; }
    io::Task<Result<std::string_view>> read() override {
        if (left_ == 0) co_return std::string_view();
        CO_TRY(const std::size_t count, co_await read_some());
        if (count == 0)
            co_return fail(Code::unavailable, "The file of a blob is shorter than it was.");
        at_ += count;
        left_ -= count;
        co_return std::string_view(buffer_).substr(0, count);
    }

  private:
    io::Task<Result<std::size_t>> read_some() {
        const std::size_t wanted = std::min<std::uint64_t>(buffer_.size(), left_);
        return io::run_blocking(
            [this, wanted] { return file_->read_at(at_, buffer_.data(), wanted); });
    }

    std::unique_ptr<io::ReadFile> file_;
    std::uint64_t at_, length_, left_;
    Turn turn_;
    std::string buffer_;
};

using FilePtr = std::unique_ptr<io::ReadFile>;

class FileStore final : public Store {
  public:
    explicit FileStore(FilesOptions options)
        : shared_(std::make_shared<Shared>(std::move(options))) {}
    Result<void> open() { return shared_->layout.open(); }

    io::Task<Result<Stored>> put(std::string key, Source& source, Expected expected) override {
        CO_TRY_VOID(check_key(key));
        CO_TRY_VOID(check_growth(0, expected, options().size_max));
        CO_TRY(const Turn turn, Turn::take(taken_, options().at_once_max));
        const std::string name = to_hex(io::Executor::current().random().bytes(16));
        const auto writing = std::make_shared<Writing>(shared_, std::move(key), name);
        CO_TRY_VOID(co_await begin(writing));
        Result<Stored> out = co_await pump(writing, source, std::move(expected),
                                           options().piece_bytes, options().size_max);
        if (!out) (void)co_await give_up(writing);
        co_return out;
    }

    io::Task<Result<std::unique_ptr<Body>>> get(std::string key, Range range) override {
        CO_TRY_VOID(check_key(key));
        CO_TRY_VOID(check_range(range));
        CO_TRY(Turn turn, Turn::take(taken_, options().at_once_max));
        CO_TRY(FilePtr file, co_await open_file(std::move(key)));
        CO_TRY(range, within(range, file->info().size));
        co_return std::make_unique<FileBody>(std::move(file), range, std::move(turn),
                                             options().piece_bytes);
    }

    io::Task<Result<Info>> head(std::string key) override {
        CO_TRY_VOID(check_key(key));
        co_return co_await info_of(std::move(key));
    }

    io::Task<Result<void>> remove(std::string key) override {
        CO_TRY_VOID(check_key(key));
        co_return co_await remove_file(std::move(key));
    }

    io::Task<Result<std::vector<Listed>>> list(std::string prefix, std::string after,
                                               std::size_t limit) override {
        CO_TRY_VOID(check_prefix(prefix));
        co_return co_await walk(std::move(prefix), std::move(after), std::min(limit, kListMax));
    }

  private:
    const FilesOptions& options() const { return shared_->options; }

    io::Task<Result<FilePtr>> open_file(std::string key) {
        return io::run_blocking([shared = shared_, key = std::move(key)]() -> Result<FilePtr> {
            auto file = shared->options.files->open_read(shared->layout.path_of(key));
            if (!file && file.error().code == Code::not_found) return absent();
            return file;
        });
    }
    io::Task<Result<Info>> info_of(std::string key) {
        return io::run_blocking([shared = shared_, key = std::move(key)]() -> Result<Info> {
            const auto info = shared->options.files->info(shared->layout.path_of(key));
            if (!info && info.error().code == Code::not_found) return absent();
            if (!info) return std::unexpected(info.error());
            return Info{info->size, info->modified};
        });
    }
    io::Task<Result<void>> remove_file(std::string key) {
        return io::run_blocking([shared = shared_, key = std::move(key)]() -> Result<void> {
            const auto removed = shared->options.files->remove(shared->layout.path_of(key));
            if (!removed && removed.error().code != Code::not_found) return removed;
            return {};
        });
    }
    io::Task<Result<std::vector<Listed>>> walk(std::string prefix, std::string after,
                                               std::size_t limit) {
        return io::run_blocking([shared = shared_, prefix = std::move(prefix),
                                 after = std::move(after),
                                 limit] { return shared->layout.list(prefix, after, limit); });
    }

    std::shared_ptr<Shared> shared_;
    const Turn::Count taken_ = Turn::counter();
};

}  // namespace

Result<std::unique_ptr<Store>> open_files(FilesOptions options) {
    auto store = std::make_unique<FileStore>(std::move(options));
    TRY_VOID(store->open());
    return store;
}

}  // namespace domicile::blob
