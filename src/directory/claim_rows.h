// What the parts of Claims share: the forms of its tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "directory/claims.h"
#include "directory/record.h"

namespace domicile::directory {

// One of `from`, written as an SQL list, to `to`; a conflict when it is in none of them.
inline sql::Statement transition(const std::string& claim_id, const std::string& from,
                                 const std::string& to) {
    return {"UPDATE claim_intents SET state = '" + to + "' WHERE claim_id = $1 AND state IN (" +
                from + ")",
            {sql::Blob{claim_id}},
            1};
}

inline std::string joined(const std::vector<SubjectKey>& keys) {
    std::string out;
    for (const SubjectKey& key : keys) out += key.bytes;
    return out;
}

inline std::vector<SubjectKey> split(std::string_view bytes) {
    std::vector<SubjectKey> out;
    for (std::size_t at = 0; at + kSubjectKeyBytes <= bytes.size(); at += kSubjectKeyBytes)
        out.push_back({std::string(bytes.substr(at, kSubjectKeyBytes))});
    return out;
}

inline std::unexpected<Error> wrong_state() {
    return fail(Code::failed_precondition, "The claim is not in the state that this needs.",
                std::string(kReasonClaimState));
}

// For a batch after the claim's own row was written or locked by it: no change of its keys is being
// made.
inline sql::Statement no_change_under_way(const std::string& claim_id) {
    return {
        "SELECT i.claim_id FROM claim_changes c JOIN claim_intents i "
        "ON i.claim_id = c.change_id WHERE c.claim_id = $1 AND i.state = 'changing'",
        {sql::Blob{claim_id}},
        0};
}

// What was offered to a claim under this id is given up.
inline sql::Statement no_offer(const std::string& change_id, const std::string& claim_id) {
    return {
        "UPDATE claim_intents SET state = 'releasing' WHERE state = 'held' AND claim_id = $1 AND "
        "claim_id IN (SELECT change_id FROM claim_changes WHERE claim_id = $2)",
        {sql::Blob{change_id}, sql::Blob{claim_id}}};
}

// All that was offered to a claim is given up.
inline sql::Statement no_offers(const std::string& claim_id) {
    return {
        "UPDATE claim_intents SET state = 'releasing' WHERE state = 'held' AND claim_id IN "
        "(SELECT change_id FROM claim_changes WHERE claim_id = $1)",
        {sql::Blob{claim_id}}};
}

}  // namespace domicile::directory
