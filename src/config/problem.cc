// How problems are told: to people, to editors that parse compilers' lines, and as JSON.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "config/config.h"
#include "config/reader.h"

namespace domicile::config {
namespace {

std::string_view line_of(std::string_view text, int line) {
    for (; line > 1; --line) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    text = text.substr(0, text.find('\n'));
    if (text.ends_with('\r')) text.remove_suffix(1);
    return text;
}

// Length of the word that begins here: a quoted one with its quotes, else up to what ends a plain
// scalar of YAML. At least 1, so that there is something to underline.
std::size_t word_length(std::string_view rest) {
    if (rest.empty()) return 1;
    if (rest.front() == '"' || rest.front() == '\'') {
        const std::size_t end = rest.find(rest.front(), 1);
        return end == std::string_view::npos ? rest.size() : end + 1;
    }
    std::size_t end = rest.find_first_of(",[]{}");
    for (std::string_view stop : {": ", " #", ":\t"}) end = std::min(end, rest.find(stop));
    end = std::min(end, rest.size());
    while (end > 0 && (rest[end - 1] == ' ' || rest[end - 1] == '\t')) --end;
    if (end > 1 && end == rest.size() && rest[end - 1] == ':') --end;
    return std::max<std::size_t>(end, 1);
}

}  // namespace

void mark_ends(std::string_view text, std::vector<Problem>& problems) {
    for (Problem& problem : problems) {
        if (problem.line <= 0) continue;
        const std::string_view line = line_of(text, problem.line);
        const std::size_t start = std::min<std::size_t>(problem.column - 1, line.size());
        problem.end_line = problem.line;
        problem.end_column = problem.column + static_cast<int>(word_length(line.substr(start)));
    }
}

std::string format(const Problem& problem) {
    std::string out = problem.file;
    if (problem.line > 0) out += fmt::format(":{}:{}", problem.line, problem.column);
    out += problem.is_warning ? ": warning: " : ": ";
    if (!problem.path.empty()) out += problem.path + ": ";
    out += problem.message;
    if (!problem.hint.empty()) out += "\n  hint: " + problem.hint;
    return out;
}

std::string format_line(const Problem& problem) {
    std::string out = problem.file;
    if (problem.line > 0) out += fmt::format(":{}:{}", problem.line, problem.column);
    out += problem.is_warning ? ": warning: " : ": error: ";
    if (!problem.path.empty()) out += problem.path + ": ";
    out += problem.message;
    if (!problem.hint.empty()) out += " (" + problem.hint + ')';
    std::replace(out.begin(), out.end(), '\n', ' ');
    return out;
}

std::string format_json(std::string_view file_name, const std::vector<Problem>& problems) {
    json::array list;
    for (const Problem& problem : problems) {
        json::object entry{{"severity", problem.is_warning ? "warning" : "error"},
                           {"path", problem.path},
                           {"message", problem.message},
                           {"hint", problem.hint}};
        if (problem.file != file_name) entry["file"] = problem.file;
        if (problem.line > 0) {
            entry["line"] = problem.line;
            entry["column"] = problem.column;
            entry["end_line"] = problem.end_line;
            entry["end_column"] = problem.end_column;
        }
        list.push_back(std::move(entry));
    }
    return json::serialize(json::object{{"file", file_name}, {"problems", std::move(list)}});
}

}  // namespace domicile::config
