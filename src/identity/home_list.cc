// ListUsers at the home: the people of this region. What the blind index of user names can answer
// is looked up; everything else is a walk in the order of the subs, of so many people a call, since
// what is asked for is sealed under a key of each one's own.
#include "identity/home.h"
#include "identity/page_token.h"

namespace domicile::identity {
namespace {

constexpr std::int64_t kScannedMax = 1'000;  // people a call
constexpr std::int64_t kChunk = 100;

std::string value_of(const PersonDescription& person, const std::string& attribute) {
    if (attribute == "username") return person.username;
    if (attribute == "cognito:user_status") return person.status;
    if (attribute == "status") return person.enabled ? "Enabled" : "Disabled";
    const auto found = person.attributes.find(attribute);
    return found == person.attributes.end() ? std::string() : found->second;
}

bool fits(const PersonDescription& person, const UserFilter& filter) {
    if (filter.match == UserFilter::Match::all) return true;
    const std::string value = value_of(person, filter.attribute);
    if (filter.match == UserFilter::Match::equal) return value == filter.value;
    return value.starts_with(filter.value);
}

}  // namespace

// Somebody whom the user name's index, or the sub, leads to. An address is one person's only, so
// where it is the user name there is nobody else to look for.
io::Task<Result<std::optional<PersonDescription>>> Home::found_by_index(std::string pool,
                                                                        UserFilter filter) {
    const bool by_sub = filter.attribute == "sub";
    auto looking = by_sub ? users_.find_sub(filter.value) : users_.find(pool, filter.value);
    CO_TRY(const auto row, co_await std::move(looking));
    if (!row || row->pool != pool || row->hidden) co_return std::optional<PersonDescription>();
    PersonDescription person = describe(*row);
    if (!fits(person, filter)) co_return std::optional<PersonDescription>();
    co_return std::optional<PersonDescription>(std::move(person));
}

io::Task<Result<PersonPage>> Home::list_people(Administrator who, std::string pool,
                                               UserFilter filter, std::string token,
                                               std::int64_t limit) {
    CO_TRY_VOID(co_await on_record("ListUsers", std::move(who), pool));
    if (limit < 1 || limit > kListMax) limit = kListMax;
    const std::string list = "users:" + pool + ":" +
                             std::to_string(static_cast<int>(filter.match)) + ":" +
                             filter.attribute + ":" + filter.value;
    CO_TRY(std::string after, open_page_token(page_key_, list, token));
    PersonPage out;
    const std::string& attribute = filter.attribute;
    const bool is_key = attribute == "username" || attribute == "sub";
    if (filter.match == UserFilter::Match::equal && (is_key || attribute == "email")) {
        CO_TRY(auto person, co_await found_by_index(pool, filter));
        if (person) out.people.push_back(std::move(*person));
        if (person || is_key) co_return out;
    }
    for (std::int64_t scanned = 0; scanned < kScannedMax; scanned += kChunk) {
        CO_TRY(const auto rows, co_await users_.page(pool, after, kChunk));
        for (const UserRow& row : rows) {
            if (static_cast<std::int64_t>(out.people.size()) == limit) {
                out.token = seal_page_token(page_key_, list, after);
                co_return out;
            }
            PersonDescription person = describe(row);
            if (!row.hidden && fits(person, filter)) out.people.push_back(std::move(person));
            after = row.sub;
        }
        if (rows.empty()) co_return out;
    }
    out.token = seal_page_token(page_key_, list, after);
    co_return out;
}

}  // namespace domicile::identity
