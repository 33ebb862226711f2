// People who change their e-mail address, to one of a few that others want as well: at no time is
// one of them two people's, or are two of them one person's (I1).
#include <algorithm>

#include "base/encoding.h"
#include "sim/workload.h"

namespace domicile::sim {
namespace {

constexpr std::uint64_t kAddresses = 3;

bool is_limit(const Answer& answer) {
    return answer.error_type() == "LimitExceededException" ||
           answer.error_type() == "TooManyRequestsException";
}

}  // namespace

std::string Workload::some_address() {
    return "moved" + std::to_string(random_.below(kAddresses)) + "@Example.org";
}

// Whether it was taken down. It is only while no change of this person's is being made.
io::Task<bool> Workload::wish_for(Person& person, std::size_t via, std::string address) {
    json::array attributes;
    attributes.push_back(json::object{{"Name", "email"}, {"Value", std::move(address)}});
    json::object request{{"AccessToken", person.access_token},
                         {"UserAttributes", std::move(attributes)}};
    const Answer answer = co_await client_->call(via, "UpdateUserAttributes", std::move(request));
    report_.count("wish " + std::to_string(answer.status));
    if (answer.ok()) co_return true;
    const bool expired = answer.error_type() == "NotAuthorizedException" && expired_is_fair();
    if (expired) person.access_token.clear();
    const bool taken = answer.error_type() == "AliasExistsException";
    if (!answer.open() && !is_limit(answer) && !expired && !taken)
        wrong(person, "I5", "a wish was refused: " + answer.error_type());
    co_return false;
}

io::Task<std::string> Workload::newest_code_to(const Person& person, std::string address) {
    const Answer answer = co_await client_->outbox(person.home);
    const auto mails = answer.ok() ? parse_json(answer.body) : Result<json::value>(json::array());
    if (!mails) co_return std::string();
    for (const json::value& mail : mails->as_array()) {
        if (mail.at("to").as_string() != address) continue;
        const std::string text(mail.at("text").as_string());
        co_return text.substr(text.find_first_of("0123456789"), 6);
    }
    co_return std::string();
}

io::Task<void> Workload::change_address(Person& person, std::size_t via) {
    const std::string wanted = some_address();
    if (wanted == person.email) co_return;
    ++person.wishes;
    const bool taken_down = co_await wish_for(person, via, wanted);
    if (!taken_down) co_return;
    std::string code = co_await newest_code_to(person, wanted);
    if (code.empty()) co_return;  // a person before this one took the mail with them
    holders_.erase(person.email);
    person.wished = wanted;
    co_await pause(0, 2'000);
    json::object request{{"AccessToken", person.access_token},
                         {"AttributeName", "email"},
                         {"Code", std::move(code)}};
    const Answer answer =
        co_await client_->call(somewhere(person), "VerifyUserAttribute", std::move(request));
    report_.count("prove " + std::to_string(answer.status));
    if (answer.ok()) co_return co_await moved(person);
    if (answer.status >= 500 && !answer.open())
        wrong(person, "I4", "a code was answered with " + std::to_string(answer.status));
    // The newest mail to this address may be another person's. A code that is used up may have been
    // used by this very request, sent again on the way.
    if (answer.error_type() == "CodeMismatchException") stayed(person);
}

io::Task<void> Workload::moved(Person& person) {
    report_.count("moved");
    const auto [holder, first] = holders_.emplace(person.wished, person.name);
    if (!first && holder->second != person.name)
        wrong(person, "I1", person.wished + " is also that of " + holder->second);
    const std::string old = std::exchange(person.email, std::exchange(person.wished, ""));
    person.shares_address = true;
    const Answer answer = co_await try_password(person, old, person.home);
    if (answer.ok()) wrong(person, "I1", "the address before it, " + old + ", still signs in");
}

void Workload::stayed(Person& person) {
    report_.count("stayed");
    person.wished.clear();
    if (!person.shares_address) return;
    const auto [holder, first] = holders_.emplace(person.email, person.name);
    if (!first && holder->second != person.name)
        wrong(person, "I1", person.email + " is also that of " + holder->second);
}

// No word came of a change: it is made, will be, or never.
io::Task<void> Workload::settle_address(Person& person, std::size_t via) {
    if (person.access_token.empty()) {
        Answer answer = co_await try_password(person, person.wished, via);
        if (!answer.ok()) answer = co_await try_password(person, person.email, via);
        if (!answer.ok()) co_return;
        signed_in(person, answer);
    }
    // Nobody else wants this one.
    std::string other = "settled-" + person.name + "@Example.org";
    std::ranges::replace(other, ' ', '-');
    const bool nothing_under_way = co_await wish_for(person, via, std::move(other));
    if (!nothing_under_way) co_return;
    const Answer answer = co_await try_password(person, person.wished, via);
    if (answer.ok()) co_return co_await moved(person);
    if (!answer.open() && !is_limit(answer)) stayed(person);
}

}  // namespace domicile::sim
