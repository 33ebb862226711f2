// Where several nodes share a region's database: reads what the others revoked, every second. So a
// revocation holds on all nodes a second or so after it was acknowledged, without a look at the
// database for each request; a node that cannot read stops taking tokens
// (TokenVerifier::Options::revocations_age_max).
#pragma once

#include "identity/sessions.h"
#include "io/executor.h"
#include "nodes/nodes.h"

namespace domicile::identity {

class RevocationWatch {
  public:
    RevocationWatch(const sql::Database& database, Sessions& sessions, const nodes::Nodes* nodes)
        : needed_(database.shared()), sessions_(sessions), nodes_(nodes) {}

    void start();
    io::Task<void> stop();  // on the executor that start() was called on

  private:
    io::Task<void> run();

    const bool needed_;
    Sessions& sessions_;
    const nodes::Nodes* nodes_;
    bool stopping_ = false;
    io::Event wake_;
    io::TaskGroup tasks_;
};

}  // namespace domicile::identity
