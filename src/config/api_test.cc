// Routes that come from OpenAPI documents.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"
#include "openapi/operation.h"

namespace domicile::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

const std::string kFile = R"(jurisdictions:
  A: {countries: [AU], regions: [a1]}
regions:
  a1: {}
pools:
  p: {id_suffix: P1, clients: {web: {id: abc}}}
upstreams:
  back: {url: "http://10.0.0.1:9000"}
functions:
  f: {command: [x]}
  gate: {command: [x]}
authorizers:
  own: {function: {name: gate, headers: [X-Token]}}
api_keys:
  acme: {sha256: 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b}
)";

const std::string kRoutes =
    "routes:\n  - {path: /v1, openapi: api.yaml, upstream: back, "
    "authorizer: p, timeout_seconds: 7}\n";

Loaded load_api(const std::string& document, const std::string& routes = kRoutes) {
    return load("f.yaml", kFile + routes, [&](const std::string& name) -> Result<std::string> {
        if (name != "api.yaml") return fail(Code::not_found, "There is no such file.");
        return document;
    });
}

std::vector<std::string> problems(const Loaded& loaded) {
    std::vector<std::string> out;
    for (const Problem& problem : loaded.problems) out.push_back(format_line(problem));
    return out;
}

std::vector<std::string> problems(const std::string& document) {
    return problems(load_api(document));
}

const std::string kApi = R"(openapi: 3.0.3
info: {title: An API, version: "1"}
paths:
  /entries:
    get:
      parameters:
        - {name: limit, in: query, schema: {type: integer, maximum: 10}}
      responses: {200: {description: fine}}
    post:
      x-domicile-route: {function: f, timeout_seconds: 20, throttle: [{by: route, per_second: 5}]}
  /entries/{id}:
    x-domicile-route: {rewrite: "/old/{id}"}
    get: {}
  /entries/new:
    get: {security: [], x-domicile-route: {residency: public}}
)";

TEST(Api, operations_are_routes_like_their_entry) {
    const Loaded loaded = load_api(kApi);
    EXPECT_THAT(problems(loaded), IsEmpty());
    const std::vector<Route>& routes = loaded.config.routes;
    ASSERT_EQ(routes.size(), 4U);
    EXPECT_EQ(routes[0].path, "/v1/entries");
    EXPECT_THAT(routes[0].methods, ElementsAre("GET"));
    EXPECT_EQ(routes[0].upstream, "back");
    EXPECT_EQ(routes[0].authorizer, "p");
    EXPECT_EQ(routes[0].timeout_seconds, 7);
    EXPECT_EQ(routes[0].place, "api.yaml#/paths/~1entries/get");
    EXPECT_EQ(routes[0].operation->parameters.at(0).name, "limit");
    EXPECT_EQ(routes[1].function, "f");
    EXPECT_FALSE(routes[1].upstream.has_value());
    EXPECT_EQ(routes[1].timeout_seconds, 20);
    EXPECT_EQ(routes[1].throttle.size(), 1U);
    // What is more precise stands before.
    EXPECT_EQ(routes[2].path, "/v1/entries/new");
    EXPECT_FALSE(routes[2].authorizer.has_value());
    EXPECT_EQ(routes[2].residency, residency::RouteResidency::open);
    EXPECT_EQ(routes[3].path, "/v1/entries/{id}");
    EXPECT_EQ(routes[3].rewrite, "/old/{id}");
}

TEST(Api, a_document_may_be_all_the_routes_and_json) {
    const Loaded loaded =
        load_api("{\n\t\"openapi\": \"3.1.0\",\n\t\"paths\": {\"\\/a\": {\"get\": {}}}\n}",
                 "routes: {openapi: api.yaml, upstream: back, authorizer: p}\n");
    EXPECT_THAT(problems(loaded), IsEmpty());
    ASSERT_EQ(loaded.config.routes.size(), 1U);
    EXPECT_EQ(loaded.config.routes[0].path, "/a");
}

std::string with_security(const std::string& security, const std::string& schemes) {
    return "openapi: 3.0.3\nsecurity: " + security +
           "\npaths: {/a: {get: {x-domicile-route: {residency: public}}}}\n"
           "components: {securitySchemes: {" +
           schemes + "}}\n";
}

