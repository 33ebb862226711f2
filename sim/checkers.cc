#include "sim/checkers.h"

#include "audit/log.h"
#include "base/encoding.h"
#include "directory/directory.h"
#include "directory/key_record.h"
#include "directory/record.h"
#include "sql/sqlite_connection.h"

namespace domicile::sim {
namespace {

struct HomeRow {
    std::string claim_id, sub;
    bool confirmed = false;
};

struct Intent {
    std::string state;
    std::vector<std::string> keys;
    Timestamp expires;
};

struct Home {
    std::map<std::string, HomeRow> people;  // by claim id
    std::map<std::string, Intent> intents;  // by claim id
};

struct Check {
    World& world;
    Report& report;
    std::map<std::string, Home> homes;                        // by region
    std::map<std::string, directory::Record> directory_keys;  // by subject key

    void wrong(const char* invariant, const std::string& what) {
        report.violation(invariant, "at rest: " + what);
    }
    sql::StatementResult query(Host& host, const std::string& path, const std::string& text) {
        auto connection = sql::SqliteConnection::open(
            {.path = path, .read_only = true, .vfs = world.vfs_of(host).name()});
        auto out = connection ? (*connection)->run({text, {}})
                              : Result<sql::StatementResult>(std::unexpected(connection.error()));
        if (out) return std::move(*out);
        wrong("I5", path + " of " + host.name() + " cannot be read: " + out.error().message);
        return {};
    }

