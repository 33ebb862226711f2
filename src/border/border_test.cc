// Two regions in one process with mutual TLS on loopback between them. What crossed is read from
// the files of their audit logs once both are down.
#include "border/border.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/encoding.h"
#include "crypto/x509.h"
#include "http/testing.h"
#include "io/files.h"
#include "io/testing.h"

namespace domicile::border {
namespace {

using http::soon;
using io::Task;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kEu = "eu-central-1";
constexpr const char* kUs = "us-east-2";
constexpr const char* kSecret = "ann@example.org";
constexpr std::size_t kStreamBytes = 20 << 20;

struct Authority {
    Timestamp now = io::system_clock().now();
    crypto::CertificateAndKey ca = *crypto::make_ca(
        "border", now - Seconds(3600), now + Seconds(360'000), io::system_random().bytes(16));

    io::TlsCertificate leaf(const std::string& name) const {
        crypto::LeafRequest request;
        request.dns_names.push_back(name);
        request.is_client = true;
        request.not_before = now - Seconds(60);
        request.not_after = now + Seconds(3600);
        const auto made = crypto::make_leaf(ca, request, io::system_random().bytes(16));
        DOMICILE_CHECK(made.has_value());
        return {made->certificate_pem, made->key_pem};
    }
};

struct World {
    std::string log_path(const std::string& region) const { return folder.file(region); }
    std::string log_text(const std::string& region) const {
        std::ifstream file(log_path(region), std::ios::binary);
        std::stringstream out;
        out << file.rdbuf();
        return out.str();
    }
    // The details of the records of this kind, in their order.
    std::vector<json::object> records(const std::string& region, std::string_view kind) const {
        std::vector<json::object> out;
        std::istringstream lines(log_text(region));
        for (std::string line; std::getline(lines, line);) {
            const auto entry = parse_json_object(line);
            if (!entry || entry->at("kind").as_string() != kind) continue;
            out.push_back(entry->at("details").as_object());
        }
        return out;
    }

    io::testing::TemporaryFolder folder;
    Authority authority;
    bool a_node_is_gone = false;  // one of us-east-2's two
};

struct Node {
    Node(World& world, const std::string& region, Peer peer, std::size_t message_bytes_max)
        : own(world.authority.leaf(certificate_name(region))),
          server_tls(*io::TlsServer::make({own}, world.authority.ca.certificate_pem)),
          client_tls(*io::TlsClient::make(world.authority.ca.certificate_pem, &own)),
          log(*audit::Log::open(io::system_files(), world.log_path(region), region,
                                io::system_clock())),
          border(options(region, std::move(peer), message_bytes_max), *log) {}

    Options options(const std::string& region, Peer peer, std::size_t message_bytes_max) const {
        Options out;
        out.region = region;
        out.peers.push_back(std::move(peer));
        out.server_tls = server_tls.get();
        out.client_tls = client_tls.get();
        out.message_bytes_max = message_bytes_max;
        return out;
    }
    void serve(std::unique_ptr<io::Listener> listener) {
        http::ServerOptions options;
        options.tls = server_tls.get();
        server = std::make_unique<http::Server>(std::move(listener), options, border.handler());
        server->start();
    }

    io::TlsCertificate own;
    std::unique_ptr<io::TlsServer> server_tls;
    std::unique_ptr<io::TlsClient> client_tls;
    std::unique_ptr<audit::Log> log;
    Border border;
    std::unique_ptr<http::Server> server;
};

struct Pair {
    World& world;
    Node eu, us;
    int handled = 0;  // messages and calls that reached a handler of us-east-2
};

using Story = Task<bool> (*)(Pair&);

Task<bool> with_pair(World* world, Story story, std::size_t us_message_bytes_max) {
    io::Network& network = io::Executor::current().network();
    auto eu_listener = network.listen({"127.0.0.1", 0});
    auto us_listener = network.listen({"127.0.0.1", 0});
    CO_ASSERT(eu_listener && us_listener);
    const Peer eu{kEu, (*eu_listener)->local()};
    Peer us{kUs, (*us_listener)->local()};
    if (world->a_node_is_gone) {
        auto gone = network.listen({"127.0.0.1", 0});
        CO_ASSERT(gone);
        us.more.push_back((*gone)->local());  // closed here
    }
    const std::size_t usual = Options().message_bytes_max;
    Pair pair{*world, Node(*world, kEu, us, usual), Node(*world, kUs, eu, us_message_bytes_max)};
    pair.eu.serve(std::move(*eu_listener));
    pair.us.serve(std::move(*us_listener));
    const bool done = co_await story(pair);
    EXPECT_EQ(pair.us.server->unhandled(), 0u);
    co_await pair.eu.server->stop(soon());
    co_await pair.us.server->stop(soon());
    co_return done;
}

void run(World& world, Story story,
         std::size_t us_message_bytes_max = Options().message_bytes_max) {
    EXPECT_TRUE(io::run_task<bool>([&] { return with_pair(&world, story, us_message_bytes_max); }));
}

std::string text(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "[none]";
}

// Answers with who asked and what.
Task<Result<json::value>> mirror(int* handled, std::string from, json::value payload) {
    ++*handled;
    json::object out;
    out["from"] = from;
    out["payload"] = std::move(payload);
    co_return json::value(std::move(out));
}

void mirror_at_us(Pair& pair) {
    pair.us.border.handle("mirror", [handled = &pair.handled](std::string from, json::value v) {
        return mirror(handled, std::move(from), std::move(v));
    });
}

Task<Result<json::value>> call_us(Pair& pair, std::string type, json::value payload) {
    co_return co_await pair.eu.border.call(kUs, std::move(type), std::move(payload), soon());
}

Task<bool> round_trip(Pair& pair) {
    mirror_at_us(pair);
    json::value payload = json::object{{"name", kSecret}, {"list", json::array{1, nullptr, true}}};
    const auto reply = co_await call_us(pair, "mirror", payload);
    CO_ASSERT(reply.has_value());
    EXPECT_EQ(text(reply->as_object(), "from"), kEu) << "by the certificate";
    EXPECT_EQ(reply->as_object().at("payload"), payload);
    co_return true;
}

TEST(border, a_message_arrives_and_its_answer_comes_back) {
    World world;
    run(world, round_trip);
}

Task<bool> three_trips(Pair& pair) {
    mirror_at_us(pair);
    for (int i = 0; i < 3; ++i) {
        json::value payload = json::object{{"number", i}};
        const auto reply = co_await call_us(pair, "mirror", std::move(payload));
        CO_ASSERT(reply.has_value());
    }
    EXPECT_EQ(pair.handled, 3);
    co_return true;
}

TEST(border, a_node_that_is_gone_is_passed_over) {
    World world;
    world.a_node_is_gone = true;
    run(world, three_trips);
}

TEST(border, both_ends_record_a_crossing_under_one_id_without_its_payload) {
    World world;
    run(world, round_trip);
    const auto sent = world.records(kEu, "crossing_sent");
    const auto received = world.records(kUs, "crossing_received");
    ASSERT_EQ(sent.size(), 1u);
    ASSERT_EQ(received.size(), 1u);
    EXPECT_EQ(text(sent[0], "peer"), kUs);
    EXPECT_EQ(text(received[0], "peer"), kEu);
    EXPECT_TRUE(is_uuid(text(sent[0], "crossing")));
    for (const char* same : {"crossing", "type", "outcome"}) {
        EXPECT_EQ(text(sent[0], same), text(received[0], same)) << same;
    }
    EXPECT_EQ(text(sent[0], "type"), "mirror");
    EXPECT_EQ(text(sent[0], "outcome"), "ok");
    for (const char* region : {kEu, kUs}) {
        EXPECT_THAT(world.log_text(region), Not(HasSubstr(kSecret)));
        EXPECT_EQ(audit::verify(io::system_files(), world.log_path(region))->broken_line, 0u);
    }
}

Task<Result<json::value>> refuse(std::string, json::value) {
    co_return fail(Code::failed_precondition, "Not like this.", "stable_token");
}

Task<bool> far_error(Pair& pair) {
    pair.us.border.handle("refuse", refuse);
    const auto reply = co_await call_us(pair, "refuse", json::value(kSecret));
    CO_ASSERT(!reply);
    EXPECT_EQ(reply.error(), (Error{Code::failed_precondition, "Not like this.", "stable_token"}));
    co_return true;
}

TEST(border, an_error_of_the_far_handler_comes_back_as_it_was) {
    World world;
    run(world, far_error);
    EXPECT_EQ(text(world.records(kEu, "crossing_sent").at(0), "outcome"), "stable_token");
    EXPECT_EQ(text(world.records(kUs, "crossing_received").at(0), "outcome"), "stable_token");
}

Task<bool> unknown_type(Pair& pair) {
    mirror_at_us(pair);
    const auto reply = co_await call_us(pair, "ann-marie", json::value(1));
    CO_ASSERT(!reply);
    EXPECT_EQ(reply.error().code, Code::unsupported);
    EXPECT_EQ(reply.error().reason, "unknown_message");
    EXPECT_EQ(pair.handled, 0);
    co_return true;
}

TEST(border, an_unknown_type_is_refused_and_its_name_is_not_recorded) {
    World world;
    run(world, unknown_type);
    const auto received = world.records(kUs, "crossing_received");
    ASSERT_EQ(received.size(), 1u);
    EXPECT_EQ(text(received[0], "type"), "unknown");
    EXPECT_EQ(text(received[0], "outcome"), "unknown_message");
    EXPECT_THAT(world.log_text(kUs), Not(HasSubstr("ann-marie")));
}

constexpr const char* kCrossing = "01234567-89ab-4cde-8f01-23456789abcd";

// A client that is not a Border: the status it gets for a message, or the error's code.
Task<std::string> post_to_us(Pair& pair, const io::TlsClient* tls, std::string path,
                             std::string body, std::string crossing = kCrossing) {
    http::Client client;
    http::Target target{pair.us.server->local(), tls, certificate_name(kUs)};
    http::RequestHead head;
    head.method = "POST";
    head.target = path;
    head.headers.add("Domicile-Crossing", crossing);
    auto response = co_await client.send(target, head, body, soon());
    if (!response) co_return std::string(to_string(response.error().code));
    auto all = co_await (*response)->read_all(1 << 20);
    co_return std::to_string((*response)->status()) + ' ' + all.value_or("[broken]");
}

Task<bool> odd_records(Pair& pair) {
    mirror_at_us(pair);
    for (const std::string id : {"ann-marie", "01234567-89ab-4cde-8f\xd9\xd9-23456789abcd"}) {
        const std::string answer =
            co_await post_to_us(pair, pair.eu.client_tls.get(), "/border/1/mirror", "{}", id);
        EXPECT_THAT(answer, HasSubstr("unknown_message"));
    }
    co_return true;
}

TEST(border, a_crossing_id_that_is_none_is_refused_and_not_recorded) {
    World world;
    run(world, odd_records);
    const auto received = world.records(kUs, "crossing_received");
    ASSERT_EQ(received.size(), 2u) << "the chain holds";
    for (const auto& record : received) EXPECT_EQ(text(record, "crossing"), "unknown");
}

Task<bool> strangers(Pair& pair) {
    mirror_at_us(pair);
    const std::string& ca = pair.world.authority.ca.certificate_pem;
    const Authority other;
    const io::TlsCertificate forged = other.leaf(certificate_name(kEu));
    const auto none = io::TlsClient::make(ca);
    const auto foreign = io::TlsClient::make(ca, &forged);
    for (const auto* tls : {&none, &foreign}) {
        CO_ASSERT(tls->has_value());
        const std::string got = co_await post_to_us(pair, (*tls)->get(), "/border/1/mirror", "{}");
        EXPECT_EQ(got, "unavailable");
    }
    // Our own CA, but not another region of this deployment.
    for (const char* name : {"mars-north-1.border", "us-east-2.border", "eu-central-1"}) {
        const io::TlsCertificate leaf = pair.world.authority.leaf(name);
        const auto tls = io::TlsClient::make(ca, &leaf);
        CO_ASSERT(tls.has_value());
        const std::string got = co_await post_to_us(pair, tls->get(), "/border/1/mirror", "{}");
        EXPECT_TRUE(got.starts_with("403 ")) << name << " " << got;
    }
    EXPECT_EQ(pair.handled, 0);
    co_return true;
}

TEST(border, who_has_no_certificate_of_a_peer_region_is_refused) {
    World world;
    run(world, strangers);
    EXPECT_TRUE(world.records(kUs, "crossing_received").empty());
}

Task<bool> bad_bytes(Pair& pair) {
    mirror_at_us(pair);
    const io::TlsClient* tls = pair.eu.client_tls.get();
    const std::string broken = co_await post_to_us(pair, tls, "/border/1/mirror", "{\"a\":");
    EXPECT_THAT(broken, HasSubstr(R"("code":"malformed")"));
    for (const char* path : {"/border/2/mirror", "/border/1/", "/border/1/mirror/x", "/mirror"}) {
        const std::string got = co_await post_to_us(pair, tls, path, "{}");
        EXPECT_THAT(got, HasSubstr("unknown_message")) << path;
    }
    EXPECT_EQ(pair.handled, 0);
    const std::string good = co_await post_to_us(pair, tls, "/border/1/mirror", "{}");
    EXPECT_EQ(good, R"(200 {"result":{"from":"eu-central-1","payload":{}}})");
    co_return true;
}

TEST(border, bad_messages_reach_no_handler) {
    World world;
    run(world, bad_bytes);
}

Task<bool> region_down(Pair& pair) {
    mirror_at_us(pair);
    const auto before = co_await call_us(pair, "mirror", json::value(1));
    EXPECT_TRUE(before.has_value());
    co_await pair.us.server->stop(soon());
    const auto reply = co_await call_us(pair, "mirror", json::value(1));
    CO_ASSERT(!reply);
    EXPECT_EQ(reply.error().code, Code::unavailable);
    EXPECT_EQ(reply.error().reason, "region_down");
    const auto nowhere = co_await pair.eu.border.call("mars-north-1", "mirror", 1, soon());
    CO_ASSERT(!nowhere);
    EXPECT_EQ(nowhere.error().reason, "unknown_region");
    co_return true;
}

TEST(border, a_region_that_cannot_be_reached_is_down) {
    World world;
    run(world, region_down);
    const auto sent = world.records(kEu, "crossing_sent");
    ASSERT_EQ(sent.size(), 2u);
    EXPECT_EQ(text(sent[0], "outcome"), "ok");
    EXPECT_EQ(text(sent[1], "outcome"), "region_down") << "an attempt is recorded too";
}

Task<bool> wrong_server(Pair& pair) {
    // us-east-2's address in the list of peers is that of somebody else with a good certificate.
    const Peer swapped{kUs, pair.eu.server->local()};
    Border border(pair.eu.options(kEu, swapped, 1024), *pair.eu.log);
    const auto reply = co_await border.call(kUs, "mirror", json::value(kSecret), soon());
    CO_ASSERT(!reply);
    EXPECT_EQ(reply.error().reason, "region_down");
    co_return true;
}

TEST(border, a_server_with_the_certificate_of_another_region_gets_nothing) {
    World world;
    run(world, wrong_server);
    EXPECT_TRUE(world.records(kEu, "crossing_received").empty());
}

Task<bool> too_large(Pair& pair) {
    mirror_at_us(pair);
    const json::value here(std::string(300 * 1024, 'x'));
    const auto refused_here = co_await call_us(pair, "mirror", here);
    CO_ASSERT(!refused_here);
    EXPECT_EQ(refused_here.error().code, Code::too_large);
    const json::value there(std::string(100 * 1024, 'x'));
    const auto refused_there = co_await call_us(pair, "mirror", there);
    CO_ASSERT(!refused_there);
    EXPECT_EQ(refused_there.error().code, Code::too_large);
    EXPECT_EQ(pair.handled, 0);
    const auto small = co_await call_us(pair, "mirror", json::value("x"));
    EXPECT_TRUE(small.has_value()) << "the link still works";
    co_return true;
}

TEST(border, a_message_that_is_too_large_is_refused_by_whoever_finds_it_so) {
    World world;
    run(world, too_large, 64 * 1024);
    const auto sent = world.records(kEu, "crossing_sent");
    ASSERT_EQ(sent.size(), 3u);
    EXPECT_EQ(text(sent[0], "outcome"), "too_large");
    EXPECT_EQ(world.records(kUs, "crossing_received").size(), 2u) << "the first never left";
}

// ---- Streamed calls ----------------------------------------------------------------------------

// Byte i of a stream; 251 is prime, so that no piece looks like another.
char byte_at(std::size_t i) { return static_cast<char>(i % 251); }

class Pieces final : public http::BodySource {
  public:
    explicit Pieces(std::size_t total) : left_(total) {}
    Task<Result<std::string_view>> read() override {
        piece_.resize(std::min<std::size_t>(left_, 50'001));
        left_ -= piece_.size();
        for (char& byte : piece_) byte = byte_at(at_++);
        co_return std::string_view(piece_);
    }

  private:
    std::size_t left_, at_ = 0;
    std::string piece_;
};

// Counts what arrives and compares each byte.
struct Sink {
    std::size_t bytes = 0, wrong = 0;
    void take(std::string_view piece) {
        for (const char byte : piece) wrong += byte == byte_at(bytes++) ? 0 : 1;
    }
};

Task<Result<void>> stream_back(int* handled, std::string from, http::Exchange& exchange) {
    ++*handled;
    Sink sink;
    for (;;) {
        CO_TRY(const std::string_view piece, co_await exchange.read());
        if (piece.empty()) break;
        sink.take(piece);
    }
    const http::RequestHead& request = exchange.request();
    http::ResponseHead head;
    head.status = 201;
    head.add("X-Seen", std::string(request.method) + ' ' + std::string(request.target) + ' ' +
                           from + ' ' + std::to_string(sink.bytes) + ' ' +
                           std::to_string(sink.wrong));
    CO_TRY_VOID(co_await exchange.start(std::move(head), std::nullopt));
    Pieces pieces(kStreamBytes);
    for (;;) {
        CO_TRY(const std::string_view piece, co_await pieces.read());
        if (piece.empty()) break;
        CO_TRY_VOID(co_await exchange.write(piece));
    }
    co_return co_await exchange.finish();
}

http::RequestHead call_head() {
    http::RequestHead head;
    head.method = "PUT";
    head.target = "/entries/ann?note=private";
    head.headers.add("Domicile-Route", "/entries/{id}");
    return head;
}

Task<bool> streamed(Pair& pair) {
    pair.us.border.handle_calls([handled = &pair.handled](std::string from, http::Exchange& e) {
        return stream_back(handled, std::move(from), e);
    });
    Pieces body(kStreamBytes);
    const http::RequestHead head = call_head();
    auto response =
        co_await pair.eu.border.forward(kUs, "/entries/{id}", head, body, std::nullopt, soon());
    CO_ASSERT(response.has_value());
    EXPECT_EQ((*response)->status(), 201);
    EXPECT_EQ((*response)->headers().find("X-Seen"),
              "PUT /entries/ann?note=private eu-central-1 " + std::to_string(kStreamBytes) + " 0");
    Sink sink;
    for (;;) {
        const auto piece = co_await (*response)->read();
        CO_ASSERT(piece.has_value());
        if (piece->empty()) break;
        sink.take(*piece);
    }
    EXPECT_EQ(sink.bytes, kStreamBytes);
    EXPECT_EQ(sink.wrong, 0u);
    co_return true;
}

TEST(border, a_call_streams_20_megabytes_both_ways) {
    World world;
    run(world, streamed);
}

TEST(border, a_call_is_recorded_by_its_route_template_alone) {
    World world;
    run(world, streamed);
    const auto sent = world.records(kEu, "crossing_sent");
    const auto received = world.records(kUs, "crossing_received");
    ASSERT_EQ(sent.size(), 1u);
    ASSERT_EQ(received.size(), 1u);
    EXPECT_EQ(text(sent[0], "crossing"), text(received[0], "crossing"));
    EXPECT_EQ(text(sent[0], "outcome"), "201");
    EXPECT_EQ(text(received[0], "outcome"), "answered");
    for (const json::object& record : {sent[0], received[0]}) {
        EXPECT_EQ(text(record, "type"), "api.call");
        EXPECT_EQ(text(record, "route"), "/entries/{id}");
    }
    for (const char* region : {kEu, kUs}) {
        EXPECT_THAT(world.log_text(region), Not(HasSubstr("entries/ann")));
        EXPECT_THAT(world.log_text(region), Not(HasSubstr("private")));
    }
}

Task<bool> calls_refused(Pair& pair) {
    Pieces body(3);
    const http::RequestHead head = call_head();
    auto no_handler = co_await pair.eu.border.forward(kUs, "/entries/{id}", head, body, 3, soon());
    CO_ASSERT(no_handler.has_value());
    EXPECT_EQ((*no_handler)->status(), 400);
    no_handler->reset();
    co_await pair.us.server->stop(soon());
    Pieces again(3);
    auto down = co_await pair.eu.border.forward(kUs, "/entries/{id}", head, again, 3, soon());
    CO_ASSERT(!down);
    EXPECT_EQ(down.error().code, Code::unavailable);
    EXPECT_EQ(down.error().reason, "region_down");
    co_return true;
}

TEST(border, a_call_to_a_region_that_is_down_or_takes_none_fails) {
    World world;
    run(world, calls_refused);
}

}  // namespace
}  // namespace domicile::border
