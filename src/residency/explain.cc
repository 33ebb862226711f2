#include "residency/residency.h"
#include "residency/trace.h"

namespace domicile::residency {
namespace {

std::string headline(const Decision& decision) {
    const std::string why = " (" + std::string(decision.reason) + ")";
    switch (decision.action) {
        case Action::serve:
            return "Serve in " + decision.region + why + ".";
        case Action::forward:
            return "Forward over the border to " + decision.region + why + ".";
        case Action::misdirected:
            return "Do not carry it; answer with the address of " + decision.region + why + ".";
        case Action::refuse:
            return "Refuse" + why + ".";
        case Action::unavailable:
            return "Unavailable: 503 with Retry-After until " + decision.region + " is back" + why +
                   ".";
    }
    return {};
}

std::string join(std::string head, const std::vector<std::string>& steps) {
    for (const std::string& step : steps) head += "\n  - " + step;
    return head + "\n";
}

template <class Question, class Decide>
std::string explain_with(const Policy& policy, const Question& question, Decide decide) {
    std::vector<std::string> steps;
    const Decision decision = decide(policy, question, Trace(&steps));
    return join(headline(decision), steps);
}

std::string_view heading(Operation operation) {
    if (operation == Operation::administer) return "Administration: ";
    return operation == Operation::sign_up ? "Sign-up: " : "Sign-in: ";
}

}  // namespace

std::string_view to_string(Action action) {
    switch (action) {
        case Action::serve:
            return "serve";
        case Action::forward:
            return "forward";
        case Action::misdirected:
            return "misdirected";
        case Action::refuse:
            return "refuse";
        case Action::unavailable:
            return "unavailable";
    }
    return "";
}

std::string_view to_string(Transit transit) {
    return transit == Transit::allow ? "allow" : "never";
}

std::string_view to_string(Operation operation) {
    switch (operation) {
        case Operation::sign_up:
            return "sign_up";
        case Operation::sign_in:
            return "sign_in";
        case Operation::administer:
            return "administer";
    }
    return "";
}

std::string explain(const Policy& policy, const SignUp& sign_up) {
    std::vector<std::string> steps;
    const HomeChoice choice = choose_home(policy, sign_up, Trace(&steps));
    const std::string why = " (" + std::string(choice.reason) + ").";
    return join(choice.home ? "The home is " + *choice.home + why : "Refuse the sign-up" + why,
                steps);
}

std::string explain(const Policy& policy, const Exchange& exchange) {
    return std::string(heading(exchange.operation)) +
           explain_with(policy, exchange, [](const Policy& p, const Exchange& q, Trace t) {
               return decide_exchange(p, q, t);
           });
}

std::string explain(const Policy& policy, const Call& call) {
    return explain_with(
        policy, call, [](const Policy& p, const Call& q, Trace t) { return decide_call(p, q, t); });
}

std::string explain(const Policy& policy, const Write& write) {
    return explain_with(policy, write, [](const Policy& p, const Write& q, Trace t) {
        return decide_write(p, q, t);
    });
}

std::string explain_failover(const Policy& policy, const RegionId& home, HomeState state) {
    return explain_with(policy, home, [state](const Policy& p, const RegionId& q, Trace t) {
        return decide_failover(p, q, state, t);
    });
}

}  // namespace domicile::residency
