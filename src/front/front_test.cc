// A front before two regions, all in one process: who answers which name, and what ends when.
#include "front/front.h"

#include <map>

#include "crypto/x509.h"
#include "http/testing.h"
#include "io/tls.h"

namespace domicile::front {
namespace {

using http::soon;
using io::Task;

constexpr const char* kDomain = "example.test";
constexpr const char* kEu = "eu-central-1";
constexpr const char* kUs = "us-east-2";

struct Certificates {
    Timestamp now = io::system_clock().now();
    crypto::CertificateAndKey ca = *crypto::make_ca(
        "front", now - Seconds(3600), now + Seconds(36'000), io::system_random().bytes(16));

    io::TlsCertificate leaf() const {
        crypto::LeafRequest request;
        const std::string domain = kDomain;
        request.dns_names = {domain, "*." + domain};
        for (const std::string region : {kEu, kUs}) {
            request.dns_names.push_back("*." + region + '.' + domain);
            request.dns_names.push_back("*." + region + ".amazonaws.com");
        }
        request.not_before = now - Seconds(60);
        request.not_after = now + Seconds(3600);
        const auto made = crypto::make_leaf(ca, request, io::system_random().bytes(16));
        DOMICILE_CHECK(made.has_value());
        return {made->certificate_pem, made->key_pem};
    }
};

// Answers with who it is and the client's port, which only the PROXY header can have told it.
struct Region {
    std::string name;
    std::unique_ptr<http::Server> server;

    Task<Result<void>> handle(http::Exchange& exchange) {
        const std::string text = name + ' ' + std::to_string(exchange.peer().remote.port);
        co_return co_await exchange.respond(http::ResponseHead(), text);
    }
};

struct World {
    Certificates certificates;
    std::unique_ptr<io::TlsServer> server_tls = *io::TlsServer::make({certificates.leaf()});
    std::unique_ptr<io::TlsClient> client_tls =
        *io::TlsClient::make(certificates.ca.certificate_pem);
    Region eu{kEu, nullptr}, us{kUs, nullptr}, control{"control", nullptr};
    // A second node of the European region, and one that ends what it accepts.
    Region second{"second", nullptr};
    std::unique_ptr<io::Listener> ending;
    bool first_takes = true, second_takes = false, ending_takes = false;
    std::vector<std::string> order{kEu, kUs};
    Whereabouts whereabouts{[this](const auto&) { return order; }};
    io::Endpoint at;
    Front* front = nullptr;

    void open(Region& region) const {
        http::ServerOptions options;
        options.tls = server_tls.get();
        options.proxy_protocol = true;
        region.server = http::serve(
            [&region](http::Exchange& exchange) { return region.handle(exchange); }, options);
    }
    http::Target target(const std::string& host) const { return {at, client_tls.get(), host}; }
};

using Story = Task<bool> (*)(World&);

Task<void> end_all(io::Listener& listener) {
    for (;;) {
        const auto accepted = co_await listener.accept();
        if (!accepted) co_return;
    }
}

Task<bool> with_front(Story story) {
    World world;
    for (Region* region : {&world.eu, &world.us, &world.control, &world.second})
        world.open(*region);
    auto ending = io::Executor::current().network().listen({"127.0.0.1", 0});
    CO_ASSERT(ending);
    world.ending = std::move(*ending);
    Options options;
    options.domain = kDomain;
    options.regions = {{kEu, world.eu.server->local(), [&world] { return world.first_takes; }},
                       {kEu, world.second.server->local(), [&world] { return world.second_takes; }},
                       {kEu, world.ending->local(), [&world] { return world.ending_takes; }},
                       {kUs, world.us.server->local()}};
    options.control = world.control.server->local();
    options.hello_timeout = Seconds(10);
    Front front(options, world.whereabouts);
    auto listener = io::Executor::current().network().listen({"127.0.0.1", 0});
    CO_ASSERT(listener);
    world.at = (*listener)->local();
    world.front = &front;
    io::TaskGroup running;
    running.spawn(front.run(**listener));
    running.spawn(end_all(*world.ending));
    const bool done = co_await story(world);
    (*listener)->close();
    world.ending->close();
    front.disconnect_all();
    EXPECT_TRUE(co_await front.drain(soon()));
    for (Region* region : {&world.eu, &world.us, &world.control, &world.second}) {
        co_await region->server->stop(soon());
    }
    co_await running.drain(soon());
    co_return done;
}

#define FRONT_TEST(name)                                                  \
    static Task<bool> name(World&);                                       \
    TEST(Front, name) {                                                   \
        EXPECT_TRUE(io::run_task<bool>([] { return with_front(name); })); \
    }                                                                     \
    static Task<bool> name([[maybe_unused]] World& world)

// The body, or the error's code in brackets.
Task<std::string> ask(http::Client& client, http::Target target) {
    http::RequestHead head;
    head.method = "GET";
    head.target = "/";
    auto response = co_await client.send(std::move(target), std::move(head), "", soon());
    if (!response) co_return "[" + std::string(to_string(response.error().code)) + "]";
    auto body = co_await (*response)->read_all(1000);
    co_return body.value_or("[no body]");
}

Task<std::string> ask_anew(World& world, std::string host) {
    http::Client client;
    co_return co_await ask(client, world.target(host));
}

std::string first_word(const std::string& text) { return text.substr(0, text.find(' ')); }

FRONT_TEST(a_regions_names_go_to_that_region) {
    for (const char* host : {"us-east-2.example.test", "idp.us-east-2.example.test",
                             "cognito-idp.us-east-2.amazonaws.com"}) {
        EXPECT_EQ(first_word(co_await ask_anew(world, host)), kUs) << host;
    }
    EXPECT_EQ(first_word(co_await ask_anew(world, "idp.eu-central-1.example.test")), kEu);
    EXPECT_EQ(first_word(co_await ask_anew(world, "front.example.test")), "control");
    co_return true;
}

FRONT_TEST(a_global_name_goes_to_the_best_region_that_answers) {
    EXPECT_EQ(first_word(co_await ask_anew(world, "app.example.test")), kEu);
    world.order = {kUs, kEu};
    EXPECT_EQ(first_word(co_await ask_anew(world, "app.example.test")), kUs);
    co_await world.us.server->stop(soon());
    EXPECT_EQ(first_word(co_await ask_anew(world, "app.example.test")), kEu) << "the next best";
    EXPECT_EQ(co_await ask_anew(world, "us-east-2.example.test"), "[unavailable]")
        << "a region's own name goes nowhere else (I4)";
    co_return true;
}

FRONT_TEST(nodes_that_take_connections_take_turns_and_the_others_wait_for_an_emergency) {
    EXPECT_EQ(first_word(co_await ask_anew(world, "eu-central-1.example.test")), kEu);
    EXPECT_EQ(first_word(co_await ask_anew(world, "eu-central-1.example.test")), kEu);
    world.second_takes = true;
    std::map<std::string, int> answers;
    for (int i = 0; i < 6; ++i)
        ++answers[first_word(co_await ask_anew(world, "eu-central-1.example.test"))];
    EXPECT_GE(answers[kEu], 2);
    EXPECT_GE(answers["second"], 2);
    world.first_takes = false;
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(first_word(co_await ask_anew(world, "eu-central-1.example.test")), "second");
    world.second_takes = false;
    co_await world.second.server->stop(soon());
    EXPECT_EQ(first_word(co_await ask_anew(world, "eu-central-1.example.test")), kEu);
    co_return true;
}

FRONT_TEST(a_connection_that_a_node_ends_unanswered_goes_to_the_next_one) {
    world.ending_takes = true;
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(first_word(co_await ask_anew(world, "eu-central-1.example.test")), kEu);
    co_return true;
}

FRONT_TEST(the_region_hears_who_the_client_is) {
    http::Client client;
    const std::string first = co_await ask(client, world.target("app.example.test"));
    const std::string same = co_await ask(client, world.target("app.example.test"));
    EXPECT_EQ(first, same) << "one connection, one client port";
    EXPECT_NE(co_await ask_anew(world, "app.example.test"), first);
    co_return true;
}

FRONT_TEST(other_peoples_names_and_what_is_no_hello_get_nothing) {
    EXPECT_EQ(co_await ask_anew(world, "example.org"), "[unavailable]");
    EXPECT_EQ(co_await http::exchange(world.at, "GET / HTTP/1.1\r\nHost: app\r\n\r\n"), "");
    co_return true;
}

FRONT_TEST(moving_ends_the_connections_of_global_names_only) {
    http::Client client;
    const std::string global = co_await ask(client, world.target("app.example.test"));
    const std::string regional = co_await ask(client, world.target("us-east-2.example.test"));
    world.order = {kUs};
    world.front->disconnect_global();
    EXPECT_EQ(first_word(global), kEu);
    EXPECT_EQ(first_word(co_await ask(client, world.target("app.example.test"))), kUs);
    EXPECT_EQ(co_await ask(client, world.target("us-east-2.example.test")), regional);
    co_return true;
}

}  // namespace
}  // namespace domicile::front
