// Files in memory, for targets that serve or write some.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/files.h"

namespace domicile::fuzz {

class MemoryFiles final : public io::Files {
  public:
    std::map<std::string, std::string> contents;
    std::vector<std::string> opened;  // paths that were asked for

    Result<std::string> read(const std::string& path, std::size_t) override {
        const auto found = contents.find(path);
        if (found == contents.end()) return missing();
        return found->second;
    }
    Result<void> write_atomic(const std::string& path, std::string_view bytes, unsigned) override {
        contents[path] = bytes;
        return {};
    }
    Result<std::unique_ptr<io::AppendFile>> open_append(const std::string& path) override {
        return std::make_unique<Append>(contents[path]);
    }
    Result<std::unique_ptr<io::AppendFile>> create(const std::string& path) override {
        return open_append(path);
    }
    Result<void> publish(const std::string& from, const std::string& to) override {
        contents[to] = std::move(contents[from]);
        contents.erase(from);
        return {};
    }
    Result<std::unique_ptr<io::ReadFile>> open_read(const std::string& path) override {
        opened.push_back(path);
        const auto found = contents.find(path);
        if (found == contents.end()) return missing();
        return std::make_unique<Read>(found->second);
    }
    Result<io::FileInfo> info(const std::string& path) override {
        const auto found = contents.find(path);
        if (found == contents.end()) return missing();
        return io::FileInfo{.size = found->second.size(), .modified = kModified};
    }
    Result<void> truncate(const std::string& path, std::uint64_t size) override {
        contents[path].resize(size);
        return {};
    }
    Result<void> create_directories(const std::string&) override { return {}; }
    Result<std::vector<std::string>> list(const std::string&) override {
        return std::vector<std::string>();
    }
    Result<void> remove(const std::string& path) override {
        contents.erase(path);
        return {};
    }

  private:
    static constexpr Timestamp kModified{1'795'378'000'000};
    static std::unexpected<Error> missing() { return fail(Code::not_found, "There is no file."); }

    class Append final : public io::AppendFile {
      public:
        explicit Append(std::string& content) : content_(content) {}
        Result<void> append(std::string_view bytes) override {
            content_ += bytes;
            return {};
        }
        Result<void> sync() override { return {}; }
        std::uint64_t size() const override { return content_.size(); }

      private:
        std::string& content_;
    };

    class Read final : public io::ReadFile {
      public:
        explicit Read(const std::string& content)
            : content_(content), info_{.size = content.size(), .modified = kModified} {}
        const io::FileInfo& info() const override { return info_; }
        Result<std::size_t> read_at(std::uint64_t offset, char* into, std::size_t size) override {
            if (offset >= content_.size()) return 0;
            return content_.copy(into, size, offset);
        }

      private:
        const std::string& content_;
        io::FileInfo info_;
    };
};

}  // namespace domicile::fuzz
