// The client of the admin port, for `domicile keys`.
#pragma once

#include <string>
#include <vector>

#include "access/access.h"
#include "base/json.h"
#include "base/result.h"
#include "http/client.h"
#include "io/clock.h"
#include "io/task.h"

namespace domicile::api::admin {

class AdminClient {
  public:
    // `client` and `clock` outlive this. The region is the one that the port belongs to.
    AdminClient(http::Client& client, http::Target target, std::string region,
                access::Credentials credentials, io::Clock& clock);

    io::Task<Result<access::Credentials>> create_key(std::string description,
                                                     access::Policy policy);
    io::Task<Result<access::Credentials>> rotate_key(std::string access_key_id);
    io::Task<Result<void>> revoke_key(std::string access_key_id);
    io::Task<Result<std::vector<access::KeyDescription>>> list_keys();

    // A signed request; the answer's JSON object, or the error of the problem document.
    io::Task<Result<json::object>> call(std::string method, std::string path, std::string body);

  private:
    http::Client& client_;
    const http::Target target_;
    const std::string region_;
    const access::Credentials credentials_;
    io::Clock& clock_;
};

}  // namespace domicile::api::admin
