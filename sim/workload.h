// People who sign up, confirm, sign in and keep notes, through right and wrong regions, and what
// every answer that they get must not say.
//
// Some of them share an e-mail address with rivals from other countries, who sign up at the same
// time: at most one of those may ever be confirmed.
#pragma once

#include <memory>
#include <set>

#include "sim/client.h"
#include "sim/nemesis.h"

namespace domicile::sim {

struct Note {
    std::optional<std::string> acknowledged;
    std::set<std::string> maybe;  // written, with no word of what became of it
};

struct Person {
    std::string email, name, password;
    std::size_t home = 0;
    int contest = -1;

    bool signed_up = false;     // acknowledged
    bool refused = false;       // lost a contest
    bool sign_up_open = false;  // an attempt whose outcome nobody knows
    bool confirmed = false;     // acknowledged
    std::size_t codes_tried = 0;
    bool confirm_open = false;  // an attempt whose outcome nobody knows
    std::string sub, access_token, refresh_token;
    // Of a session whose end was acknowledged: never good again.
    std::string revoked_access_token, revoked_refresh_token;
    std::map<std::string, Note> notes;
    int wishes = 0;               // for another address
    std::string wished;           // beside `email`: one of them is in force, and nobody knows which
    bool shares_address = false;  // with others who try to sign in with it
};

class Workload {
  public:
    Workload(World& world, Nemesis& nemesis, Report& report);

    void begin();
    // From now on nothing goes wrong any more: everybody finishes what they began, looks at all
    // that they were promised, and leaves.
    void finish() { finishing_ = true; }
    bool done() const { return left_ == 0; }

    const std::vector<Person>& people() const { return people_; }

  private:
    // What was so when a request was sent, to judge its answer by.
    struct Moment {
        std::size_t via, home;
        bool home_isolated, home_down, via_ready, directory_well;
        std::uint64_t home_troubles, via_troubles, directory_troubles;
    };

    io::Task<void> live(Person& person);
    io::Task<bool> sign_up(Person& person);
    io::Task<bool> confirm(Person& person);
    io::Task<std::string> code_of(Person& person);
    io::Task<void> sign_in(Person& person, std::size_t via);
    io::Task<Answer> try_password(const Person& person, std::string username, std::size_t via);
    io::Task<Answer> try_srp(Person& person, std::size_t via);
    void signed_in(Person& person, const Answer& answer);
    io::Task<void> sign_out(Person& person, std::size_t via);
    io::Task<void> try_ended_session(Person& person, std::size_t via);
    io::Task<void> refresh(Person& person, std::size_t via);
    io::Task<void> write_note(Person& person, std::size_t via);
    io::Task<void> read_note(Person& person, std::size_t via, std::string id);
    io::Task<void> look_at_everything(Person& person);
    // workload_address.cc
    std::string some_address();
    io::Task<bool> wish_for(Person& person, std::size_t via, std::string address);
    io::Task<std::string> newest_code_to(const Person& person, std::string address);
    io::Task<void> change_address(Person& person, std::size_t via);
    io::Task<void> moved(Person& person);
    void stayed(Person& person);
    io::Task<void> settle_address(Person& person, std::size_t via);

    Moment now(const Person& person, std::size_t via);
    // I4, I7 and what holds of every answer.
    void judge(const Person& person, const Moment& before, const Answer& answer, const char* what);
    std::size_t somewhere(const Person& person);
    io::Task<void> pause(std::int64_t least_ms, std::int64_t most_ms);
    void wrong(const Person& person, const char* invariant, const std::string& what);
    bool expired_is_fair() const { return nemesis_.clocks_jumped_far(); }

    World& world_;
    Nemesis& nemesis_;
    Report& report_;
    std::unique_ptr<Client> client_;
    SeededRandom random_;
    std::vector<Person> people_;
    std::map<std::string, std::string> holders_;  // of addresses that people change to: names
    std::map<int, std::string> winners_;          // of contests: the home that acknowledged
    bool finishing_ = false;
    std::size_t left_ = 0;
    std::uint64_t next_text_ = 1;
};

}  // namespace domicile::sim
