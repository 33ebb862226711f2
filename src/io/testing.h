// For tests of this module and of those that stand on it: a folder that goes away, and many tasks
// at once. Not part of any library.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "io/executor.h"
#include "io/task.h"

namespace domicile::io::testing {

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "domicile-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) std::abort();
        path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

inline std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Starts all tasks at once and comes back with their values in order when the last is done.
template <class T>
struct Gathering {
    std::vector<std::optional<T>> values;
    std::size_t left = 0;
    Completion<bool> done;
};
template <class T>
Task<void> gather_one(std::shared_ptr<Gathering<T>> all, std::size_t index, Task<T> task) {
    all->values[index].emplace(co_await task);
    if (--all->left == 0) all->done.set(true);
}
template <class T>
Task<std::vector<T>> gather(std::vector<Task<T>> tasks) {
    auto all = std::make_shared<Gathering<T>>();
    all->values.resize(tasks.size());
    all->left = tasks.size();
    if (tasks.empty()) all->done.set(true);
    for (std::size_t i = 0; i < tasks.size(); ++i)
        spawn(gather_one<T>(all, i, std::move(tasks[i])));
    co_await all->done;
    std::vector<T> out;
    for (auto& value : all->values) out.push_back(std::move(*value));
    co_return out;
}

}  // namespace domicile::io::testing
