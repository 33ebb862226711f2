#include <fmt/format.h>

#include "cmd/commands.h"
#include "config/config.h"
#include "io/files.h"
#include "residency/residency.h"
#include "server/deployment.h"

namespace domicile::cmd {
namespace {

Result<std::string> needed(const Arguments& arguments, const std::string& name) {
    if (auto value = arguments.option(name)) return *value;
    return fail(Code::invalid_argument, "This question needs --" + name + ".");
}

residency::HomeState home_state(const Arguments& arguments) {
    return {!arguments.flag("home-down"), arguments.flag("standby-promoted")};
}

Result<std::string> exchange(const residency::Policy& policy, const Arguments& arguments,
                             residency::Operation operation) {
    residency::Exchange question;
    TRY(question.arrival, needed(arguments, "arrival"));
    TRY(question.home, needed(arguments, "home"));
    question.operation = operation;
    question.home_state = home_state(arguments);
    return explain(policy, question);
}

// Sign-up is two questions: which home, and how to get there.
Result<std::string> sign_up(const residency::Policy& policy, const Arguments& arguments) {
    residency::SignUp question;
    TRY(question.arrival, needed(arguments, "arrival"));
    question.country = arguments.option("country");
    question.explicit_region = arguments.option("region");
    std::string out = explain(policy, question);
    const residency::HomeChoice choice = choose_home(policy, question);
    if (!choice.home) return out;
    residency::Exchange then{question.arrival, *choice.home, residency::Operation::sign_up,
                             home_state(arguments)};
    return out + "\n" + explain(policy, then);
}

Result<std::string> call(const residency::Policy& policy, const Arguments& arguments) {
    residency::Call question;
    TRY(question.arrival, needed(arguments, "arrival"));
    question.home = arguments.option("home");
    if (arguments.flag("public")) question.residency = residency::RouteResidency::open;
    const std::string elsewhere = arguments.option_or("elsewhere", "forward");
    if (elsewhere != "forward" && elsewhere != "misdirected") {
        return fail(Code::invalid_argument, "--elsewhere is forward or misdirected.");
    }
    if (elsewhere == "misdirected") question.elsewhere = residency::Elsewhere::misdirected;
    question.home_state = home_state(arguments);
    return explain(policy, question);
}

Result<std::string> write(const residency::Policy& policy, const Arguments& arguments) {
    residency::Write question;
    TRY(question.here, needed(arguments, "arrival"));
    question.resident = !arguments.flag("public");
    question.subject_home = arguments.option("home");
    question.home_state = home_state(arguments);
    return explain(policy, question);
}

Result<std::string> answer(const residency::Policy& policy, const Arguments& arguments) {
    const std::string& question = arguments.words()[1];
    if (question == "sign-up") return sign_up(policy, arguments);
    if (question == "sign-in") return exchange(policy, arguments, residency::Operation::sign_in);
    if (question == "administration")
        return exchange(policy, arguments, residency::Operation::administer);
    if (question == "call") return call(policy, arguments);
    if (question == "write") return write(policy, arguments);
    if (question == "failover") {
        TRY(const std::string home, needed(arguments, "home"));
        return explain_failover(policy, home, home_state(arguments));
    }
    return fail(Code::invalid_argument,
                "Ask about sign-up, sign-in, administration, call, write or failover.");
}

}  // namespace

Result<int> explain(const Words& words) {
    TRY(const Arguments arguments,
        Arguments::parse(words, {"arrival", "home", "country", "region", "elsewhere"},
                         {"public", "home-down", "standby-promoted"}));
    if (arguments.words().size() != 2)
        return fail(Code::invalid_argument, "Name a config file and a question.");
    TRY(const std::string text,
        io::system_files().read(arguments.words()[0], config::kFileBytesMax));
    const config::Loaded loaded = config::load(
        arguments.words()[0], text, server::files_beside(io::system_files(), arguments.words()[0]));
    if (!loaded.problems.empty()) return check({arguments.words()[0]});
    const residency::Policy policy = config::make_policy(loaded.config);
    TRY(const std::string out, answer(policy, arguments));
    fmt::print("{}\n", out);
    return 0;
}

}  // namespace domicile::cmd