TEST(Api, security_names_authorizers_and_keys) {
    const auto route = [](const std::string& security, const std::string& schemes) {
        const Loaded loaded = load_api(with_security(security, schemes));
        EXPECT_THAT(problems(loaded), IsEmpty());
        return loaded.config.routes.empty() ? Route() : loaded.config.routes[0];
    };
    Route made = route("[{p: [read]}]", "p: {type: oauth2}");
    EXPECT_EQ(made.authorizer, "p");
    EXPECT_THAT(made.scopes, ElementsAre("read"));
    EXPECT_EQ(route("[{x: []}]", "x: {type: http, x-domicile-authorizer: own}").authorizer, "own");
    made = route("[{k: [], p: []}]",
                 "k: {type: apiKey, in: header, name: x-api-key}, p: {type: http}");
    EXPECT_EQ(made.authorizer, "p");
    EXPECT_TRUE(made.api_key);
    made = route("[{lambda: []}]",
                 "lambda: {type: apiKey, in: header, name: Authorization, "
                 "x-amazon-apigateway-authorizer: {type: request, authorizerUri: "
                 "'arn:aws:apigateway:r:lambda:path/2015-03-31/functions/"
                 "arn:aws:lambda:r:0:function:gate/invocations'}}");
    EXPECT_EQ(made.authorizer, "own");
    EXPECT_EQ(route("[{}]", "x: {}").authorizer, std::nullopt);

    EXPECT_THAT(problems(with_security("[{q: []}]", "q: {type: http}")),
                ElementsAre(HasSubstr("/components/securitySchemes/q: there is no pool or "
                                      "authorizer `q`")));
    EXPECT_THAT(problems(with_security("[{p: [a, b]}]", "p: {type: oauth2}")),
                ElementsAre(HasSubstr("all of several scopes")));
    EXPECT_THAT(problems(with_security("[{p: [], own: []}]", "p: {type: http}, own: {type: http}")),
                ElementsAre(HasSubstr("a route has one authorizer")));
    EXPECT_THAT(
        problems(with_security("[{x: []}]", "x: {type: http, x-domicile-authorizer: none-such}")),
        ElementsAre(HasSubstr("api.yaml#/paths/~1a/get: there is no pool `none-such`")));
}

std::string with_integration(const std::string& integration) {
    return "openapi: 3.0.3\npaths:\n  /a/{id}:\n    get:\n      "
           "x-amazon-apigateway-integration: " +
           integration + "\n";
}

TEST(Api, integrations_of_api_gateway_lead_to_functions_and_upstreams) {
    const auto route = [](const std::string& integration) {
        const Loaded loaded = load_api(with_integration(integration));
        EXPECT_THAT(problems(loaded), IsEmpty());
        return loaded.config.routes.empty() ? Route() : loaded.config.routes[0];
    };
    Route made = route(
        "{type: aws_proxy, httpMethod: POST, payloadFormatVersion: \"2.0\", "
        "timeoutInMillis: 2500, uri: 'arn:aws:lambda:r:0:function:f'}");
    EXPECT_EQ(made.function, "f");
    EXPECT_EQ(made.upstream, std::nullopt);
    EXPECT_EQ(made.event, EventVersion::v2);
    EXPECT_EQ(made.timeout_seconds, 3);
    EXPECT_EQ(route("{type: aws_proxy, payloadFormatVersion: 2.0, uri: "
                    "'arn:aws:lambda:r:0:function:f'}")
                  .event,
              EventVersion::v2);
    EXPECT_EQ(route("{type: aws_proxy, uri: 'arn:aws:lambda:r:0:function:f'}").event,
              EventVersion::v1);
    EXPECT_THAT(problems(with_integration("{type: aws_proxy, payloadFormatVersion: 3, "
                                          "uri: 'arn:aws:lambda:r:0:function:f'}")),
                ElementsAre(HasSubstr("must be \"1.0\" or \"2.0\"")));
    EXPECT_THAT(problems(with_integration("{type: http_proxy, timeoutInMillis: 2s, "
                                          "uri: 'http://10.0.0.1:9000/'}")),
                ElementsAre(HasSubstr("/timeoutInMillis: must be a number from 1")));
    made = route("{type: HTTP_PROXY, uri: 'http://10.0.0.1:9000/v2/{id}'}");
    EXPECT_EQ(made.upstream, "back");
    EXPECT_EQ(made.rewrite, "/v2/{id}");
    EXPECT_THAT(
        problems(with_integration("{type: mock}")),
        ElementsAre(HasSubstr("/get/x-amazon-apigateway-integration: must be of the type")));
    EXPECT_THAT(problems(with_integration("{type: http_proxy, uri: 'http://10.0.0.2/'}")),
                ElementsAre(HasSubstr("no upstream has this address")));
    EXPECT_THAT(problems(with_integration("{type: aws_proxy, requestTemplates: {}, uri: "
                                          "'arn:aws:lambda:r:0:function:f'}")),
                ElementsAre(HasSubstr("`requestTemplates` is not kept here")));
}

