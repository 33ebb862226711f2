#include "sim/workload.h"

#include "base/encoding.h"
#include "crypto/jwt.h"
#include "crypto/srp.h"
#include "identity/srp_block.h"

namespace domicile::sim {
namespace {

constexpr std::size_t kAlone = 4;
constexpr int kContests = 2;
constexpr int kWishesMax = 3;  // for other addresses, which are bounded
constexpr const char* kPool = "Health1";
constexpr int kLastTries = 12;  // of everything, once nothing goes wrong any more

json::array attributes_of(const Person& person) {
    const auto attribute = [](const char* name, const std::string& value) {
        return json::object{{"Name", name}, {"Value", value}};
    };
    return {attribute("email", person.email), attribute("name", person.name),
            attribute("custom:country", kCountries[person.home])};
}

}  // namespace

Workload::Workload(World& world, Nemesis& nemesis, Report& report)
    : world_(world), nemesis_(nemesis), report_(report), random_(world.random().next()) {
    const auto add = [&](const std::string& who, std::size_t home, int contest) {
        Person person;
        person.email = who + "@Example.org";
        person.name = "Planted " + who;
        person.home = home;
        person.contest = contest;
        person.password = "Sicher-1" + who + std::to_string(people_.size());
        people_.push_back(std::move(person));
    };
    for (std::size_t i = 0; i < kAlone; ++i)
        add("alone" + std::to_string(i), random_.below(kRegionCount), -1);
    for (int i = 0; i < kContests; ++i) {
        const std::size_t first = random_.below(kRegionCount);
        const bool one_person = random_.chance(0.3);  // who has corrected the country
        for (std::size_t j = 0; j < 2; ++j) {
            add("rival" + std::to_string(i), (first + j) % kRegionCount, i);
            if (one_person) people_.back().password = "Sicher-1-same";
        }
    }
}

void Workload::begin() {
    left_ = people_.size();
    world_.clients().process()->spawn([this]() -> io::Task<void> {
        client_ = std::make_unique<Client>(world_);
        for (Person& person : people_) io::spawn(live(person));
        return pause(0, 0);
    });
}

io::Task<void> Workload::pause(std::int64_t least_ms, std::int64_t most_ms) {
    co_await io::sleep_for(Millis(random_.between(least_ms, most_ms)));
}

void Workload::wrong(const Person& person, const char* invariant, const std::string& what) {
    report_.violation(invariant, person.email + " of " + kRegionNames[person.home] + ", at " +
                                     std::to_string(world_.now().count()) + " ms: " + what);
}

// Half of all requests go where they belong.
std::size_t Workload::somewhere(const Person& person) {
    return random_.chance(0.5) ? person.home : random_.below(kRegionCount);
}

Workload::Moment Workload::now(const Person& person, std::size_t via) {
    const Host& home = world_.region(person.home);
    return {.via = via,
            .home = person.home,
            .home_isolated = nemesis_.isolated(person.home),
            .home_down = !home.up() && world_.region(person.home).answers(),
            .via_ready = world_.ready(via) && world_.region(via).up(),
            .directory_well = world_.directory().up(),
            .home_troubles = nemesis_.troubles(home),
            .via_troubles = nemesis_.troubles(world_.region(via)),
            .directory_troubles = nemesis_.troubles(world_.directory())};
}

void Workload::judge(const Person& person, const Moment& before, const Answer& answer,
                     const char* what) {
    report_.count(std::string(what) + " " + std::to_string(answer.status));
    if (report_.verbose)
        std::fprintf(stderr, "%9.3f %s of %s via %s: %s %d %s\n",
                     static_cast<double>(world_.scheduler().now_us()) / 1e6, person.email.c_str(),
                     kRegionNames[person.home], kRegionNames[before.via], what, answer.status,
                     answer.error_text().c_str());
    const std::string said = std::string(what) + " via " + kRegionNames[before.via] +
                             " was answered with " + std::to_string(answer.status) + " " +
                             answer.error_type() + " " + answer.error_text();
    if (answer.status == 503 && !answer.retry_after) wrong(person, "I4", said + ", no Retry-After");
    if (answer.status >= 500 && answer.status != 503 && answer.status != 504)
        wrong(person, "I4", said);
    if (answer.status == 0) return;
    const Moment after = now(person, before.via);
    const bool home_quiet = before.home_troubles == after.home_troubles;
    const bool via_quiet = before.via_troubles == after.via_troubles;
    const bool directory_quiet = before.directory_troubles == after.directory_troubles;
    const bool own = before.via == before.home;
    if (answer.status == 401 && expired_is_fair()) return;
    if (own && before.home_isolated && before.via_ready && home_quiet && !answer.ok())
        wrong(person, "I7", said + ", while the region stood alone");
    if (!own && before.home_down && home_quiet && before.via_ready && via_quiet &&
        before.directory_well && directory_quiet && answer.status != 503)
        wrong(person, "I4", said + ", while the home was down");
}

io::Task<void> Workload::live(Person& person) {
    co_await pause(0, person.contest < 0 ? 15'000 : 2'000);
    bool in = co_await sign_up(person);
    if (in) in = co_await confirm(person);
    while (in && !finishing_) {
        const std::size_t via = somewhere(person);
        if (!person.wished.empty())
            co_await settle_address(person, via);
        else if (person.access_token.empty() || random_.chance(0.15))
            co_await sign_in(person, via);
        else if (person.contest < 0 && person.wishes < kWishesMax && random_.chance(0.1))
            co_await change_address(person, via);
        else if (random_.chance(0.05))
            co_await sign_out(person, via);
        else if (!person.revoked_refresh_token.empty() && random_.chance(0.2))
            co_await try_ended_session(person, via);
        else if (random_.chance(0.2))
            co_await refresh(person, via);
        else if (random_.chance(0.6) || person.notes.empty())
            co_await write_note(person, via);
        else
            co_await read_note(person, via, "n" + std::to_string(random_.below(3)));
        co_await pause(100, 4'000);
    }
    if (in) co_await look_at_everything(person);
    --left_;
}

io::Task<bool> Workload::sign_up(Person& person) {
    int last_tries = 0;
    while (last_tries < kLastTries) {
        last_tries += finishing_ ? 1 : 0;
        const std::size_t via = somewhere(person);
        json::object request{{"ClientId", kClientId},
                             {"Username", person.email},
                             {"Password", person.password},
                             {"UserAttributes", attributes_of(person)}};
        const Moment before = now(person, via);
        const Answer answer = co_await client_->call(via, "SignUp", std::move(request));
        report_.count("sign-up " + std::to_string(answer.status));
        if (answer.ok()) {
            person.signed_up = true;
            person.sub = answer.text("UserSub");
            // The claim needs the directory.
            const Moment after = now(person, via);
            if (before.home_isolated && before.home_troubles == after.home_troubles)
                wrong(person, "I1", "a sign-up was acknowledged without the directory");
            co_return true;
        }
        person.sign_up_open = true;
        const bool exists = answer.error_type() == "UsernameExistsException";
        if (!answer.open() && !exists && person.contest < 0)
            wrong(person, "I5", "a sign-up was refused: " + answer.error_type());
        if (exists && person.contest >= 0 && random_.chance(0.5)) {
            person.refused = true;
            co_return false;
        }
        co_await pause(500, 5'000);
    }
    if (person.contest < 0 && !expired_is_fair())
        wrong(person, "I1", "nobody else has this address, and yet it cannot be signed up");
    co_return false;
}

io::Task<std::string> Workload::code_of(Person& person) {
    const Answer answer = co_await client_->outbox(person.home);
    if (!answer.ok()) co_return std::string();
    const auto mails = parse_json(answer.body);
    if (!mails) co_return std::string();
    // The newest is on top, but for a clock that jumped back between two of them: every other try
    // is with one further down.
    std::vector<std::string> codes;
    for (const json::value& mail : mails->as_array()) {
        if (mail.at("to").as_string() != person.email) continue;
        const std::string text(mail.at("text").as_string());
        codes.push_back(text.substr(text.find_first_of("0123456789"), 6));
    }
    const std::size_t tried = person.codes_tried++;
    if (!codes.empty()) co_return codes[tried % 2 == 0 ? 0 : tried / 2 % codes.size()];
    if (person.contest < 0 && !expired_is_fair())
        wrong(person, "I5", "an acknowledged sign-up has no mail");
    co_return std::string();
}

io::Task<bool> Workload::confirm(Person& person) {
    int last_tries = 0;
    while (last_tries < kLastTries) {
        last_tries += finishing_ ? 1 : 0;
        std::string code = co_await code_of(person);
        if (!code.empty()) {
            const std::size_t via = somewhere(person);
            json::object request{{"ClientId", kClientId},
                                 {"Username", person.email},
                                 {"ConfirmationCode", std::move(code)}};
            const Answer answer = co_await client_->call(via, "ConfirmSignUp", std::move(request));
            report_.count("confirm " + std::to_string(answer.status));
            person.confirm_open = true;
            const bool again = answer.error_text().find("CONFIRMED") != std::string::npos;
            if (answer.ok() || again) {
                person.confirmed = true;
                if (person.contest < 0) co_return true;
                const std::string home = kRegionNames[person.home];
                const auto [winner, first] = winners_.emplace(person.contest, home);
                if (!first && winner->second != home)
                    wrong(person, "I1", "confirmed, and so was a rival in " + winner->second);
                co_return true;
            }
            const bool used_up = !answer.open();
            if (used_up && person.contest >= 0 && random_.chance(0.3)) {
                person.refused = true;
                co_return false;
            }
            if (used_up) {
                json::object resend{{"ClientId", kClientId}, {"Username", person.email}};
                (void)co_await client_->call(person.home, "ResendConfirmationCode",
                                             std::move(resend));
            }
        } else if (person.contest >= 0 && random_.chance(0.1)) {
            co_return false;
        }
        co_await pause(500, 5'000);
    }
    if (person.contest < 0 && !expired_is_fair())
        wrong(person, "I5", "an acknowledged sign-up cannot be confirmed");
    co_return false;
}

io::Task<Answer> Workload::try_password(const Person& person, std::string username,
                                        std::size_t via) {
    json::object parameters{{"USERNAME", std::move(username)}, {"PASSWORD", person.password}};
    json::object request{{"ClientId", kClientId},
                         {"AuthFlow", "USER_PASSWORD_AUTH"},
                         {"AuthParameters", std::move(parameters)}};
    co_return co_await client_->call(via, "InitiateAuth", std::move(request));
}

// The challenge through one region, its answer through another: what the client carries between
// them is the home's, whatever becomes of the home's memory meanwhile.
io::Task<Answer> Workload::try_srp(Person& person, std::size_t via) {
    const std::string a = random_.bytes(crypto::kSrpSecretSize);
    json::object parameters{{"USERNAME", person.email}, {"SRP_A", crypto::client_public(a)}};
    json::object start{{"ClientId", kClientId},
                       {"AuthFlow", "USER_SRP_AUTH"},
                       {"AuthParameters", std::move(parameters)}};
    Answer answer =
        co_await client_->call(random_.below(kRegionCount), "InitiateAuth", std::move(start));
    if (!answer.ok()) co_return answer;
    const json::object& challenge = answer.object.at("ChallengeParameters").as_object();
    const auto text = [&](const char* name) { return std::string(challenge.at(name).as_string()); };
    const std::string user = text("USER_ID_FOR_SRP");
    const std::string block = text("SECRET_BLOCK");
    const auto key =
        crypto::client_session_key(kPool, user, person.password, text("SALT"), a, text("SRP_B"));
    const std::string time = identity::to_srp_timestamp(io::Executor::current().clock().now());
    const std::string proof = to_base64(
        crypto::claim_signature(*key, kPool, user, from_base64(block).value_or(""), time));
    json::object responses{{"USERNAME", user},
                           {"PASSWORD_CLAIM_SECRET_BLOCK", block},
                           {"TIMESTAMP", time},
                           {"PASSWORD_CLAIM_SIGNATURE", proof}};
    json::object finish{{"ClientId", kClientId},
                        {"ChallengeName", "PASSWORD_VERIFIER"},
                        {"ChallengeResponses", std::move(responses)}};
    co_await pause(0, 1'000);
    co_return co_await client_->call(via, "RespondToAuthChallenge", std::move(finish));
}

io::Task<void> Workload::sign_in(Person& person, std::size_t via) {
    const Moment before = now(person, via);
    const bool srp = random_.chance(0.3);
    io::Task<Answer> trying = srp ? try_srp(person, via) : try_password(person, person.email, via);
    const Answer answer = co_await std::move(trying);
    // Rivals guess passwords, and slow the owner of the address down with it.
    const bool guessed = person.contest >= 0 || person.shares_address;
    if (guessed && answer.error_type() == "LimitExceededException") co_return;
    // The clocks of client and home may be too far apart; and a challenge is good for three
    // minutes, which the home's clock may have jumped over meanwhile.
    if (srp && !answer.ok() && !answer.open() && expired_is_fair()) co_return;
    const bool ran_out = answer.error_text().find("session is expired") != std::string::npos;
    const Moment after = now(person, via);
    if (srp && ran_out && before.home_troubles != after.home_troubles) co_return;
    if (!srp) judge(person, before, answer, "sign-in");
    if (srp) report_.count("srp " + std::to_string(answer.status));
    if (answer.ok()) co_return signed_in(person, answer);
    if (!answer.open())
        wrong(person, "I5",
              "confirmed, but the sign-in was refused via " + std::string(kRegionNames[via]) +
                  ": " + answer.error_text());
}

void Workload::signed_in(Person& person, const Answer& answer) {
    const json::object& result = answer.object.at("AuthenticationResult").as_object();
    person.access_token = result.at("AccessToken").as_string();
    person.refresh_token = result.at("RefreshToken").as_string();
    const auto parsed = crypto::parse_jwt(person.access_token);
    if (parsed->claims.at("custom:region").as_string() != kRegionNames[person.home])
        wrong(person, "I4", "another region gave the token");
    if (parsed->claims.at("sub").as_string() != person.sub && person.contest < 0)
        wrong(person, "I1", "the token is somebody else's");
}

io::Task<void> Workload::sign_out(Person& person, std::size_t via) {
    json::object request{{"ClientId", kClientId}, {"Token", person.refresh_token}};
    const Answer answer = co_await client_->call(via, "RevokeToken", std::move(request));
    report_.count("sign-out " + std::to_string(answer.status));
    if (answer.ok()) {
        person.revoked_access_token = person.access_token;
        person.revoked_refresh_token = person.refresh_token;
    } else if (!answer.open()) {
        wrong(person, "I5", "a session cannot be ended: " + answer.error_text());
    }
    person.access_token.clear();
}

io::Task<void> Workload::try_ended_session(Person& person, std::size_t via) {
    json::object parameters{{"REFRESH_TOKEN", person.revoked_refresh_token}};
    json::object request{{"ClientId", kClientId},
                         {"AuthFlow", "REFRESH_TOKEN_AUTH"},
                         {"AuthParameters", std::move(parameters)}};
    const Answer refreshed = co_await client_->call(via, "InitiateAuth", std::move(request));
    const Answer read =
        co_await client_->api(via, "GET", "/notes/n0", person.revoked_access_token, "");
    report_.count("ended refresh " + std::to_string(refreshed.status));
    report_.count("ended get " + std::to_string(read.status));
    if (refreshed.ok()) wrong(person, "I5", "a session that was ended gave new tokens");
    if (read.ok() || read.status == 404) wrong(person, "I5", "a session that was ended reads");
}

io::Task<void> Workload::refresh(Person& person, std::size_t via) {
    json::object parameters{{"REFRESH_TOKEN", person.refresh_token}};
    json::object request{{"ClientId", kClientId},
                         {"AuthFlow", "REFRESH_TOKEN_AUTH"},
                         {"AuthParameters", std::move(parameters)}};
    const Moment before = now(person, via);
    const Answer answer = co_await client_->call(via, "InitiateAuth", std::move(request));
    judge(person, before, answer, "refresh");
    if (answer.ok())
        person.access_token =
            answer.object.at("AuthenticationResult").at("AccessToken").as_string();
    else if (!answer.open())
        wrong(person, "I5", "a refresh token was refused: " + answer.error_text());
}

io::Task<void> Workload::write_note(Person& person, std::size_t via) {
    const std::string id = "n" + std::to_string(random_.below(3));
    std::string text = "text " + std::to_string(next_text_++) + " of " + person.name;
    Note& note = person.notes[id];
    const Moment before = now(person, via);
    const std::string path = "/notes/" + id;
    const Answer answer = co_await client_->api(via, "PUT", path, person.access_token, text);
    judge(person, before, answer, "put");
    if (answer.ok()) {
        note.acknowledged = std::move(text);
        if (answer.served_by != kRegionNames[person.home])
            wrong(person, "I4", "a note was written by " + answer.served_by);
        co_return;
    }
    note.maybe.insert(std::move(text));
    if (answer.status == 401 && expired_is_fair()) {
        person.access_token.clear();
    } else if (!answer.open()) {
        wrong(person, "I4", "a note was refused: " + std::to_string(answer.status));
    }
}

io::Task<void> Workload::read_note(Person& person, std::size_t via, std::string id) {
    const Moment before = now(person, via);
    const std::string path = "/notes/" + id;
    const Answer answer = co_await client_->api(via, "GET", path, person.access_token, "");
    const Note& note = person.notes[id];
    const bool none = answer.status == 404 && !note.acknowledged;
    if (!none) judge(person, before, answer, "get");
    if (none || answer.open()) co_return;
    if (answer.status == 401 && expired_is_fair()) {
        person.access_token.clear();
    } else if (!answer.ok()) {
        wrong(person, "I5", "a note cannot be read: " + std::to_string(answer.status));
    } else if (answer.body != note.acknowledged && !note.maybe.contains(answer.body)) {
        wrong(person, "I5", "a note is not what was acknowledged: " + answer.body);
    } else if (answer.served_by != kRegionNames[person.home]) {
        wrong(person, "I4", "a note was read from " + answer.served_by);
    }
}

io::Task<void> Workload::look_at_everything(Person& person) {
    person.access_token.clear();
    for (int tries = 0; !person.wished.empty() && tries < kLastTries; ++tries) {
        co_await settle_address(person, random_.below(kRegionCount));
        co_await pause(100, 30'000);  // asking too often is refused for longer and longer
    }
    if (!person.wished.empty()) {
        wrong(person, "I5", "a change of address neither is made nor given up");
        co_return;
    }
    for (int tries = 0; person.access_token.empty() && tries < kLastTries; ++tries) {
        co_await sign_in(person, random_.below(kRegionCount));
        co_await pause(100, 1'000);
    }
    if (person.access_token.empty()) {
        wrong(person, "I5", "confirmed, but cannot sign in");
        co_return;
    }
    for (int i = 0; i < 3; ++i) {
        const std::size_t via = random_.below(kRegionCount);
        co_await read_note(person, via, "n" + std::to_string(i));
    }
}

}  // namespace domicile::sim
