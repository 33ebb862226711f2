// Subject keys that a region keeps for itself, in its own database: of pools whose people are each
// region's own (ADR 0033). No other region hears of them, and the same identifier may be somebody
// else's there. They are made with a secret of the region, so that they do not fit the directory's.
//
// There are no fences: a claim lands only while the row of its intent, which lies in the same
// database, still says that it may.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "directory/directory.h"
#include "sql/database.h"

namespace domicile::directory {

class RegionKeys final : public KeyKeeper {
  public:
    struct Options {
        std::string region;
        Pepper secret;                  // the region's
        Millis pending_ttl{3'600'000};  // as in ClaimsOptions
    };
    // The table is one of Claims::schema().
    RegionKeys(sql::Database& database, io::Clock& clock, Options options)
        : database_(database), clock_(clock), options_(std::move(options)) {}

    static std::string table();

    SubjectKey key(std::string_view pool_scope, IdentifierKind kind,
                   std::string_view identifier) const override;
    // failed_precondition (reason "claim_lost") unless there is an intent of this claim that is to
    // be claimed for, or held.
    io::Task<Result<void>> claim(ClaimRequest request) override;
    io::Task<Result<void>> activate(std::vector<SubjectKey> keys, std::string claim_id) override;
    io::Task<Result<void>> release(std::vector<SubjectKey> keys, std::string claim_id) override;
    io::Task<Result<void>> adopt(std::vector<SubjectKey> keys, std::string from,
                                 std::string to) override;
    io::Task<Result<void>> drop(std::vector<SubjectKey> keys, std::string claim_id) override;
    io::Task<Result<void>> drop_fence(std::string claim_id) override;
    io::Task<Result<std::optional<Record>>> record(SubjectKey key) override;

  private:
    using Statements = std::vector<sql::Statement>;
    // claim_lost when one of the batch's expectations is unmet.
    io::Task<Result<void>> write(Statements batch);

    sql::Database& database_;
    io::Clock& clock_;
    const Options options_;
};

}  // namespace domicile::directory
