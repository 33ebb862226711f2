// Runs a target over the files of folders, without libFuzzer: domicile_fuzz_replay TARGET FOLDER...
// What the fuzzers ever found stays found, in every build and with every compiler.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "fuzz.h"

namespace domicile::fuzz {
namespace {

std::map<std::string, Target>& targets() {
    static std::map<std::string, Target> all;
    return all;
}

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream out;
    out << file.rdbuf();
    return out.str();
}

int replay(const std::string& name, const std::vector<std::filesystem::path>& folders) {
    const auto target = targets().find(name);
    if (target == targets().end()) {
        std::cerr << "no target " << name << '\n';
        return 2;
    }
    std::size_t count = 0;
    for (const auto& folder : folders) {
        for (const auto& entry : std::filesystem::directory_iterator(folder)) {
            std::cout << entry.path().string() << std::endl;  // flushed: the next line may abort
            // Without the byte that std::string has behind its end, so that reading it is seen.
            const std::string text = read(entry.path());
            const std::vector<char> input(text.begin(), text.end());
            target->second({input.data(), input.size()});
            ++count;
        }
    }
    std::cout << name << ": " << count << " inputs\n";
    return count > 0 ? 0 : 2;
}

}  // namespace

Registration::Registration(const char* name, Target target) { targets().emplace(name, target); }

}  // namespace domicile::fuzz

int main(int count, char** arguments) {
    const std::vector<std::string> words(arguments + 1, arguments + count);
    if (words.size() < 2) {
        std::cerr << "domicile_fuzz_replay TARGET FOLDER...\n";
        return 2;
    }
    return domicile::fuzz::replay(words[0], {words.begin() + 1, words.end()});
}