TEST(Api, problems_have_the_documents_name_a_place_and_a_pointer) {
    EXPECT_THAT(problems("openapi: 3.0.3\npaths:\n  /a:\n    get:\n      parameters:\n"
                         "        - {name: n, in: query, schema: {type: text}}\n"),
                ElementsAre(StartsWith("api.yaml:6:47: error: "
                                       "/paths/~1a/get/parameters/0/schema/type: is no type")));
    EXPECT_THAT(problems("openapi: 3.0.3\npaths:\n  /a:\n    get:\n"
                         "      x-domicile-route: {timeout: 5}\n"),
                ElementsAre(StartsWith("api.yaml:5:26: error: /paths/~1a/get/x-domicile-route/"
                                       "timeout: unknown key `timeout`")));
    EXPECT_THAT(problems("openapi: 3.0.3\npaths:\n  /a:\n    get:\n"
                         "      x-domicile-route: {path: /b}\n"),
                ElementsAre(HasSubstr("the document says this itself")));
    EXPECT_THAT(problems("openapi: 3.0.3\npaths: {/a: {get: {}, get: {}}}\n"),
                ElementsAre(HasSubstr("api.yaml:2:19: error: /paths/~1a/get: the key is there "
                                      "twice")));
    EXPECT_THAT(problems("openapi: [\n"), ElementsAre(HasSubstr("api.yaml:")));
    EXPECT_THAT(problems("openapi: 3.0.3\npaths: {'/a b': {get: {}}}\n"),
                ElementsAre(HasSubstr("routes have no such path")));
    // What a route of it refers to is found like that of any route.
    EXPECT_THAT(problems("openapi: 3.0.3\npaths: {/a: {get: {x-domicile-route: {function: g}}}}\n"),
                ElementsAre(HasSubstr(
                    "routes[0].function: api.yaml#/paths/~1a/get: there is no function `g`")));
}

TEST(Api, a_document_that_is_not_there_is_a_problem_of_the_entry) {
    EXPECT_THAT(problems(load_api("", "routes: [{openapi: other.yaml, upstream: back}]\n")),
                ElementsAre(HasSubstr("routes[0].openapi: `other.yaml` cannot be read")));
    EXPECT_THAT(problems(load("f.yaml", kFile + kRoutes)),
                ElementsAre(HasSubstr("`api.yaml` cannot be read")));
    EXPECT_THAT(problems(load_api(kApi,
                                  "routes: [{openapi: api.yaml, upstream: back, "
                                  "authorizer: p, methods: [GET]}]\n")),
                ElementsAre(HasSubstr("the document says the methods")));
    EXPECT_THAT(problems(load_api("", "routes: [{upstream: back, authorizer: p}]\n")),
                ElementsAre(HasSubstr("`path` is missing")));
}

TEST(Api, yaml_words_have_their_types) {
    const std::string enums =
        "openapi: 3.0.3\npaths: {/a: {get: {parameters: [{name: n, in: query, schema: {enum: "
        "[1, \"2\", true, \"true\", null, 1.5e1, 0x10, ~]}}]}}}\n";
    const Loaded loaded = load_api(enums);
    EXPECT_THAT(problems(loaded), IsEmpty());
    const openapi::Operation& operation = *loaded.config.routes.at(0).operation;
    EXPECT_THAT(
        *operation.schemas->all.at(operation.parameters.at(0).schema).choices,
        UnorderedElementsAre("1", "\"2\"", "true", "\"true\"", "null", "15", "\"0x10\"", "null"));
}

}  // namespace
}  // namespace domicile::config
