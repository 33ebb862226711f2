// Two regions: tokens, residency, forwarding, headers, CORS, throttling. What upstreams may do is
// in upstream_test.cc.
#include "gateway/testing.h"

namespace domicile::gateway::test {
namespace {

// ---- Tokens are checked ------------------------------------------------------------------------

std::vector<std::pair<std::string, std::string>> bad_tokens() {
    const std::string good = token_of(kEu);
    std::string other_claims = good;
    other_claims[good.find('.') + 20] ^= 1;
    json::object unknown_issuer = claims_of(kEu);
    unknown_issuer["iss"] = "https://evil.example/eu-central-1_Health1";
    const auto signed_by = [](const std::string& key, const json::object& claims) {
        return crypto::sign_jwt(key_of(key), claims);
    };
    return {{"none", ""},
            {"rubbish", "rubbish"},
            {"alg none", unsigned_token("none")},
            {"HS256", unsigned_token("HS256")},
            {"expired", signed_by(kEu, claims_of(kEu, -1))},
            {"of a key that nobody published", signed_by("mars-north-1", claims_of(kEu))},
            {"of another region's key", signed_by(kUs, claims_of(kEu))},
            {"of another issuer", signed_by(kEu, unknown_issuer)},
            {"of another pool", signed_by(kEu, claims_of(kEu, 3600, "Other1"))},
            {"changed", other_claims},
            {"cut", good.substr(0, good.size() - 2)}};
}

Task<bool> tokens_refused(Pair& pair) {
    for (const auto& [what, token] : bad_tokens()) {
        const Reply reply = co_await get(pair.eu, "/entries/1", token);
        EXPECT_EQ(reply.status, 401) << what;
        EXPECT_EQ(reply.body, R"({"message":"Unauthorized"})") << what;
        EXPECT_EQ(reply.field("WWW-Authenticate"), "Bearer") << what;
    }
    EXPECT_EQ(pair.told, 0) << "nothing went on";
    Request twice;
    twice.token = token_of(kEu);
    twice.headers.emplace_back("Authorization", "Bearer " + token_of(kEu));
    const Reply reply = co_await fetch(pair.eu, twice);
    EXPECT_EQ(reply.status, 401) << "two tokens: which one is meant?";
    co_return true;
}

TEST(gateway, a_call_without_a_good_token_goes_nowhere) {
    World world;
    run(world, tokens_refused);
}

// The lines of the upstream's answer that begin with `name`.
std::string told_lines(const Reply& reply, const std::string& name) {
    std::string out;
    std::istringstream lines(reply.body);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(name + ": ")) out += line.substr(name.size() + 2) + '\n';
    return out;
}

// Found by the simulator: a region that had restarted while cut off told other regions' people
// that their tokens were not valid, and their clients signed them out.
Task<bool> key_out_of_reach(Pair& pair) {
    pair.eu.directory_up = false;
    const std::string token = crypto::sign_jwt(key_of("mars-north-1"), claims_of(kUs));
    for (int i = 0; i < 2; ++i) {  // the second asks nobody: it is too soon after the first
        const Reply reply = co_await get(pair.eu, "/entries/1", token);
        EXPECT_EQ(reply.status, 503);
        EXPECT_EQ(reply.field("Retry-After"), "5");
    }
    const Reply known = co_await get(pair.eu, "/entries/1", token_of(kEu));
    EXPECT_EQ(known.status, 200);
    const Reply looked_up = co_await get(pair.us, "/entries/1", token);
    EXPECT_EQ(looked_up.status, 401) << "there the directory says that there is no such key";
    co_return true;
}

TEST(gateway, a_token_whose_key_cannot_be_looked_up_is_503_and_not_refused) {
    World world;
    run(world, key_out_of_reach);
}

Task<bool> revoked(Pair& pair) {
    const std::string token = token_of(kEu);
    for (int i = 0; i < 2; ++i) {
        const Reply before = co_await get(pair.eu, "/entries/1", token);
        EXPECT_EQ(before.status, 200);
    }
    const Reply through_us = co_await get(pair.us, "/entries/1", token);
    EXPECT_EQ(through_us.status, 200);
    pair.eu.verifier.revoke_origin("origin-1", io::system_clock().now() + Seconds(7200));
    for (Node* at : {&pair.eu, &pair.us}) {
        const Reply after = co_await get(*at, "/entries/1", token);
        EXPECT_EQ(after.status, 401) << "the home has the last word, also by way of elsewhere";
    }
    EXPECT_EQ(pair.told, 3);
    co_return true;
}

TEST(gateway, a_revoked_token_is_refused_also_after_a_cached_hit) {
    World world;
    run(world, revoked);
}

Task<bool> older_epoch(Pair& pair) {
    const std::string token = token_of(kEu);
    const Reply before = co_await get(pair.eu, "/entries/1", token);
    EXPECT_EQ(before.status, 200);
    pair.eu.verifier.set_epoch(kSub, 4);
    const Reply after = co_await get(pair.eu, "/entries/1", token);
    EXPECT_EQ(after.status, 401);
    co_return true;
}

TEST(gateway, a_token_of_an_older_epoch_is_refused_also_after_a_cached_hit) {
    World world;
    run(world, older_epoch);
}

// ---- Residency ---------------------------------------------------------------------------------

Task<bool> served_here(Pair& pair) {
    const std::string token = token_of(kEu);
    const Reply reply = co_await get(pair.eu, "/entries/1?q=a%20b", token);
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.body.starts_with("GET /entries/1?q=a%20b\n")) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr(std::string("domicile-subject: ") + kSub));
    EXPECT_THAT(reply.body, HasSubstr("domicile-home: eu-central-1\n"));
    EXPECT_EQ(reply.field("Domicile-Served-By"), kEu) << "whatever the upstream says";
    EXPECT_EQ(reply.field("Domicile-Via"), "");
    Request bare;
    bare.headers.emplace_back("Authorization", token);
    const Reply without_scheme = co_await fetch(pair.eu, bare);
    EXPECT_EQ(without_scheme.status, 200) << "as API Gateway takes it";
    const Reply missing = co_await get(pair.eu, "/nowhere", token);
    EXPECT_EQ(missing.status, 404);
    const Reply dead = co_await get(pair.eu, "/dead", token);
    EXPECT_EQ(dead.status, 502);
    co_return true;
}

