// Paths, ranges, conditions and codings of static sites. Whatever is asked for, only files inside
// the site's folder are looked at, and what is sent is a file, or the part of it that Content-Range
// says.
#include "edge/edge.h"

#include <charconv>

#include "base/encoding.h"
#include "gateway/routes.h"
#include "memory_files.h"
#include "server.h"

namespace domicile::fuzz {
namespace {

const std::string kPage = "<!doctype html><title>A page of the site</title>";
const std::string kScript = "console.log('0123456789')";

void fill(MemoryFiles& files) {
    files.contents = {{"/site/index.html", kPage},
                      {"/site/empty.txt", ""},
                      {"/site/assets/a.js", kScript},
                      {"/site/assets/a.js.gz", "gzip of a.js"},
                      {"/site/assets/a.js.br", "brotli of a.js"},
                      {"/secret", "not of the site"}};
}

std::string header_of(const Answer& answer, std::string_view name) {
    std::string_view rest = answer.headers;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end + 1);
        const auto colon = line.find(": ");
        if (equals_ignore_case(line.substr(0, colon), name)) {
            return std::string(line.substr(colon + 2));
        }
    }
    return {};
}

void check_answer(const Answer& answer, const MemoryFiles& files, bool to_head) {
    const auto is_file = [&](std::string_view body) {
        return std::ranges::any_of(files.contents, [&](const auto& file) {
            return file.first.starts_with("/site/") && file.second == body;
        });
    };
    if (answer.status == 200 && !to_head) DOMICILE_CHECK(is_file(answer.body));
    if (answer.status != 206) return;
    // "bytes first-last/size"
    const std::string range = header_of(answer, "Content-Range");
    unsigned long first = 0, last = 0, size = 0;
    DOMICILE_CHECK(std::sscanf(range.c_str(), "bytes %lu-%lu/%lu", &first, &last, &size) == 3);
    DOMICILE_CHECK(first <= last && last < size);
    DOMICILE_CHECK(answer.body.size() == last - first + 1);
    DOMICILE_CHECK(std::ranges::any_of(files.contents, [&](const auto& file) {
        return file.second.size() == size &&
               file.second.substr(first, last - first + 1) == answer.body;
    }));
}

std::string visit(std::string_view input, unsigned round) {
    InlineExecutor executor;
    MemoryFiles files;
    fill(files);
    edge::SiteOptions options;
    options.directory = "/site";
    options.fallback = "index.html";
    options.content_policy = "default-src 'self'";
    options.documents = {{"/domicile.json", "{}"}};
    std::vector<bool> to_head;
    edge::Site site(options, files);
    edge::Edge edge;
    edge.add("a.example", [&](http::Exchange& exchange) { return site.handle(exchange); });
    const http::Handler handler = [&](http::Exchange& exchange) {
        to_head.push_back(exchange.request().method == "HEAD");
        return edge.handle(exchange);
    };
    const std::string written = serve(handler, input, round);
    for (const std::string& path : files.opened) {
        DOMICILE_CHECK(path.starts_with("/site/") && path.find("/.") == path.npos);
        DOMICILE_CHECK(path.find('\0') == path.npos);
    }
    std::string out;
    const auto answers = read_answers(written, to_head);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (i < to_head.size() && answers[i].status != 421 && answers[i].body != "{}") {
            check_answer(answers[i], files, to_head[i]);
        }
        append_line(out, std::to_string(answers[i].status), answers[i].body);
    }
    return out;
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(edge) {
    using namespace domicile::fuzz;
    const std::string whole = visit(input, 0);
    DOMICILE_CHECK(whole.find("not of the site") == whole.npos);
}