    void read_home(Host& host);
    void read_directory();
    void check_directory_bytes(const std::vector<Person>& people);
    void check_agreement();
    void check_people(const std::vector<Person>& people, bool clocks_jumped_far);
    void check_audit(Host& host);
};

void Check::read_home(Host& host) {
    Home& home = homes[host.name()];
    const auto people =
        query(host, "/region.db", "SELECT claim_id, sub, confirmed FROM identity_users");
    for (const sql::Row& row : people.rows)
        home.people[row.bytes(0)] = {row.bytes(0), row.text(1), row.integer(2) != 0};
    const auto intents =
        query(host, "/region.db", "SELECT claim_id, state, keys, expires FROM claim_intents");
    for (const sql::Row& row : intents.rows) {
        Intent intent{row.text(1), {}, Timestamp{row.integer(3)}};
        for (std::size_t at = 0; at < row.bytes(2).size(); at += directory::kSubjectKeyBytes)
            intent.keys.push_back(row.bytes(2).substr(at, directory::kSubjectKeyBytes));
        home.intents[row.bytes(0)] = std::move(intent);
    }
}

// I3: every entry is one of the forms that docs/formats/directory.md has, to the last byte.
void Check::read_directory() {
    const auto entries =
        query(world.directory(), "/directory.db", "SELECT key, value FROM entries");
    for (const sql::Row& row : entries.rows) {
        const std::string& key = row.bytes(0);
        const std::string& value = row.bytes(1);
        if (key.starts_with("k/") && key.size() == 2 + directory::kSubjectKeyBytes) {
            const auto record = directory::decode(value);
            if (!record || directory::encode(*record) != value)
                wrong("I3", "a record of the directory is not of its format");
            else
                directory_keys[key.substr(2)] = *record;
        } else if (key.starts_with("f/") && key.size() == 2 + directory::kClaimIdBytes) {
            const auto region = directory::decode_fence(value);
            if (!region || !homes.contains(*region))
                wrong("I3", "a fence of the directory is not of its format");
        } else if (key.starts_with(directory::kKeyRecordPrefix)) {
            const auto record = directory::decode_key({key, value, 0, 0});
            const auto again = record ? directory::encode_key(*record)
                                      : Result<kv::Write>(std::unexpected(record.error()));
            if (!again || again->value != value)
                wrong("I3", "a key record of the directory is not of its format");
            for (const char* secret : {"d", "p", "q"})
                if (record && record->jwk.contains(secret))
                    wrong("I3", "a private key is in the directory");
        } else {
            wrong("I3", "the directory holds something else: " + to_hex(key));
        }
    }
}

void Check::check_directory_bytes(const std::vector<Person>& people) {
    for (const std::string& path : world.directory().disk().paths()) {
        const std::string bytes = to_lower(world.directory().disk().find(path)->now);
        for (const Person& person : people) {
            for (const std::string& planted :
                 {person.email, person.email.substr(0, person.email.find('@')), person.name,
                  person.password, person.sub}) {
                if (planted.empty() || bytes.find(to_lower(planted)) == std::string::npos) continue;
                std::string what = path;
                wrong("I3", what.append(" of the directory names ").append(planted));
            }
        }
    }
}

void Check::check_agreement() {
    const auto short_of = [](const std::string& bytes) { return to_hex(bytes.substr(0, 4)); };
    for (const auto& [key, record] : directory_keys) {
        const auto home = homes.find(record.home);
        const bool active = record.state == directory::State::active;
        if (home == homes.end()) {
            wrong("I1", "a key's home is no region");
            continue;
        }
        const auto person = home->second.people.find(record.claim_id);
        const bool there = person != home->second.people.end();
        const std::string what = "key " + short_of(key) + " of claim " + short_of(record.claim_id) +
                                 " at home in " + record.home;
        if (active && (!there || !person->second.confirmed))
            wrong("I1", what + " is active, but its person is not confirmed there");
        if (active) continue;
        const Timestamp home_time = kWorldStart + world.now() + world.region(0).clock_offset();
        const auto intent = home->second.intents.find(record.claim_id);
        const bool known = intent != home->second.intents.end() && intent->second.state != "fenced";
        if (!known && record.pending_until > home_time - Seconds(4 * 3600))
            wrong("I1", what + " is pending, and the home knows nothing of the claim");
    }
    for (const auto& [region, home] : homes) {
        for (const auto& [claim_id, person] : home.people) {
            const auto intent = home.intents.find(claim_id);
            const std::string what = "person of claim " + short_of(claim_id) + " in " + region;
            if (intent == home.intents.end()) {
                wrong("I1", what + " has no row that knows the keys");
                continue;
            }
            if (!person.confirmed) continue;
            if (intent->second.state != "active") wrong("I1", what + ": " + intent->second.state);
            for (const std::string& key : intent->second.keys) {
                const auto record = directory_keys.find(key);
                if (record == directory_keys.end() || record->second.claim_id != claim_id ||
                    record->second.home != region ||
                    record->second.state != directory::State::active)
                    wrong("I1", what + " is confirmed, but does not hold key " + short_of(key));
            }
        }
    }
}

void Check::check_people(const std::vector<Person>& people, bool clocks_jumped_far) {
    std::map<std::string, std::vector<std::string>> confirmed_at;  // by e-mail
    const directory::Pepper pepper{1, world.deployment().pepper};
    for (const Person& person : people) {
        const auto key = directory::subject_key(pepper, "Health1", directory::IdentifierKind::email,
                                                person.email);
        bool found = false, confirmed = false;
        for (const auto& [region, home] : homes) {
            for (const auto& [claim_id, row] : home.people) {
                const auto intent = home.intents.find(claim_id);
                if (intent == home.intents.end() ||
                    !std::ranges::count(intent->second.keys, key.bytes))
                    continue;
                auto& at = confirmed_at[person.email];
                if (row.confirmed && !std::ranges::count(at, region)) at.push_back(region);
                if (region != kRegionNames[person.home]) continue;
                found = true;
                confirmed = row.confirmed;
            }
        }
        const std::string what = person.email + " of " + kRegionNames[person.home];
        if (person.confirmed && !confirmed)
            wrong("I5", what + " was confirmed and is not any more");
        if (person.contest < 0 && person.signed_up && !found && !clocks_jumped_far)
            wrong("I5", what + " was signed up and is not there");
    }
    for (const auto& [email, regions] : confirmed_at)
        if (regions.size() > 1)
            wrong("I1", email + " is confirmed in " + regions[0] + " and " + regions[1]);
}

void Check::check_audit(Host& host) {
    SimFiles files(host.disk());
    const auto verified = audit::verify(files, "/audit.log");
    if (!verified || verified->broken_line != 0)
        wrong("I6", "the audit log of " + host.name() +
                        " is broken: " + (verified ? verified->problem : verified.error().message));
}

}  // namespace

void check_disks(World& world, const std::vector<Person>& people, bool clocks_jumped_far,
                 Report& report) {
    Check check{world, report, {}, {}};
    for (std::size_t i = 0; i < kRegionCount; ++i) {
        check.read_home(world.region(i));
        check.check_audit(world.region(i));
    }
    check.read_directory();
    check.check_directory_bytes(people);
    check.check_agreement();
    check.check_people(people, clocks_jumped_far);
}

}  // namespace domicile::sim
