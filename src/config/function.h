// Functions: commands that speak the Lambda Runtime API.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace domicile::config {

struct Function {
    std::string name;
    std::vector<std::string> command;  // program and arguments; not a shell line
    std::string directory = ".";       // working directory, relative to the file's folder
    int timeout_seconds = 29;
    std::map<std::string, std::string> environment;
    std::vector<std::string> tables;  // the names of the tables that it may use

    bool operator==(const Function&) const = default;
};

}  // namespace domicile::config
