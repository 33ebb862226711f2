// People who sign in by SRP for ever (two requests each), or who refresh their tokens.
//
//   bench_signin --port N --client ID --pool SUFFIX --user NAME --password P
//                [--mode srp|refresh] [--refresh-token T] ...
//
// The client's part is done as any client does it, but for what does not change from one sign-in to
// the next: its secret a and the password's exponent x, so that one modular exponentiation is left.
#include <cstdio>
#include <ctime>
#include <optional>
#include <vector>

#include "base/check.h"
#include "base/encoding.h"
#include "base/json.h"
#include "crypto/hash.h"
#include "crypto/srp.h"
#include "crypto/srp_group.h"
#include "generator.h"

namespace domicile::bench {
namespace {

struct Person {
    std::string client, pool, user, password;
};

std::string padded(const BIGNUM* n) {
    std::string out = crypto::bn_to_bytes(n);
    if (out.empty() || (out[0] & 0x80) != 0) out.insert(0, 1, '\0');
    return out;
}

// The client's side of SRP (see crypto/srp.h), with everything kept that depends on the person
// only.
class Prover {
  public:
    Prover(const Person& person, const std::string& user, const std::string& salt_hex)
        : ctx_(crypto::new_ctx()) {
        const auto salt = crypto::parse_srp_hex(salt_hex);
        DOMICILE_CHECK(salt.has_value());
        const crypto::SrpVerifier made =
            crypto::make_verifier(person.pool, user, person.password,
                                  std::string(crypto::kSrpSaltSize - salt->size(), '\0') + *salt);
        const std::string inner = crypto::sha256(person.pool + user + ':' + person.password);
        const auto salt_number = crypto::bn_from_bytes(*salt);
        x_ = crypto::bn_from_bytes(crypto::sha256(padded(salt_number.get()) + inner));
        const auto& group = crypto::srp_group();
        const auto k =
            crypto::bn_from_bytes(crypto::sha256(padded(group.N.get()) + padded(group.g.get())));
        const auto v = crypto::bn_from_bytes(made.verifier);
        kv_ = crypto::mod_mul(k.get(), v.get(), ctx_.get());
        A_ = crypto::power_of_g(secret(), ctx_.get());
    }

    static std::string secret() { return std::string(32, '\x5a'); }

    // The 16-byte K.
    std::string key(const std::string& b_hex) {
        const auto& group = crypto::srp_group();
        const auto B = crypto::bn_from_bytes(*crypto::parse_srp_hex(b_hex));
        const auto u = crypto::bn_from_bytes(crypto::sha256(padded(A_.get()) + padded(B.get())));
        const auto base = crypto::new_bn(), exponent = crypto::new_bn(), S = crypto::new_bn();
        const auto a = crypto::bn_from_bytes(secret());
        DOMICILE_CHECK(BN_mod_sub(base.get(), B.get(), kv_.get(), group.N.get(), ctx_.get()) == 1 &&
                       BN_mul(exponent.get(), u.get(), x_.get(), ctx_.get()) == 1 &&
                       BN_add(exponent.get(), exponent.get(), a.get()) == 1 &&
                       BN_mod_exp_mont(S.get(), base.get(), exponent.get(), group.N.get(),
                                       ctx_.get(), group.mont.get()) == 1);
        const std::string prk = crypto::hmac_sha256(padded(u.get()), padded(S.get()));
        return crypto::hmac_sha256(prk, std::string("Caldera Derived Key\1")).substr(0, 16);
    }

  private:
    crypto::BnCtxPtr ctx_;
    crypto::BnPtr x_, kv_, A_;
};

std::string now_text() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char out[64];
    // Cognito's form has no leading zero in the day.
    char head[16], tail[32];
    std::strftime(head, sizeof head, "%a %b ", &parts);
    std::strftime(tail, sizeof tail, " %H:%M:%S UTC %Y", &parts);
    std::snprintf(out, sizeof out, "%s%d%s", head, parts.tm_mday, tail);
    return out;
}

std::string request_text(const std::string& operation, const json::object& members) {
    const std::string body = json::serialize(members);
    return "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\n"
           "X-Amz-Target: AWSCognitoIdentityProviderService." +
           operation + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string text(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

class SignIns final : public Workload {
  public:
    SignIns(Person person, std::size_t connections)
        : person_(std::move(person)), next_(connections) {
        start_ = request_text(
            "InitiateAuth",
            {{"ClientId", person_.client},
             {"AuthFlow", "USER_SRP_AUTH"},
             {"AuthParameters",
              {{"USERNAME", person_.user}, {"SRP_A", crypto::client_public(Prover::secret())}}}});
    }

    std::string_view request(std::size_t connection) override {
        const std::string& answer = next_[connection];
        return answer.empty() ? std::string_view(start_) : answer;
    }

    Outcome response(std::size_t connection, int status, std::string_view body) override {
        std::string& answer = next_[connection];
        if (status != 200) return Outcome::wrong;
        if (!answer.empty()) {
            answer.clear();
            return body.find("\"AccessToken\"") == std::string_view::npos ? Outcome::wrong
                                                                          : Outcome::unit;
        }
        const auto parsed = parse_json_object(body);
        const json::value* parameters =
            parsed ? parsed->if_contains("ChallengeParameters") : nullptr;
        if (parameters == nullptr || !parameters->is_object()) return Outcome::wrong;
        answer = answer_to(parameters->get_object());
        return answer.empty() ? Outcome::wrong : Outcome::more;
    }

  private:
    std::string answer_to(const json::object& challenge) {
        const std::string user = text(challenge, "USER_ID_FOR_SRP");
        if (!prover_) prover_.emplace(person_, user, text(challenge, "SALT"));
        const std::string key = prover_->key(text(challenge, "SRP_B"));
        const std::string time = now_text(), block = text(challenge, "SECRET_BLOCK");
        const std::string proof = to_base64(crypto::claim_signature(
            key, person_.pool, user, from_base64(block).value_or(""), time));
        return request_text("RespondToAuthChallenge", {{"ClientId", person_.client},
                                                       {"ChallengeName", "PASSWORD_VERIFIER"},
                                                       {"ChallengeResponses",
                                                        {{"USERNAME", user},
                                                         {"PASSWORD_CLAIM_SECRET_BLOCK", block},
                                                         {"TIMESTAMP", time},
                                                         {"PASSWORD_CLAIM_SIGNATURE", proof}}}});
    }

    Person person_;
    std::optional<Prover> prover_;
    std::string start_;
    std::vector<std::string> next_;  // the answer to a challenge; empty: start anew
};

}  // namespace
}  // namespace domicile::bench

int main(int argc, char** argv) {
    using namespace domicile;
    using namespace domicile::bench;
    const Options options(argc, argv, " --client --pool --user --password --mode --refresh-token ");
    const LoopOptions loop = options.loop();
    if (options.text("--mode", "srp") == "refresh") {
        SameRequest workload(request_text(
            "InitiateAuth",
            {{"ClientId", options.text("--client")},
             {"AuthFlow", "REFRESH_TOKEN_AUTH"},
             {"AuthParameters", {{"REFRESH_TOKEN", options.text("--refresh-token")}}}}));
        return print(run_loop(loop, workload));
    }
    SignIns workload({options.text("--client"), options.text("--pool"), options.text("--user"),
                      options.text("--password")},
                     loop.connections);
    return print(run_loop(loop, workload));
}
