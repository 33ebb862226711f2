#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/encoding.h"
#include "edge/edge.h"

namespace domicile::edge {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

struct Type {
    std::string_view extension, type;
};
constexpr std::array<Type, 16> kTypes = {{{"html", "text/html; charset=utf-8"},
                                          {"js", "text/javascript; charset=utf-8"},
                                          {"mjs", "text/javascript; charset=utf-8"},
                                          {"css", "text/css; charset=utf-8"},
                                          {"json", "application/json"},
                                          {"map", "application/json"},
                                          {"svg", "image/svg+xml"},
                                          {"png", "image/png"},
                                          {"jpg", "image/jpeg"},
                                          {"webp", "image/webp"},
                                          {"ico", "image/x-icon"},
                                          {"txt", "text/plain; charset=utf-8"},
                                          {"wasm", "application/wasm"},
                                          {"woff2", "font/woff2"},
                                          {"webmanifest", "application/manifest+json"},
                                          {"xml", "application/xml"}}};

std::string_view extension_of(std::string_view path) {
    const auto slash = path.rfind('/');
    const auto dot = path.rfind('.');
    if (dot == std::string_view::npos || (slash != std::string_view::npos && dot < slash))
        return {};
    return path.substr(dot + 1);
}

std::string_view type_of(std::string_view path) {
    for (const Type& type : kTypes) {
        if (type.extension == extension_of(path)) return type.type;
    }
    return "application/octet-stream";
}

// The decoded path if it can only name something inside the folder.
std::optional<std::string> safe_path(std::string_view raw) {
    std::optional<std::string> path = percent_decode(raw);
    if (!path || !path->starts_with('/') || path->find('\0') != std::string::npos ||
        path->find('\\') != std::string::npos || !is_utf8(*path)) {
        return std::nullopt;
    }
    // Refuses "..", "." and hidden files; "//" is harmless but ambiguous, so it goes too.
    if (path->find("/.") != std::string::npos || path->find("//") != std::string::npos)
        return std::nullopt;
    if (path->ends_with('/')) *path += "index.html";
    return path;
}

bool accepts(std::string_view header, std::string_view coding) {
    while (!header.empty()) {
        const auto comma = std::min(header.find(','), header.size());
        std::string_view item = trim(header.substr(0, comma));
        header.remove_prefix(std::min(comma + 1, header.size()));
        const auto semicolon = item.find(';');
        const std::string_view parameters =
            semicolon == std::string_view::npos ? "" : item.substr(semicolon + 1);
        if (!equals_ignore_case(trim(item.substr(0, semicolon)), coding)) continue;
        const std::string_view weight = trim(parameters);
        return weight != "q=0" && weight != "q=0.0" && weight != "q=0.00" && weight != "q=0.000";
    }
    return false;
}

// Weak comparison over a list (RFC 9110, 13.1.2).
bool etag_listed(std::string_view list, std::string_view etag) {
    if (trim(list) == "*") return true;
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        std::string_view item = trim(list.substr(0, comma));
        list.remove_prefix(std::min(comma + 1, list.size()));
        if (item.starts_with("W/")) item.remove_prefix(2);
        if (item == etag) return true;
    }
    return false;
}

io::Task<Result<void>> not_found(http::Exchange& exchange, int status) {
    http::ResponseHead head;
    head.status = status;
    head.add("Content-Type", "text/plain; charset=utf-8");
    if (status == 405) head.add("Allow", "GET, HEAD");
    const std::string body = std::string(http::reason_phrase(status)) + "\n";
    co_return co_await exchange.respond(std::move(head), body);
}

}  // namespace

struct Site::Found {
    std::string path;  // of the original, which tells the type
    std::string_view coding;
    std::unique_ptr<io::ReadFile> file;
    std::string etag;
};

struct Site::ByteRange {
    std::uint64_t first = 0, last = 0;
    bool satisfiable = true;
};

Site::Site(SiteOptions options, io::Files& files) : options_(std::move(options)), files_(files) {}

Result<Site::Found> Site::open(io::Files& files, const SiteOptions& options, std::string path,
                               std::string accept_encoding) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kVariants = {
        {{"br", ".br"}, {"gzip", ".gz"}, {"", ""}}};
    for (int attempt = 0; attempt < 2; ++attempt) {
        for (const auto& [coding, suffix] : kVariants) {
            if (!coding.empty() && !accepts(accept_encoding, coding)) continue;
            auto file = files.open_read(options.directory + path + std::string(suffix));
            if (!file) continue;
            const io::FileInfo& info = (*file)->info();
            std::string etag = fmt::format("\"{:x}-{:x}{}\"", info.size, info.modified.ms, coding);
            return Found{std::move(path), coding, std::move(*file), std::move(etag)};
        }
        // A path without an extension is a page of the application.
        if (options.fallback.empty() || !extension_of(path).empty()) break;
        path = '/' + options.fallback;
    }
    return fail(Code::not_found, "There is no such file.");
}

