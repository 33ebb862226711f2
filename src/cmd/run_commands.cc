// up, serve, check, config and audit.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>

#include "audit/log.h"
#include "cmd/commands.h"
#include "config/config.h"
#include "io/files.h"
#include "io/network.h"
#include "io/network_namespace.h"
#include "server/deployment.h"
#include "server/up.h"

namespace domicile::cmd {

std::string absolute(const std::string& path) {
    return std::filesystem::absolute(path).lexically_normal().string();
}

Result<server::EnginesWish> engines_wish(const std::optional<std::string>& word) {
    if (!word) return server::EnginesWish::as_before;
    if (*word == "embedded") return server::EnginesWish::embedded;
    if (*word == "distributed") return server::EnginesWish::distributed;
    return fail(Code::invalid_argument, "--engines is embedded or distributed.");
}

namespace {

// 1 unless given.
Result<std::int64_t> number_of(const Arguments& arguments, const std::string& name) {
    const std::string word = arguments.option_or(name, "1");
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), out);
    if (error == std::errc() && end == word.data() + word.size() && out >= 1 && out <= 16)
        return out;
    return fail(Code::invalid_argument, "--" + name + " is a number from 1 to 16.");
}

Result<bool> verify(const std::string& file) {
    TRY(const audit::Verification result, audit::verify(io::system_files(), file));
    if (result.broken_line != 0) {
        fmt::print("BROKEN at line {}: {}\n{} entries before it hold.\n", result.broken_line,
                   result.problem, result.entries);
        return false;
    }
    fmt::print("The chain holds: {} entries.\nHead: {}\n", result.entries, result.head);
    return true;
}

}  // namespace

Result<int> up(const Words& words) {
    TRY(const Arguments arguments,
        Arguments::parse(words, {"data", "listen", "ready-file", "engines", "nodes"}));
    if (arguments.words().size() != 1) return fail(Code::invalid_argument, "Name one config file.");
    server::UpOptions options;
    options.program = std::filesystem::read_symlink("/proc/self/exe").string();
    options.config_path = absolute(arguments.words()[0]);
    TRY(const std::string text,
        io::system_files().read(options.config_path, config::kFileBytesMax));
    const config::Loaded loaded = config::load(
        arguments.words()[0], text, server::files_beside(io::system_files(), arguments.words()[0]));
    if (!loaded.problems.empty()) return check(arguments.words());
    options.data = absolute(arguments.option_or("data", loaded.config.data_directory));
    TRY(options.engines, engines_wish(arguments.option("engines")));
    if (arguments.option("nodes")) {
        TRY(options.nodes, number_of(arguments, "nodes"));
    }
    options.ready_file = arguments.option_or("ready-file", "");
    if (const auto listen = arguments.option("listen")) {
        TRY(const io::Endpoint endpoint, io::parse_endpoint(*listen));
        options.listen = config::Endpoint{endpoint.host, endpoint.port};
    }
    TRY_VOID(server::run_up(options));
    return 0;
}

Result<int> serve(const Words& words) {
    TRY(const Arguments arguments, Arguments::parse(words, {"data", "region", "node"}));
    const auto data = arguments.option("data"), region = arguments.option("region");
    if (!data || !region)
        return fail(Code::invalid_argument, "Both --data and --region are needed.");
    TRY(const std::int64_t node, number_of(arguments, "node"));
    TRY_VOID(server::run_region(absolute(*data), *region, static_cast<std::size_t>(node)));
    return 0;
}

// The file may be for another machine, so this is no problem of the file's.
void say_what_cannot_be_enforced(const config::Config& config) {
    for (const config::Function& function : config.functions) {
        if (function.egress != config::Egress::enforced) continue;
        const auto possible = io::NetworkNamespace::create();
        if (possible) return;
        fmt::print("functions.{}.egress: a region would not start here. {}\n", function.name,
                   possible.error().message);
        return;
    }
}

Result<int> check(const Words& words) {
    TRY(const Arguments arguments, Arguments::parse(words, {"format"}));
    if (arguments.words().size() != 1) return fail(Code::invalid_argument, "Name one config file.");
    const std::string form = arguments.option_or("format", "text");
    if (form != "text" && form != "json" && form != "gcc")
        return fail(Code::invalid_argument, "--format is text, json or gcc.");
    const std::string& path = arguments.words()[0];
    TRY(const std::string text, io::system_files().read(path, config::kFileBytesMax));
    const config::Loaded loaded =
        config::load(path, text, server::files_beside(io::system_files(), path));
    const bool good = loaded.problems.empty();
    std::vector<config::Problem> all = loaded.problems;
    all.insert(all.end(), loaded.warnings.begin(), loaded.warnings.end());
    if (form == "json") {
        fmt::print("{}\n", config::format_json(path, all));
        return good ? 0 : 1;
    }
    for (const config::Problem& problem : all)
        fmt::print("{}\n", form == "gcc" ? config::format_line(problem) : config::format(problem));
    if (form == "gcc") return good ? 0 : 1;
    if (!good) {
        fmt::print("{} problem{}.\n", loaded.problems.size(),
                   loaded.problems.size() == 1 ? "" : "s");
        return 1;
    }
    fmt::print("{}: no problems. {} regions in {} jurisdictions.\n", path,
               loaded.config.regions.size(), loaded.config.jurisdictions.size());
    say_what_cannot_be_enforced(loaded.config);
    return 0;
}

Result<int> config(const Words& words) {
    if (words != Words{"schema"}) return fail(Code::invalid_argument, "Say: config schema.");
    fmt::print("{}", config::schema());
    return 0;
}

Result<int> audit(const Words& words) {
    TRY(const Arguments arguments, Arguments::parse(words, {}));
    if (arguments.words().size() < 2 || arguments.words()[0] != "verify") {
        return fail(Code::invalid_argument, "Say: audit verify FILE...");
    }
    const Words files(arguments.words().begin() + 1, arguments.words().end());
    bool good = true;
    for (const std::string& file : files) {
        if (files.size() > 1) fmt::print("{}\n", file);
        TRY(const bool holds, verify(file));
        good = good && holds;
    }
    return good ? 0 : 1;
}

}  // namespace domicile::cmd
