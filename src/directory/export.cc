// What is read page by page is of several revisions; the changes since the first one make it that
// of the last. So there are two passes: the pages as they come into one file, then that file with
// the changes worked in, between a head that names the revision and a tail that proves the whole.
#include <algorithm>
#include <map>

#include "directory/transfer.h"
#include "directory/transfer_format.h"

namespace domicile::directory {
namespace {

constexpr std::size_t kPage = 1'000;

// The last change of each key since reading began, by key; a value of nullopt deletes.
using Changes = std::map<std::string, std::optional<std::string>>;

// A file that is made anew and that nobody needs when something fails.
class Output {
  public:
    static Result<Output> create(io::Files& files, std::string path) {
        if (auto removed = files.remove(path); !removed && removed.error().code != Code::not_found)
            return std::unexpected(removed.error());
        Output out(files, std::move(path));
        TRY(out.file_, files.create(out.path_));
        return out;
    }
    Output(Output&& other) noexcept
        : files_(other.files_),
          path_(std::move(other.path_)),
          file_(std::move(other.file_)),
          waiting_(std::move(other.waiting_)) {}
    ~Output() {
        if (!file_) return;
        [[maybe_unused]] const auto removed = files_.remove(path_);
    }

    Result<void> append(std::string_view bytes) {
        waiting_ += bytes;
        return waiting_.size() < (std::size_t{256} << 10) ? Result<void>() : flush();
    }
    Result<void> flush() {
        TRY_VOID(file_->append(waiting_));
        waiting_.clear();
        return {};
    }
    // Flushed and durable, under a name that may be in use.
    Result<void> publish(const std::string& path) {
        TRY_VOID(flush());
        TRY_VOID(file_->sync());
        if (auto removed = files_.remove(path); !removed && removed.error().code != Code::not_found)
            return removed;
        TRY_VOID(files_.publish(path_, path));
        file_.reset();
        return {};
    }
    const std::string& path() const { return path_; }

  private:
    Output(io::Files& files, std::string path) : files_(files), path_(std::move(path)) {}

    io::Files& files_;
    std::string path_;
    std::unique_ptr<io::AppendFile> file_;
    std::string waiting_;
};

io::Task<Result<std::int64_t>> revision_of(kv::Store& store) {
    kv::Transaction nothing;
    CO_TRY(const kv::TransactionResult now, co_await store.commit(std::move(nothing)));
    co_return now.revision;
}

io::Task<Result<void>> read_pages(kv::Store& store, Output& pages, const OnEntries& on_entries) {
    std::string after;
    std::size_t read = 0;
    while (true) {
        std::string all;
        CO_TRY(const auto page, co_await store.range(std::move(all), after, kPage));
        for (const kv::Entry& entry : page) {
            if (entry.key.starts_with(kv::kPresencePrefix)) continue;
            CO_TRY_VOID(pages.append(entry_line(entry.key, entry.value)));
        }
        read += page.size();
        on_entries(read);
        if (page.size() < kPage) co_return pages.flush();
        after = page.back().key;
    }
}

// All changes after `since`, up to the store's revision at some moment after the call.
io::Task<Result<Changes>> read_changes(kv::Store& store, std::int64_t& since) {
    Changes out;
    CO_TRY(const std::int64_t target, co_await revision_of(store));
    while (since < target) {
        CO_TRY(auto news, co_await store.changes(since, kPage));
        if (news.empty()) break;  // what counted the revision on is not ours
        since = news.back().entry.revision;
        for (kv::Change& change : news) {
            if (change.entry.key.starts_with(kv::kPresencePrefix)) continue;
            auto& value = out[std::move(change.entry.key)];
            value.reset();
            if (!change.deleted) value = std::move(change.entry.value);
        }
        if (out.size() > kExportChangesMax)
            co_return fail(Code::resource_exhausted,
                           "Too much changed while the directory was read. Stop the regions, or "
                           "export when fewer people come.");
    }
    since = std::max(since, target);
    co_return out;
}

// Lines of the export and what proves them.
class Writer {
  public:
    Writer(Output& out, std::int64_t revision) : out_(out), pending_(head_line(revision)) {}

    Result<void> entry(std::string_view key, std::string_view value) {
        ++entries_;
        return line(entry_line(key, value));
    }
    Result<std::size_t> finish() {
        TRY_VOID(line(""));
        TRY_VOID(out_.append(tail_line(entries_, sum_.finish())));
        return entries_;
    }

  private:
    // The head goes out with the first of them, so that the constructor cannot fail.
    Result<void> line(std::string text) {
        const std::string bytes = std::exchange(pending_, "") + text;
        sum_.update(bytes);
        return out_.append(bytes);
    }

    Output& out_;
    std::string pending_;
    crypto::Sha256 sum_;
    std::size_t entries_ = 0;
};

Result<std::size_t> merge(io::ReadFile& pages, const Changes& changes, Output& out,
                          std::int64_t revision) {
    io::LineReader lines(pages, kExportLineBytesMax);
    Writer writer(out, revision);
    auto change = changes.begin();
    const auto take_change = [&]() -> Result<void> {
        const auto& [key, value] = *change++;
        return value ? writer.entry(key, *value) : Result<void>();
    };
    for (std::size_t number = 1;; ++number) {
        TRY(const auto line, lines.next());
        if (!line) break;
        TRY(const kv::Entry entry, parse_entry_line(line->text, number));
        while (change != changes.end() && change->first < entry.key) TRY_VOID(take_change());
        if (change != changes.end() && change->first == entry.key) continue;  // it is taken next
        TRY_VOID(writer.entry(entry.key, entry.value));
    }
    while (change != changes.end()) TRY_VOID(take_change());
    return writer.finish();
}

}  // namespace

io::Task<Result<Exported>> export_all(kv::Store& store, io::Files& files, std::string path,
                                      OnEntries on_entries) {
    CO_TRY(std::int64_t revision, co_await revision_of(store));
    CO_TRY(Output pages, Output::create(files, path + ".pages"));
    CO_TRY_VOID(co_await read_pages(store, pages, on_entries));
    CO_TRY(const Changes changes, co_await read_changes(store, revision));
    CO_TRY(const auto read_back, files.open_read(pages.path()));
    CO_TRY(Output out, Output::create(files, path + ".part"));
    CO_TRY(const std::size_t entries, merge(*read_back, changes, out, revision));
    CO_TRY_VOID(out.publish(path));
    co_return Exported{entries, revision};
}

}  // namespace domicile::directory
