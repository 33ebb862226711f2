// Asks a DynamoDB endpoint for one operation for ever, signed as an SDK signs.
//
//   bench_documents --port N --operation put|get|query|fill --table T --key-id K --secret S
//   --region R
//                   --subjects S,S,... ...
//
// Every subject has a partition of ten items. fill writes each once and ends, put writes over them
// for ever; get and query expect them.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "crypto/sigv4.h"
#include "generator.h"

namespace domicile::bench {
namespace {

constexpr std::size_t kItemsPerPartition = 10;

std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t end = std::min(list.find(',', at), list.size());
        out.push_back(list.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

class Documents final : public Workload {
  public:
    Documents(const Options& options, std::size_t connections)
        : operation_(options.text("--operation", "get")),
          table_(options.text("--table", "Diary")),
          region_(options.text("--region", "eu-central-1")),
          credentials_{options.text("--key-id", "local"), options.text("--secret", "local"), {}},
          subjects_(split(options.text("--subjects"))),
          host_("127.0.0.1:" + options.text("--port")),
          requests_(connections) {
        text_.assign(120, 'x');
    }

    std::string_view request(std::size_t connection) override {
        // Every connection walks through all items from a place of its own.
        const std::size_t number =
            operation_ == "fill" ? connection : (turn_++ * 7919 + connection * 131) % items();
        std::string body = this->body(number);
        crypto::SigV4Request signing;
        signing.method = "POST";
        signing.path = "/";
        signing.payload_hash = to_hex(crypto::sha256(body));
        signing.headers = {{"host", host_},
                           {"content-type", "application/x-amz-json-1.0"},
                           {"x-amz-target", "DynamoDB_20120810." + action()}};
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now().time_since_epoch());
        std::string& out = requests_[connection];
        out = "POST / HTTP/1.1\r\n";
        const auto add = [&out](const crypto::HeaderList& headers) {
            for (const auto& [name, value] : headers) out += name + ": " + value + "\r\n";
        };
        add(signing.headers);
        add(crypto::sign(signing, credentials_, region_, "dynamodb", Timestamp{ms.count()}));
        out += "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        return out;
    }

    Outcome response(std::size_t, int status, std::string_view body) override {
        if (status != 200) return Outcome::wrong;
        if (operation_ == "get" && body.find("\"Item\"") == std::string_view::npos)
            return Outcome::wrong;
        if (operation_ == "query" && body.find("\"Count\":10") == std::string_view::npos)
            return Outcome::wrong;
        return Outcome::unit;
    }

    std::size_t items() const { return subjects_.size() * kItemsPerPartition; }

  private:
    std::string action() const {
        if (operation_ == "put" || operation_ == "fill") return "PutItem";
        return operation_ == "get" ? "GetItem" : "Query";
    }

    std::string body(std::size_t number) const {
        const std::string table = R"({"TableName":")" + table_ + '"';
        const std::string& subject = subjects_[number / kItemsPerPartition];
        const std::string key = R"("subject":{"S":")" + subject + R"("},"entry":{"S":"entry-)" +
                                std::to_string(number % kItemsPerPartition) + R"("})";
        if (operation_ == "put" || operation_ == "fill") {
            return table + R"(,"Item":{)" + key + R"(,"text":{"S":")" + text_ +
                   R"("},"mood":{"N":")" + std::to_string(turn_ % 10) + R"("}}})";
        }
        if (operation_ == "get") return table + R"(,"Key":{)" + key + "}}";
        return table + R"(,"KeyConditionExpression":"subject = :s","ExpressionAttributeValues":)" +
               R"({":s":{"S":")" + subject + R"("}}})";
    }

    std::string operation_, table_, region_;
    crypto::SigV4Credentials credentials_;
    std::vector<std::string> subjects_;
    std::string host_;
    std::string text_;
    std::vector<std::string> requests_;
    std::size_t turn_ = 0;
};

}  // namespace
}  // namespace domicile::bench

int main(int argc, char** argv) {
    using namespace domicile::bench;
    const Options options(argc, argv,
                          " --operation --table --key-id --secret --region --subjects ");
    LoopOptions loop = options.loop();
    Documents workload(options, std::max<std::size_t>(loop.connections, 1000));
    if (options.text("--operation") != "fill") return print(run_loop(loop, workload));
    loop.connections = workload.items();
    const std::size_t written = open_idle(loop, workload);
    std::printf("{\"units\": %zu, \"errors\": %zu}\n", written, workload.items() - written);
    return written == workload.items() ? 0 : 1;
}
