#include "blob/files_layout.h"

#include <algorithm>

#include "base/format_version.h"
#include "base/json.h"

namespace domicile::blob {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kFormatBytesMax = 1024;
// Bodies are spread over 256 shelves in each space, by the first two digits of their ids: a million
// of them are 4,000 names a folder, and the order of keys is the order of paths.
constexpr std::size_t kShelfDigits = 2;

}  // namespace

struct Layout::Walk {
    const std::string& prefix;
    const std::string& after;
    std::size_t limit;
    std::vector<Listed> found = {};

    bool full() const { return found.size() >= limit; }
    // Whether keys that begin so may be wanted: some of them have the prefix and come later.
    bool wants(std::string_view begin) const {
        const std::size_t common = std::min(begin.size(), prefix.size());
        return begin.substr(0, common) == std::string_view(prefix).substr(0, common) &&
               begin >= std::string_view(after).substr(0, begin.size());
    }
};

Result<void> Layout::open() {
    TRY_VOID(files_.create_directories(folder_));
    TRY_VOID(check_or_write_format());
    TRY_VOID(files_.create_directories(folder_ + "/blobs"));
    TRY_VOID(files_.create_directories(folder_ + "/incoming"));
    return sweep();
}

Result<void> Layout::check_or_write_format() {
    const std::string path = folder_ + "/format.json";
    const Result<std::string> text = files_.read(path, kFormatBytesMax);
    if (!text && text.error().code == Code::not_found)
        return files_.write_atomic(path, "{\"format\":" + std::to_string(kFormat) + "}\n");
    if (!text) return std::unexpected(text.error());
    const Result<json::object> document = parse_json_object(*text);
    if (!document) return fail(Code::malformed, path + " is damaged.", kReasonDamaged);
    TRY(const auto format, optional_int(*document, "format"));
    return check_format(path, format.value_or(0), kFormat);
}

// Nobody was told of these.
Result<void> Layout::sweep() {
    TRY(const std::vector<std::string> names, names_in(folder_ + "/incoming"));
    for (const std::string& name : names) TRY_VOID(files_.remove(incoming(name)));
    return {};
}

std::string Layout::path_of(const std::string& key) const {
    const std::size_t id = key.find('/') + 1;
    return folder_ + "/blobs/" + key.substr(0, id) + key.substr(id, kShelfDigits) + "/" +
           key.substr(id + kShelfDigits);
}

// Under the lock: whoever finds the folder there already may not go on before it is durable.
Result<void> Layout::make_folder_of(const std::string& key) {
    std::string path = path_of(key);
    path.resize(path.rfind('/'));
    const std::lock_guard lock(mutex_);
    if (made_.contains(path)) return {};
    TRY_VOID(files_.create_directories(path));
    made_.insert(std::move(path));
    return {};
}

Result<std::vector<std::string>> Layout::names_in(const std::string& path) const {
    Result<std::vector<std::string>> names = files_.list(path);
    if (!names && names.error().code == Code::not_found) return std::vector<std::string>();
    return names;
}

Result<std::vector<Listed>> Layout::list(const std::string& prefix, const std::string& after,
                                         std::size_t limit) const {
    Walk walk{prefix, after, limit};
    TRY(const std::vector<std::string> spaces, names_in(folder_ + "/blobs"));
    for (const std::string& space : spaces) {
        if (walk.full()) break;
        if (walk.wants(space + "/")) TRY_VOID(walk_space(space, walk));
    }
    return std::move(walk.found);
}

Result<void> Layout::walk_space(const std::string& space, Walk& walk) const {
    TRY(const std::vector<std::string> shelves, names_in(folder_ + "/blobs/" + space));
    for (const std::string& shelf : shelves) {
        if (walk.full()) break;
        if (walk.wants(space + "/" + shelf)) TRY_VOID(walk_shelf(space + "/" + shelf, walk));
    }
    return {};
}

Result<void> Layout::walk_shelf(const std::string& shelf, Walk& walk) const {
    TRY(const std::vector<std::string> names, names_in(folder_ + "/blobs/" + shelf));
    for (const std::string& name : names) {
        if (walk.full()) break;
        std::string key = shelf + name;
        if (!check_key(key) || !walk.wants(key) || key <= walk.after) continue;
        const Result<io::FileInfo> info = files_.info(path_of(key));
        if (!info && info.error().code == Code::not_found) continue;  // deleted meanwhile
        if (!info) return std::unexpected(info.error());
        walk.found.push_back({std::move(key), {info->size, info->modified}});
    }
    return {};
}

}  // namespace domicile::blob