TEST(gateway, a_call_whose_home_is_here_is_served_here) {
    World world;
    run(world, served_here);
    EXPECT_THAT(world.log_text(kEu), Not(HasSubstr("crossing")));
}

Task<bool> forwarded(Pair& pair) {
    Request request;
    request.method = "PUT";
    request.target = "/entries/ann?note=private";
    request.token = token_of(kUs);
    request.headers.emplace_back("X-Own", "kept");
    request.body = std::string(200'000, 'b');
    for (const bool chunked : {false, true}) {
        request.chunked = chunked;
        const Reply reply = co_await fetch(pair.eu, request);
        EXPECT_EQ(reply.status, 200);
        EXPECT_TRUE(reply.body.starts_with("PUT /entries/ann?note=private\n"));
        EXPECT_TRUE(reply.body.ends_with("\n\n" + request.body));
        EXPECT_THAT(reply.body, HasSubstr("x-own: kept\n"));
        EXPECT_THAT(reply.body, HasSubstr("domicile-home: us-east-2\n"));
        EXPECT_EQ(reply.field("Domicile-Served-By"), kUs);
        EXPECT_EQ(reply.field("Domicile-Via"), kEu);
    }
    co_return true;
}

// What the client sees of a call whose body does not come as it should.
Task<std::string> half_a_body(Node& at, std::string token, std::string framing) {
    std::string request =
        "PUT /entries/ann HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + token + "\r\n" + framing;
    co_return co_await http::exchange(at.public_server->local(), request);
}

Task<bool> bodies_at_fault(Pair& pair) {
    for (Node* at : {&pair.eu, &pair.us}) {
        at->public_server->set_limits({32768, Seconds(10), Millis(50)});
        const std::string stalled =
            co_await half_a_body(*at, token_of(kUs), "Content-Length: 10\r\n\r\nhalf");
        EXPECT_TRUE(stalled.starts_with("HTTP/1.1 408 ")) << stalled;
        EXPECT_THAT(stalled, HasSubstr("Connection: close\r\n"));
        const std::string broken = co_await half_a_body(
            *at, token_of(kUs), "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nno size\r\n");
        EXPECT_TRUE(broken.starts_with("HTTP/1.1 400 ")) << broken;
    }
    EXPECT_EQ(pair.told, 0);
    const Reply good = co_await get(pair.eu, "/entries/1", token_of(kUs));
    EXPECT_EQ(good.status, 200);
    co_return true;
}

TEST(gateway, a_body_that_stalls_or_breaks_off_is_the_clients_fault_here_and_when_forwarded) {
    World world;
    run(world, bodies_at_fault);
}

TEST(gateway, a_call_whose_home_is_elsewhere_is_served_there) {
    World world;
    run(world, forwarded);
    for (const char* region : {kEu, kUs}) {
        EXPECT_THAT(world.log_text(region), HasSubstr("/entries/{id}")) << region;
        EXPECT_THAT(world.log_text(region), Not(HasSubstr("/ann"))) << region;
        EXPECT_THAT(world.log_text(region), Not(HasSubstr("private"))) << region;
    }
}

void expect_misdirected_to_us(const Reply& reply) {
    EXPECT_EQ(reply.status, 421);
    EXPECT_EQ(reply.field("Content-Type"), "application/problem+json");
    const auto problem = parse_json_object(reply.body);
    ASSERT_TRUE(problem) << reply.body;
    EXPECT_EQ(problem->at("status").as_int64(), 421);
    EXPECT_EQ(problem->at("home_region").as_string(), kUs);
    EXPECT_EQ(problem->at("home_endpoint").as_string(), "https://us-east-2.domicile.example:8443");
}

Task<bool> misdirected(Pair& pair) {
    const Reply reply = co_await get(pair.eu, "/misdirected/ann", token_of(kUs));
    expect_misdirected_to_us(reply);
    const Reply at_home = co_await get(pair.us, "/misdirected/ann", token_of(kUs));
    EXPECT_EQ(at_home.status, 200);
    EXPECT_EQ(pair.told, 1);
    co_return true;
}

TEST(gateway, a_route_that_misdirects_names_the_home_and_records_it) {
    World world;
    run(world, misdirected);
    EXPECT_THAT(world.log_text(kEu), HasSubstr(R"("reason":"misdirected")"));
    EXPECT_THAT(world.log_text(kEu), HasSubstr("/misdirected/{id}"));
    EXPECT_THAT(world.log_text(kEu), Not(HasSubstr("/ann")));
    EXPECT_THAT(world.log_text(kEu), Not(HasSubstr(kSub)));
}

// A peer region forwards to eu-central-1 what belongs to us-east-2, or whose token is bad.
Task<int> forward_to_eu(Pair& pair, std::string token) {
    const std::string bearer = "Bearer " + token;
    http::RequestHead head;
    head.method = "GET";
    head.target = "/entries/1";
    head.headers.add("Authorization", bearer);
    head.headers.add("Domicile-Host", "region");
    Pieces none("");
    auto response = co_await pair.us.border.forward(kEu, "/entries/{id}", head, none, 0, soon());
    if (!response) co_return 0;
    co_return (*response)->status();
}

Task<bool> forwarded_calls_are_judged(Pair& pair) {
    const int elsewhere = co_await forward_to_eu(pair, token_of(kUs));
    EXPECT_EQ(elsewhere, 421) << "never forwarded a second time";
    const int forged = co_await forward_to_eu(pair, unsigned_token("none"));
    EXPECT_EQ(forged, 401) << "a peer's word is not taken for a token";
    EXPECT_EQ(pair.told, 0);
    const int good = co_await forward_to_eu(pair, token_of(kEu));
    EXPECT_EQ(good, 200);
    co_return true;
}

TEST(gateway, a_forwarded_call_is_checked_again_and_not_forwarded_again) {
    World world;
    run(world, forwarded_calls_are_judged);
}

Task<bool> home_down(Pair& pair) {
    co_await pair.us.border_server->stop(soon());
    const Reply reply = co_await get(pair.eu, "/entries/1", token_of(kUs));
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.field("Retry-After"), "5");
    EXPECT_EQ(reply.field("Domicile-Served-By"), kEu);
    const Reply others = co_await get(pair.eu, "/entries/1", token_of(kEu));
    EXPECT_EQ(others.status, 200) << "everybody else notices nothing";
    EXPECT_EQ(pair.told, 1);
    co_return true;
}

