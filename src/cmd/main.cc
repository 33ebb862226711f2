#include <string>
#include <vector>

#include "cmd/cmd.h"

int main(int count, char** arguments) {
    return domicile::cmd::run(std::vector<std::string>(arguments + 1, arguments + count));
}