std::optional<Site::ByteRange> Site::requested_range(const http::RequestHead& request,
                                                     const Found& found) {
    std::string_view text = request.headers.find("Range").value_or("");
    const auto condition = request.headers.find("If-Range");
    const std::uint64_t size = found.file->info().size;
    if (request.method != "GET") return std::nullopt;  // RFC 9110, 14.2
    if (!text.starts_with("bytes=") || (condition && *condition != found.etag)) return std::nullopt;
    text.remove_prefix(6);
    const auto dash = text.find('-');
    if (dash == std::string_view::npos || text.find(',') != std::string_view::npos)
        return std::nullopt;
    const auto number = [](std::string_view digits, std::uint64_t& out) {
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), out);
        return error == std::errc() && end == digits.data() + digits.size();
    };
    const std::string_view from = text.substr(0, dash), to = text.substr(dash + 1);
    ByteRange range;
    if (from.empty()) {
        std::uint64_t suffix = 0;
        if (!number(to, suffix)) return std::nullopt;
        range = {size - std::min(suffix, size), size - 1, suffix > 0 && size > 0};
        return range;
    }
    if (!number(from, range.first)) return std::nullopt;
    range.last = size == 0 ? 0 : size - 1;
    std::uint64_t last = 0;
    if (!to.empty()) {
        if (!number(to, last) || last < range.first) return std::nullopt;
        range.last = std::min(last, range.last);
    }
    range.satisfiable = range.first < size;
    return range;
}

io::Task<Result<std::shared_ptr<Site::Found>>> Site::open_soon(std::string path,
                                                               std::string codings) {
    return io::run_blocking([this, path = std::move(path),
                             codings = std::move(codings)]() -> Result<std::shared_ptr<Found>> {
        TRY(Found file, open(files_, options_, path, codings));
        return std::make_shared<Found>(std::move(file));
    });
}

io::Task<Result<std::size_t>> Site::read_soon(std::shared_ptr<Found> found,
                                              std::shared_ptr<std::string> buffer,
                                              std::uint64_t at) {
    return io::run_blocking(
        [found = std::move(found), buffer = std::move(buffer), at]() -> Result<std::size_t> {
            return found->file->read_at(at, buffer->data(), buffer->size());
        });
}

io::Task<Result<void>> Site::handle(http::Exchange& exchange) {
    const http::RequestHead& request = exchange.request();
    exchange.report_as(options_.report);
    if (request.method != "GET" && request.method != "HEAD")
        co_return co_await not_found(exchange, 405);
    const auto document = options_.documents.find(std::string(request.path));
    if (document != options_.documents.end()) {
        http::ResponseHead head;
        head.add("Content-Type", "application/json");
        head.add("Cache-Control", "no-store");
        co_return co_await exchange.respond(std::move(head), document->second);
    }
    const std::optional<std::string> path = safe_path(request.path);
    if (!path) co_return co_await not_found(exchange, 404);
    const std::string codings(request.headers.find("Accept-Encoding").value_or(""));
    auto found = co_await open_soon(*path, codings);
    if (!found && found.error().code == Code::not_found)
        co_return co_await not_found(exchange, 404);
    if (!found) co_return co_await not_found(exchange, 503);
    co_return co_await send(exchange, *found);
}

io::Task<Result<void>> Site::send(http::Exchange& exchange, std::shared_ptr<Found> found) {
    const http::RequestHead& request = exchange.request();
    const std::uint64_t size = found->file->info().size;
    http::ResponseHead head;
    head.add("Content-Type", std::string(type_of(found->path)));
    head.add("ETag", found->etag);
    head.add("Last-Modified", to_http_date(found->file->info().modified));
    head.add("Vary", "Accept-Encoding");
    head.add("Accept-Ranges", "bytes");
    head.add("X-Content-Type-Options", "nosniff");
    if (!found->coding.empty()) head.add("Content-Encoding", std::string(found->coding));
    const bool hashed = found->path.starts_with("/assets/");
    head.add("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
    if (found->path.ends_with(".html")) {
        head.add("Content-Security-Policy", options_.content_policy);
        head.add("Referrer-Policy", "no-referrer");
        head.add("X-Frame-Options", "DENY");
    }
    const auto none_match = request.headers.find("If-None-Match");
    if (none_match && etag_listed(*none_match, found->etag)) {
        head.status = 304;
        co_return co_await exchange.respond(std::move(head), "");
    }
    std::uint64_t at = 0, end = size;
    if (const auto range = requested_range(request, *found)) {
        head.status = range->satisfiable ? 206 : 416;
        head.add("Content-Range",
                 range->satisfiable ? fmt::format("bytes {}-{}/{}", range->first, range->last, size)
                                    : fmt::format("bytes */{}", size));
        if (!range->satisfiable) co_return co_await exchange.respond(std::move(head), "");
        at = range->first;
        end = range->last + 1;
    }
    CO_TRY_VOID(co_await exchange.start(std::move(head), end - at));
    if (request.method == "HEAD") co_return co_await exchange.finish();
    auto buffer = std::make_shared<std::string>();
    while (at < end) {
        buffer->resize(static_cast<std::size_t>(std::min<std::uint64_t>(kChunkBytes, end - at)));
        CO_TRY(const std::size_t count, co_await read_soon(found, buffer, at));
        if (count == 0) co_return fail(Code::unavailable, "The file shrank while it was sent.");
        CO_TRY_VOID(co_await exchange.write(std::string_view(buffer->data(), count)));
        at += count;
    }
    co_return co_await exchange.finish();
}

}  // namespace domicile::edge