TEST(gateway, a_home_that_is_down_is_503_for_its_people_only) {
    World world;
    run(world, home_down);
}

// ---- Headers, CORS, bodies ---------------------------------------------------------------------

Task<bool> ours_are_stripped(Pair& pair) {
    Request request;
    for (const char* name :
         {"Domicile-Subject", "domicile-home", "DOMICILE-Border", "Domicile-Host", "Domicile-Route",
          "Domicile-Crossing", "Domicile-Jurisdiction", "Domicile-Claim-missing", "Domicile-Client",
          "Domicile-Request-Id", "Forwarded", "X-Request-Id"}) {
        request.headers.emplace_back(name, "planted");
    }
    request.headers.emplace_back("X-Forwarded-For", "planted");
    for (const char* home : {kEu, kUs}) {
        request.token = token_of(home);
        const Reply reply = co_await fetch(pair.eu, request);
        EXPECT_EQ(reply.status, 200) << home;
        EXPECT_THAT(reply.body, Not(HasSubstr("planted"))) << home;
        EXPECT_EQ(http::count_of(reply.body, "domicile-"), 5) << reply.body;
    }
    request.target = "/public";
    request.token = "";
    const Reply open = co_await fetch(pair.eu, request);
    EXPECT_EQ(open.status, 200);
    EXPECT_EQ(http::count_of(open.body, "domicile-"), 0) << open.body;
    co_return true;
}

