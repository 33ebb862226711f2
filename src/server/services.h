// What a region answers under which host name. Internal to server.
#pragma once

#include "api/cognito/cognito.h"
#include "api/dynamodb/dynamodb.h"
#include "api/lambda/lambda.h"
#include "api/oidc/oidc.h"
#include "api/ssm/ssm.h"
#include "edge/edge.h"
#include "gateway/gateway.h"
#include "identity/identity.h"
#include "server/deployment.h"

namespace domicile::server {

struct Services {
    const Deployment& deployment;
    const config::Config& config;
    const std::string& region;
    identity::Identity& identity;
    api::cognito::Cognito& cognito;
    api::oidc::Oidc& oidc;
    api::dynamodb::DynamoDb& dynamodb;
    api::lambda::Lambda& lambda;
    api::ssm::Ssm& ssm;
    gateway::Gateway& gateway;
    telemetry::Registry& metrics;
};

// The public TLS port: every host name of the region and the global ones.
void add_public_names(edge::Edge& edge, const Services& services,
                      std::vector<std::unique_ptr<edge::Site>>& sites);
// The loopback port: AWS dialects only, told apart by X-Amz-Target, Lambda by its path.
http::Handler loopback_handler(const Services& services);

}  // namespace domicile::server
