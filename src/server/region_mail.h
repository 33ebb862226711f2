// How a region's mails leave it: its section of the configuration as the options of those who send.
#pragma once

#include <memory>
#include <string>

#include "base/live.h"
#include "identity/courier.h"
#include "io/files.h"
#include "server/deployment.h"
#include "smtp/client.h"

namespace domicile::server {

// nullptr where the region has no mail server. Errors name the file that cannot be read.
Result<std::unique_ptr<smtp::Client>> open_mail(io::Files& files, const Deployment& deployment,
                                                const std::string& region);
// Over the client, which outlives them; without one, mails stay in the outbox.
identity::Courier::Options mail_options(const Deployment& deployment, const std::string& region,
                                        Ref<config::Config> config, smtp::Client* client);

}  // namespace domicile::server
