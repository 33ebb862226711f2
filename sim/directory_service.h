// The directory as a service that regions reach over the network, the way an etcd cluster would
// be: the real store on SQLite behind a small HTTP interface, and a kv::Store that talks to it. It
// tells of changes late, so that the regions' copies are.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "http/client.h"
#include "http/server.h"
#include "kv/store.h"

namespace domicile::sim {

// POST /<operation> with a JSON object; every key and value is base64.
http::Handler directory_handler(kv::Store& store);

class RemoteStore final : public kv::Store {
  public:
    explicit RemoteStore(io::Endpoint service) : service_(std::move(service)) {}

    io::Task<Result<kv::TransactionResult>> commit(kv::Transaction transaction) override;
    io::Task<Result<std::optional<kv::Entry>>> get(std::string key) override;
    io::Task<Result<std::vector<kv::Entry>>> range(std::string prefix, std::string after,
                                                   std::size_t limit) override;
    io::Task<Result<std::vector<kv::Change>>> changes(std::int64_t after_revision,
                                                      std::size_t limit) override;

  private:
    io::Task<Result<json::object>> call(std::string operation, json::object request);

    io::Endpoint service_;
    http::Client client_;
};

}  // namespace domicile::sim