TEST(gateway, headers_that_only_we_set_are_not_taken_from_clients) {
    World world;
    run(world, ours_are_stripped);
}

Task<bool> caller_is_told(Pair& pair) {
    const std::string authority = pair.eu.public_server->local().to_string();
    const std::string line = "for=127.0.0.1;by=_eu-central-1;host=\"" + authority + "\";proto=http";
    for (const char* home : {kEu, kUs}) {
        const Reply reply = co_await get(pair.eu, "/entries/1", token_of(home));
        EXPECT_EQ(told_lines(reply, "domicile-subject"), std::string(kSub) + '\n');
        EXPECT_EQ(told_lines(reply, "domicile-home"), std::string(home) + '\n');
        EXPECT_EQ(told_lines(reply, "domicile-jurisdiction"), std::string(home) + '\n');
        EXPECT_EQ(told_lines(reply, "domicile-claim-username"), std::string(kSub) + '\n');
        EXPECT_EQ(told_lines(reply, "domicile-claim-custom-epoch"), "3\n");
        EXPECT_EQ(told_lines(reply, "domicile-claim-missing"), "");
        EXPECT_EQ(told_lines(reply, "x-forwarded-for"), "127.0.0.1\n")
            << "also of a forwarded call";
        const std::string crossed = "for=127.0.0.1;by=_eu-central-1;host=\"" + authority +
                                    "\";proto=https, for=_eu-central-1;by=_us-east-2;proto=https\n";
        const bool here = std::string_view(home) == kEu;
        EXPECT_EQ(told_lines(reply, "forwarded"), here ? line + '\n' : crossed);
        EXPECT_TRUE(is_uuid(reply.field("X-Request-Id")));
        EXPECT_EQ(told_lines(reply, "x-request-id"), reply.field("X-Request-Id") + '\n')
            << "one id all the way";
    }
    co_return true;
}

