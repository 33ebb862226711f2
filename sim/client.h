// What clients of a deployment do: HTTP to some region's public port, as a browser or an SDK would.
#pragma once

#include <string>

#include "http/client.h"
#include "sim/world.h"

namespace domicile::sim {

struct Answer {
    int status = 0;  // 0: none came, and nobody knows what became of the request
    std::string body;
    json::object object;  // of a JSON body
    std::string served_by;
    bool retry_after = false;

    bool ok() const { return status == 200; }
    // Not now, or nobody knows; ask again.
    bool open() const { return status == 0 || status == 503 || status == 504; }
    std::string error_type() const;  // "NotAuthorizedException"
    std::string error_text() const;
    std::string text(const char* member) const;  // of the object; empty when it has none
};

class Client {
  public:
    explicit Client(World& world) : world_(world) {}

    // One operation of the Cognito dialect.
    io::Task<Answer> call(std::size_t region, std::string operation, json::object request);
    // A call of the application's API.
    io::Task<Answer> api(std::size_t region, std::string method, std::string path,
                         std::string token, std::string body);
    io::Task<Answer> outbox(std::size_t region);

  private:
    io::Task<Answer> send(std::size_t region, http::RequestHead head, std::string_view body);

    World& world_;
    http::Client client_{{.idle_per_target_max = 4}};
};

}  // namespace domicile::sim
