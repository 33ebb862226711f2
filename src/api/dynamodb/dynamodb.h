// DynamoDB's JSON protocol (API version 2012-08-10) over HTTP. docs/compat/dynamodb.md says what is
// there.
#pragma once

#include <memory>
#include <string>

#include "access/access.h"
#include "base/json.h"
#include "base/result.h"
#include "documents/documents.h"
#include "http/server.h"
#include "io/clock.h"
#include "io/task.h"
#include "telemetry/operations.h"

namespace domicile::api::dynamodb {

class DynamoDb {
  public:
    // All outlive this. `region` is what credentials must be scoped to.
    DynamoDb(documents::Documents& documents, access::Access& access, std::string region,
             io::Clock& clock = io::system_clock())
        : documents_(documents), access_(access), clock_(clock), region_(std::move(region)) {}

    // Answers one request, whatever it is; on any reactor. An error means that the connection
    // broke.
    io::Task<Result<void>> handle(http::Exchange& exchange);
    // Once, at start: each operation is counted under its name.
    void report_to(telemetry::Registry& registry);

    static constexpr std::size_t kBodyBytesMax = 2 << 20;  // an item of 400 KB in Base64, with room

  private:
    io::Task<Result<json::object>> answer(http::Exchange& exchange);
    io::Task<Result<json::object>> dispatch(access::Principal who, std::string operation,
                                            json::object request);
    io::Task<Result<json::object>> put_item(access::Principal who, json::object request);
    io::Task<Result<json::object>> get_item(access::Principal who, json::object request);
    io::Task<Result<json::object>> delete_item(access::Principal who, json::object request);
    io::Task<Result<json::object>> update_item(access::Principal who, json::object request);
    io::Task<Result<json::object>> query(access::Principal who, json::object request);
    Result<json::object> describe_table(const access::Principal& who, const json::object& request);
    Result<json::object> list_tables(const access::Principal& who, const json::object& request);

    documents::Documents& documents_;
    access::Access& access_;
    io::Clock& clock_;
    const std::string region_;
    telemetry::Operations operations_;
};

}  // namespace domicile::api::dynamodb
