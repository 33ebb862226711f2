// Micro-benchmarks of what a request or a sign-in does, each on one thread with warm caches.
#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

#include "base/check.h"
#include "crypto/aead.h"
#include "crypto/jwt.h"
#include "crypto/sigv4.h"
#include "crypto/srp.h"
#include "directory/directory.h"
#include "http/outbound.h"
#include "http/parser.h"
#include "identity/token_cache.h"
#include "io/clock.h"
#include "io/frame_pool.h"
#include "residency/residency.h"

namespace domicile {
namespace {

// About what a browser sends.
const std::string kRequest =
    "GET /diary/entries?limit=20 HTTP/1.1\r\nHost: app.domicile.localhost:8443\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: application/json, text/plain, */*\r\nAccept-Language: de,en-US;q=0.7,en;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nOrigin: "
    "https://frontend.domicile.localhost:8443\r\n"
    "DNT: 1\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-site\r\n"
    "Connection: keep-alive\r\nReferer: https://frontend.domicile.localhost:8443/\r\n\r\n";

void http_parse(benchmark::State& state) {
    http::RequestHead head;
    for (auto _ : state) {
        http::HeadScanner scanner;
        benchmark::DoNotOptimize(scanner.scan(kRequest, {}));
        benchmark::DoNotOptimize(http::parse_request(kRequest, {}, head));
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kRequest.size()));
}
BENCHMARK(http_parse);

void http_print(benchmark::State& state) {
    http::RequestHead head;
    DOMICILE_CHECK(http::parse_request(kRequest, {}, head).has_value());
    http::RequestFraming framing;
    framing.host = head.host;
    std::string out;
    for (auto _ : state) {
        out.clear();
        benchmark::DoNotOptimize(http::print_request(head, framing, out));
    }
}
BENCHMARK(http_print);

json::object claims() {
    return {{"sub", "01234567-89ab-4cde-8f01-23456789abcd"},
            {"iss", "https://idp.eu-central-1.domicile.localhost:8443/eu-central-1_Health1"},
            {"origin_jti", "01234567-89ab-4cde-8f01-23456789abcd"},
            {"event_id", "01234567-89ab-4cde-8f01-23456789abcd"},
            {"auth_time", 1'700'000'000},
            {"iat", 1'700'000'000},
            {"exp", 1'700'003'600},
            {"custom:region", "eu-central-1"},
            {"custom:epoch", 0},
            {"token_use", "access"},
            {"client_id", "bench0client0bench0client0"},
            {"username", "01234567-89ab-4cde-8f01-23456789abcd"},
            {"scope", "aws.cognito.signin.user.admin"}};
}

void jwt_sign(benchmark::State& state, crypto::Algorithm algorithm) {
    const auto key = crypto::SigningKey::generate(algorithm);
    const json::object all = claims();
    for (auto _ : state) benchmark::DoNotOptimize(crypto::sign_jwt(*key, all));
}
BENCHMARK_CAPTURE(jwt_sign, rs256, crypto::Algorithm::rs256);
BENCHMARK_CAPTURE(jwt_sign, es256, crypto::Algorithm::es256);

void jwt_verify(benchmark::State& state, crypto::Algorithm algorithm) {
    const auto key = crypto::SigningKey::generate(algorithm);
    const std::string token = crypto::sign_jwt(*key, claims());
    for (auto _ : state) {
        const auto parsed = crypto::parse_jwt(token);
        benchmark::DoNotOptimize(crypto::verify(key->public_key(), *parsed));
    }
}
BENCHMARK_CAPTURE(jwt_verify, rs256, crypto::Algorithm::rs256);
BENCHMARK_CAPTURE(jwt_verify, es256, crypto::Algorithm::es256);

void token_cache_hit(benchmark::State& state) {
    identity::TokenCache cache(10'000);
    const auto key = crypto::SigningKey::generate(crypto::Algorithm::rs256);
    std::vector<std::string> tokens;
    for (int i = 0; i < 100; ++i) {
        json::object all = claims();
        all["jti"] = i;
        tokens.push_back(crypto::sign_jwt(*key, all));
        cache.add(tokens.back(), std::make_shared<const identity::VerifiedToken>(), 1);
    }
    std::size_t turn = 0;
    for (auto _ : state) {
        const auto found = cache.find(tokens[turn++ % tokens.size()], 1);
        DOMICILE_CHECK(found != nullptr);
    }
}
BENCHMARK(token_cache_hit);

void residency_decide(benchmark::State& state) {
    std::vector<residency::Jurisdiction> all;
    all.push_back({"EU", {"DE", "FR"}, {"eu-central-1"}, residency::Transit::allow, {}});
    all.push_back({"US", {"US"}, {"us-east-2"}, residency::Transit::allow, {}});
    const residency::Policy policy = *residency::Policy::build(std::move(all));
    residency::Call call;
    call.arrival = "us-east-2";
    call.home = "eu-central-1";
    for (auto _ : state) benchmark::DoNotOptimize(residency::decide_call(policy, call));
}
BENCHMARK(residency_decide);

void sigv4_verify(benchmark::State& state) {
    crypto::SigV4Request request;
    request.method = "POST";
    request.path = "/";
    request.headers = {{"host", "dynamodb.eu-central-1.domicile.localhost"},
                       {"content-type", "application/x-amz-json-1.0"},
                       {"x-amz-target", "DynamoDB_20120810.GetItem"}};
    request.payload_hash = std::string(64, 'a');
    const crypto::SigV4Credentials credentials{"AKIDEXAMPLE", std::string(40, 's'), {}};
    for (auto& header :
         crypto::sign(request, credentials, "eu-central-1", "dynamodb", io::system_clock().now())) {
        request.headers.push_back(header);
    }
    const std::string text = request.headers.back().second;
    for (auto _ : state) {
        const auto authorization = crypto::parse_authorization(text);
        DOMICILE_CHECK(
            crypto::verify_signature(*authorization, request, credentials.secret).has_value());
    }
}
BENCHMARK(sigv4_verify);

void subject_key(benchmark::State& state) {
    const directory::Pepper pepper{1, std::string(32, 'p')};
    for (auto _ : state) {
        benchmark::DoNotOptimize(directory::subject_key(
            pepper, "Health1", directory::IdentifierKind::email, "anna.muster@example.org"));
    }
}
BENCHMARK(subject_key);

void aead_seal(benchmark::State& state) {
    const std::string key(32, 'k'), nonce(12, 'n'), context(60, 'c');
    const std::string text(static_cast<std::size_t>(state.range(0)), 't');
    for (auto _ : state) benchmark::DoNotOptimize(crypto::seal(key, nonce, context, text));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(aead_seal)->Arg(300)->Arg(4096);

void srp_server(benchmark::State& state) {
    const crypto::SrpVerifier verifier =
        crypto::make_verifier("Health1", "anna", "Sicher-1234", std::string(16, 's'));
    const std::string a(64, 'a'), b(crypto::kSrpSecretSize, 'b');
    const std::string A = crypto::client_public(a);
    for (auto _ : state) {
        const auto B = crypto::server_public(verifier, b);
        benchmark::DoNotOptimize(crypto::session_key(verifier, A, b, *B));
    }
}
BENCHMARK(srp_server);

void coroutine_frame(benchmark::State& state) {
    for (auto _ : state) {
        void* frame = io::allocate_frame(500);
        benchmark::DoNotOptimize(frame);
        io::free_frame(frame, 500);
    }
}
BENCHMARK(coroutine_frame);

void malloc_frame(benchmark::State& state) {
    for (auto _ : state) {
        void* frame = ::operator new(500);
        benchmark::DoNotOptimize(frame);
        ::operator delete(frame);
    }
}
BENCHMARK(malloc_frame);

}  // namespace
}  // namespace domicile

BENCHMARK_MAIN();
