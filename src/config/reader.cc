#include "config/reader.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/encoding.h"
#include "openapi/document.h"

namespace domicile::config {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({change, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

std::string pointer_of(const Path& path) {
    std::vector<std::string> steps;
    for (const Step& step : path) {
        const auto* index = std::get_if<std::size_t>(&step);
        steps.push_back(index != nullptr ? std::to_string(*index) : std::get<std::string>(step));
    }
    return openapi::to_pointer(steps);
}

}  // namespace

void Reader::problem(const Path& path, std::string message, std::string hint) {
    problem_at(place_of(root_, path), path, std::move(message), std::move(hint));
}

void Reader::problem_at_key(const Path& path, std::string message, std::string hint) {
    problem_at(place_of(root_, path, true), path, std::move(message), std::move(hint));
}

void Reader::warning(const Path& path, std::string message, std::string hint) {
    problem(path, std::move(message), std::move(hint));
    problems_.back().is_warning = true;
}

void Reader::problem_at(Place place, const Path& path, std::string message, std::string hint) {
    if (!about_.empty()) message = about_ + ": " + message;
    problems_.push_back({std::string(file_), place.line, place.column,
                         paths_ == Paths::pointers ? pointer_of(path) : to_string(path),
                         std::move(message), std::move(hint)});
}

std::vector<Problem> Reader::take() {
    std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
    return std::move(problems_);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
    // A hostile key may be as long as the file.
    if (word.size() > 64) return {};
    const std::string* best = nullptr;
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string& candidate : candidates) {
        const std::size_t distance = edit_distance(to_lower(word), to_lower(candidate));
        if (distance < best_distance) {
            best = &candidate;
            best_distance = distance;
        }
    }
    return best ? "did you mean `" + *best + "`?" : std::string();
}

}  // namespace domicile::config