TEST(gateway, an_upstream_is_told_who_calls_and_by_which_way) {
    World world;
    run(world, caller_is_told);
}

Task<bool> every_answer_names_itself(Pair& pair) {
    const std::vector<std::pair<std::string, std::string>> calls = {
        {"/nowhere", ""},
        {"/entries/1", ""},
        {"/entries/1", token_of(kEu)},
        {"/dead", token_of(kEu)},
        {"/misdirected/1", token_of(kUs)},
        {"/public", ""}};
    for (const auto& [target, token] : calls) {
        const Reply reply = co_await get(pair.eu, target, token);
        EXPECT_TRUE(is_uuid(reply.field("X-Request-Id"))) << target << reply.status;
        EXPECT_EQ(reply.field("Domicile-Served-By"), kEu) << target << reply.status;
    }
    co_return true;
}

TEST(gateway, every_answer_says_its_request_id_and_who_served_it) {
    World world;
    run(world, every_answer_names_itself);
}

Task<bool> rewritten(Pair& pair) {
    for (const char* home : {kEu, kUs}) {
        const Reply reply = co_await get(pair.eu, "/old/a%26b?c=d", token_of(home));
        EXPECT_TRUE(reply.body.starts_with("GET /new?id=a%26b&c=d\n")) << reply.body;
    }
    co_return true;
}

TEST(gateway, a_rewritten_route_asks_the_upstream_for_what_its_template_says) {
    World world;
    run(world, rewritten);
}

void expect_too_many(const Reply& reply, const std::string& detail) {
    EXPECT_EQ(reply.status, 429);
    EXPECT_EQ(reply.field("Content-Type"), "application/problem+json");
    const std::string after = reply.field("Retry-After");
    EXPECT_TRUE(after == "1000" || after == "999") << after;
    const auto problem = parse_json_object(reply.body);
    ASSERT_TRUE(problem) << reply.body;
    EXPECT_EQ(problem->at("type").as_string(), "https://domicile.dev/problems/too-many-requests");
    EXPECT_EQ(problem->at("detail").as_string(), detail);
}

Task<bool> throttled(Pair& pair) {
    for (int i = 0; i < 2; ++i) {
        const Reply good = co_await get(pair.eu, "/seldom", token_of(kEu));
        EXPECT_EQ(good.status, 200);
    }
    const Reply third = co_await get(pair.eu, "/seldom", token_of(kEu));
    expect_too_many(third, "You call this route too often.");
    json::object claims = claims_of(kEu);
    claims["sub"] = "11111111-89ab-4cde-8f01-23456789abcd";
    const Reply other = co_await get(pair.eu, "/seldom", crypto::sign_jwt(key_of(kEu), claims));
    EXPECT_EQ(other.status, 200) << "somebody else's bucket";
    const Reply stranger = co_await get(pair.eu, "/seldom", "rubbish");
    EXPECT_EQ(stranger.status, 401);
    for (int i = 0; i < 3; ++i) {
        const Reply refused = co_await get(pair.eu, "/often", "rubbish");
        EXPECT_EQ(refused.status, 401);
    }
    const Reply fourth = co_await get(pair.eu, "/often", token_of(kEu));
    expect_too_many(fourth, "This route is called too often from your address.");
    const Reply elsewhere = co_await get(pair.us, "/often", token_of(kEu));
    EXPECT_EQ(elsewhere.status, 429) << "the home counts the client's address, not the region's";
    EXPECT_EQ(pair.told, 3);
    co_return true;
}

