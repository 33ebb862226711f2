// People by number ("bench17@example.org") who are imported, sign in by password, or sign up.
//
//   bench_users --port N --what fill --region R --pool-id P --key-id K --secret S --first N
//               --password P --memory-kib M --iterations T ...
//   bench_users --port N --what password --client ID --people N --password P ...
//   bench_users --port N --what mix --client ID --password P --user NAME --first N ...
//
// fill is AdminCreateUser with a password hash, signed as an SDK signs, from number --first on;
// password is USER_PASSWORD_AUTH of people in a scattered order; mix is a sign-up with a fresh
// address and then four sign-ins of --user, which together are one unit.
#include <chrono>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/encoding.h"
#include "base/json.h"
#include "crypto/hash.h"
#include "crypto/password_hash.h"
#include "crypto/sigv4.h"
#include "generator.h"

namespace domicile::bench {
namespace {

constexpr const char* kTarget = "AWSCognitoIdentityProviderService.";
constexpr const char* kType = "application/x-amz-json-1.1";
constexpr int kSignInsOfMix = 4;

std::string mail_of(std::size_t number) {
    return "bench" + std::to_string(number) + "@example.org";
}

json::object attribute(const char* name, const std::string& value) {
    return json::object{{"Name", name}, {"Value", value}};
}
json::array attributes_of(const std::string& mail) {
    json::array out;
    out.push_back(attribute("email", mail));
    out.push_back(attribute("custom:country", "DE"));
    return out;
}

std::string request_text(const std::string& operation, const json::object& members) {
    const std::string body = json::serialize(members);
    return std::string("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: ") + kType +
           "\r\nX-Amz-Target: " + kTarget + operation +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string sign_in_text(const std::string& client, const std::string& user,
                         const std::string& password) {
    return request_text("InitiateAuth",
                        {{"ClientId", client},
                         {"AuthFlow", "USER_PASSWORD_AUTH"},
                         {"AuthParameters", {{"USERNAME", user}, {"PASSWORD", password}}}});
}

// What each connection sent last stays until its next request.
class Numbered : public Workload {
  public:
    Numbered(const Options& options, std::size_t connections)
        : client_(options.text("--client")),
          password_(options.text("--password")),
          next_(static_cast<std::size_t>(options.number("--first", 0))),
          requests_(connections) {}

    std::string_view request(std::size_t connection) final {
        return requests_[connection] = text(connection);
    }

  protected:
    virtual std::string text(std::size_t connection) = 0;

    const std::string client_, password_;
    std::size_t next_;

  private:
    std::vector<std::string> requests_;
};

class Imports final : public Numbered {
  public:
    Imports(const Options& options, std::size_t connections)
        : Numbered(options, connections),
          region_(options.text("--region")),
          pool_id_(options.text("--pool-id")),
          host_("127.0.0.1:" + options.text("--port")),
          credentials_{options.text("--key-id"), options.text("--secret"), {}} {
        const crypto::Argon2Cost cost{
            static_cast<std::uint32_t>(options.number("--memory-kib", 19'456)),
            static_cast<std::uint32_t>(options.number("--iterations", 2)), 1};
        const auto hash = crypto::argon2id(password_, std::string(16, '\x5a'), cost);
        DOMICILE_CHECK(hash.has_value());
        hash_ = *hash;
    }

    // Calls that were under way when a run before this ended are made again.
    Outcome response(std::size_t, int status, std::string_view body) override {
        const bool is_there = body.find("UsernameExistsException") != std::string_view::npos;
        return status == 200 || is_there ? Outcome::unit : Outcome::wrong;
    }

  protected:
    std::string text(std::size_t) override {
        const std::string mail = mail_of(next_++);
        json::array attributes = attributes_of(mail);
        attributes.push_back(attribute("email_verified", "true"));
        attributes.push_back(attribute("domicile:password_hash", hash_));
        const std::string body = json::serialize(json::object{{"UserPoolId", pool_id_},
                                                              {"Username", mail},
                                                              {"MessageAction", "SUPPRESS"},
                                                              {"UserAttributes", attributes}});
        crypto::SigV4Request signing;
        signing.method = "POST";
        signing.path = "/";
        signing.payload_hash = to_hex(crypto::sha256(body));
        signing.headers = {{"host", host_},
                           {"content-type", kType},
                           {"x-amz-target", std::string(kTarget) + "AdminCreateUser"}};
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now().time_since_epoch());
        std::string out = "POST / HTTP/1.1\r\n";
        const auto add = [&out](const crypto::HeaderList& headers) {
            for (const auto& [name, value] : headers) out += name + ": " + value + "\r\n";
        };
        add(signing.headers);
        add(crypto::sign(signing, credentials_, region_, "cognito-idp", Timestamp{ms.count()}));
        return out + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }

  private:
    const std::string region_, pool_id_, host_;
    const crypto::SigV4Credentials credentials_;
    std::string hash_;
};

class SignIns final : public Numbered {
  public:
    SignIns(const Options& options, std::size_t connections)
        : Numbered(options, connections),
          people_(static_cast<std::size_t>(options.number("--people", 1))) {}

    Outcome response(std::size_t, int status, std::string_view body) override {
        const bool is_in = status == 200 && body.find("\"AccessToken\"") != std::string_view::npos;
        return is_in ? Outcome::unit : Outcome::wrong;
    }

  protected:
    std::string text(std::size_t) override {
        // A prime, so that all come once before any comes again.
        const std::size_t number = next_++ * 7'368'787 % people_;
        return sign_in_text(client_, mail_of(number), password_);
    }

  private:
    const std::size_t people_;
};

class Mix final : public Numbered {
  public:
    Mix(const Options& options, std::size_t connections)
        : Numbered(options, connections),
          sign_in_(sign_in_text(client_, options.text("--user"), password_)),
          step_(connections) {}

    Outcome response(std::size_t connection, int status, std::string_view body) override {
        const int step = step_[connection];
        step_[connection] = (step + 1) % (1 + kSignInsOfMix);
        const std::string_view wanted = step == 0 ? "\"UserSub\"" : "\"AccessToken\"";
        if (status != 200 || body.find(wanted) == std::string_view::npos) return Outcome::wrong;
        return step == kSignInsOfMix ? Outcome::unit : Outcome::more;
    }

  protected:
    std::string text(std::size_t connection) override {
        if (step_[connection] != 0) return sign_in_;
        const std::string mail = mail_of(next_++);
        return request_text("SignUp", {{"ClientId", client_},
                                       {"Username", mail},
                                       {"Password", password_},
                                       {"UserAttributes", attributes_of(mail)}});
    }

  private:
    const std::string sign_in_;
    std::vector<int> step_;
};

}  // namespace
}  // namespace domicile::bench

int main(int argc, char** argv) {
    using namespace domicile::bench;
    const Options options(argc, argv,
                          " --what --client --password --user --people --first --region --pool-id "
                          "--key-id --secret --memory-kib --iterations ");
    const LoopOptions loop = options.loop();
    const std::string what = options.text("--what");
    if (what == "fill") {
        Imports workload(options, loop.connections);
        return print(run_loop(loop, workload));
    }
    if (what == "mix") {
        Mix workload(options, loop.connections);
        return print(run_loop(loop, workload));
    }
    SignIns workload(options, loop.connections);
    return print(run_loop(loop, workload));
}
