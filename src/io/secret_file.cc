#include "io/secret_file.h"

#include "base/log.h"
#include "io/executor.h"

namespace domicile::io {
namespace {

constexpr std::size_t kBytesMax = 4096;

}  // namespace

Result<std::shared_ptr<SecretFile>> SecretFile::open(Files& files, std::string path) {
    std::shared_ptr<SecretFile> out(new SecretFile(files, std::move(path)));
    TRY(std::string text, out->look());
    out->last_ = Redacted<std::string>(std::move(text));
    return out;
}

Task<Result<Redacted<std::string>>> SecretFile::read() {
    return run_blocking([this]() -> Result<Redacted<std::string>> { return look_again(); });
}

Result<std::string> SecretFile::look() const {
    TRY(std::string text, files_.read(path_, kBytesMax));
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

Redacted<std::string> SecretFile::look_again() {
    Result<std::string> text = look();
    const std::lock_guard lock(mutex_);
    if (text) {
        last_ = Redacted<std::string>(std::move(*text));
    } else {
        log::warning("secret_file_unreadable", {{"problem", text.error().message}});
    }
    return last_;
}

}  // namespace domicile::io