TEST(gateway, who_calls_too_often_is_told_when_to_come_back) {
    World world;
    run(world, throttled);
}

Task<bool> claims_wanted(Pair& pair) {
    const Reply refused = co_await get(pair.eu, "/scoped", token_of(kEu));
    EXPECT_EQ(refused.status, 403);
    EXPECT_THAT(refused.body, HasSubstr("https://domicile.dev/problems/insufficient-scope"));
    json::object claims = claims_of(kEu);
    claims["custom:epoch"] = 4;
    const Reply good = co_await get(pair.eu, "/scoped", crypto::sign_jwt(key_of(kEu), claims));
    EXPECT_EQ(good.status, 200);
    EXPECT_EQ(pair.told, 1);
    co_return true;
}

TEST(gateway, a_token_that_lacks_what_the_route_wants_is_403) {
    World world;
    run(world, claims_wanted);
}

Task<bool> keys_wanted(Pair& pair) {
    Request request;
    request.target = "/keyed";
    const Reply none = co_await fetch(pair.eu, request);
    EXPECT_EQ(none.status, 403);
    request.headers = {{"X-Api-Key", "wrong"}};
    const Reply wrong = co_await fetch(pair.eu, request);
    EXPECT_EQ(wrong.status, 403);
    request.headers = {{"X-Api-Key", "secret"}};
    for (int i = 0; i < 2; ++i) {
        const Reply good = co_await fetch(pair.eu, request);
        EXPECT_EQ(good.status, 200);
        EXPECT_EQ(told_lines(good, "domicile-api-key"), "partner\n");
        EXPECT_THAT(good.body, Not(HasSubstr("secret"))) << "the upstream has no use for the key";
    }
    const Reply third = co_await fetch(pair.eu, request);
    EXPECT_EQ(third.status, 429);
    EXPECT_GE(std::stoi(third.field("Retry-After")), 1);
    EXPECT_THAT(third.body, HasSubstr("https://domicile.dev/problems/usage-plan"));
    EXPECT_EQ(pair.told, 2);
    co_return true;
}

TEST(gateway, a_route_that_wants_an_api_key_counts_by_its_plan) {
    World world;
    run(world, keys_wanted);
}

Request preflight_of(const std::string& origin) {
    Request out;
    out.method = "OPTIONS";
    out.headers = {{"Origin", origin}, {"Access-Control-Request-Method", "PUT"}};
    return out;
}

Task<bool> preflight(Pair& pair) {
    for (const std::string origin : {kOrigin, "https://frontend.domicile.example:8443"}) {
        const Reply reply = co_await fetch(pair.eu, preflight_of(origin));
        EXPECT_EQ(reply.status, 204);
        EXPECT_EQ(reply.field("Access-Control-Allow-Origin"), origin);
        EXPECT_EQ(reply.field("Access-Control-Allow-Methods"), "GET, PUT");
        EXPECT_EQ(reply.field("Access-Control-Allow-Headers"), "authorization");
        EXPECT_EQ(reply.field("Access-Control-Max-Age"), "7200");
        EXPECT_EQ(reply.field("Vary"), "Origin");
    }
    const Reply stranger = co_await fetch(pair.eu, preflight_of("https://evil.example"));
    EXPECT_EQ(stranger.field("Access-Control-Allow-Origin"), "");
    Request no_cors = preflight_of(kOrigin);
    no_cors.target = "/public";
    const Reply none = co_await fetch(pair.eu, no_cors);
    EXPECT_EQ(none.status, 404);
    EXPECT_EQ(none.field("Access-Control-Allow-Origin"), "");
    EXPECT_EQ(pair.told, 0);
    co_return true;
}

