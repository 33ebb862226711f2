// Collects problems with their places while the tree is turned into a Config.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"

namespace domicile::config {

class Reader {
  public:
    // How paths are printed: "routes[0].function", or "/routes/0/function".
    enum class Paths : std::uint8_t { dotted, pointers };
    Reader(std::string_view file, const Node& root, Paths paths = Paths::dotted)
        : file_(file), root_(root), paths_(paths) {}

    // Said before each further problem: where the thing comes from that the path leads to.
    void about(std::string place) { about_ = std::move(place); }

    // At the value that the path names, or at its key, or at the deepest part of the path that is
    // there.
    void problem(const Path& path, std::string message, std::string hint = {});
    void problem_at_key(const Path& path, std::string message, std::string hint = {});
    void problem_at(Place place, const Path& path, std::string message, std::string hint = {});

    // What does not keep the file from being used.
    void warning(const Path& path, std::string message, std::string hint = {});

    std::vector<Problem> take();  // in the order of the file

  private:
    std::string_view file_;
    const Node& root_;
    const Paths paths_;
    std::string about_;
    std::vector<Problem> problems_;
};

// Fills in end_line and end_column from the file's content.
void mark_ends(std::string_view text, std::vector<Problem>& problems);

// "did you mean `x`?" for the nearest candidate that is near enough, else "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace domicile::config