TEST(gateway, a_preflight_is_answered_here_without_a_token) {
    World world;
    run(world, preflight);
}

Task<bool> cors_on_replies(Pair& pair) {
    Request request;
    request.headers.emplace_back("Origin", kOrigin);
    for (const char* home : {kEu, kUs, ""}) {
        request.token = *home == 0 ? "" : token_of(home);
        const Reply reply = co_await fetch(pair.eu, request);
        EXPECT_EQ(reply.status, *home == 0 ? 401 : 200);
        EXPECT_EQ(reply.field("Access-Control-Allow-Origin"), kOrigin) << home;
        EXPECT_THAT(reply.field("Access-Control-Expose-Headers"), HasSubstr("Domicile-Served-By"));
        const std::string vary = *home == 0 ? "Origin" : "Accept-Encoding, Origin";
        EXPECT_EQ(reply.field("Vary"), vary) << "what the upstream says stays true";
    }
    co_return true;
}

TEST(gateway, every_reply_to_a_listed_origin_says_so_once) {
    World world;
    run(world, cors_on_replies);
}

Task<bool> oversize(Pair& pair) {
    Request request;
    request.method = "PUT";
    request.target = "/small";
    for (const char* home : {kEu, kUs}) {
        for (const bool chunked : {false, true}) {
            request.token = token_of(home);
            request.chunked = chunked;
            request.body = std::string(kSmallBodyMax + 1, 'b');
            const Reply large = co_await fetch(pair.eu, request);
            EXPECT_EQ(large.status, 413) << home << chunked;
            EXPECT_EQ(large.body, R"({"message":"Request Too Long"})");
            request.body.pop_back();
            const Reply fits = co_await fetch(pair.eu, request);
            EXPECT_EQ(fits.status, 200) << home << chunked;
        }
    }
    EXPECT_EQ(pair.told, 4);
    co_return true;
}

TEST(gateway, a_body_beyond_the_route_s_bound_is_413_also_on_its_way_to_another_region) {
    World world;
    run(world, oversize);
}

Task<bool> held_against_the_document(Pair& pair) {
    Request request;
    request.method = "POST";
    for (const char* home : {kEu, kUs}) {
        for (const bool chunked : {false, true}) {
            request.token = token_of(home);
            request.chunked = chunked;
            request.headers = {{"Content-Type", "application/json"}};
            request.target = "/checked?n=secret";
            request.body = R"({"name": "secret"})";
            const Reply wrong = co_await fetch(pair.eu, request);
            EXPECT_EQ(wrong.status, 400) << wrong.body;
            EXPECT_EQ(wrong.field("Domicile-Served-By"), home) << "looked at where it is served";
            EXPECT_THAT(wrong.body, HasSubstr(R"("errors":[{"in":"query","detail":)"
                                              R"("must be a whole number","name":"n"},)"
                                              R"({"in":"body","detail":"is missing",)"
                                              R"("pointer":"/title"}])"));
            EXPECT_THAT(wrong.body, Not(HasSubstr("secret")));
            request.target = "/checked?n=1";
            request.body = R"({ "title": 1.50 })";
            const Reply good = co_await fetch(pair.eu, request);
            EXPECT_EQ(good.status, 200);
            EXPECT_TRUE(good.body.ends_with(request.body)) << good.body;
            request.headers = {{"Content-Type", "text/plain"}};
            const Reply other = co_await fetch(pair.eu, request);
            EXPECT_EQ(other.status, 415);
        }
    }
    EXPECT_EQ(pair.told, 4);
    request.token = "rubbish";
    const Reply stranger = co_await fetch(pair.eu, request);
    EXPECT_EQ(stranger.status, 401) << "nothing of the API is told to strangers";
    co_return true;
}

TEST(gateway, a_request_that_is_not_as_its_document_describes_it_goes_nowhere) {
    World world;
    run(world, held_against_the_document);
}

}  // namespace
}  // namespace domicile::gateway::test
