// For tests: an S3 service in this process that can fail in any way on purpose, checks every
// signature, and knows writes with If-None-Match, which s3rver does not. Not part of any library.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "base/encoding.h"
#include "base/xml.h"
#include "blob/s3.h"
#include "blob/testing.h"
#include "crypto/hash.h"
#include "crypto/sigv4.h"
#include "http/server.h"

namespace domicile::blob::testing {

enum class Fault : std::uint8_t {
    none,
    busy,        // 503 SlowDown, nothing is done
    lost,        // it is done, but the connection ends without an answer
    cut,         // the answer ends in the middle of its body
    nonsense,    // an answer that is none
    late_error,  // 200, and then an error; nothing is done
    late_busy,   // the same, with an error that passes
    stalls,      // no answer at all for longer than anybody waits
    refused,     // 403
};

class FakeS3 {
  public:
    // What becomes of a request; `operation` as in s3::label_values, `number` counts all from 0.
    using Plan = std::function<Fault(const std::string& operation, int number)>;
    static constexpr Millis kStall{1'500};
    static constexpr char kBucket[] = "blobs";
    static constexpr char kSecret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    explicit FakeS3(Plan plan = {}) : plan_(std::move(plan)) {
        endpoint_ = loop_.run<io::Endpoint>([this] { return start(*this); });
    }
    ~FakeS3() {
        (void)loop_.run<bool>([this] { return stop(*server_); });
        loop_.stop();
        server_.reset();
    }
    FakeS3(const FakeS3&) = delete;
    FakeS3& operator=(const FakeS3&) = delete;

    S3Options options() const {
        S3Options out;
        out.endpoint = endpoint_;
        out.tls = false;
        out.region = "eu-central-1";
        out.bucket = kBucket;
        out.virtual_host = false;
        out.credentials = {"AKIDEXAMPLE", kSecret, "a session/token="};
        out.part_bytes = 100'000;
        out.backoff_first = Millis(1);
        out.backoff_max = Millis(2);
        return out;
    }
    // Of what happened so far; "put" and so on.
    int count(const std::string& operation) const {
        const std::lock_guard lock(mutex_);
        const auto found = counts_.find(operation);
        return found == counts_.end() ? 0 : found->second;
    }
    std::size_t bodies() const {
        const std::lock_guard lock(mutex_);
        return objects_.size();
    }
    std::size_t uploads() const {
        const std::lock_guard lock(mutex_);
        return uploads_.size();
    }
    std::size_t most_parts_at_once() const {
        const std::lock_guard lock(mutex_);
        return most_parts_;
    }
    std::string problems() const {  // that a good client does not make
        const std::lock_guard lock(mutex_);
        return problems_;
    }
    void put(const std::string& key, std::string body) {
        const std::lock_guard lock(mutex_);
        objects_[key] = {std::move(body), "of the test"};
    }

  private:
    struct Object {
        std::string body, mark;
    };
    struct Upload {
        std::string key, mark;
        std::map<int, std::string> parts;
    };
    struct Reply {
        int status = 200;
        std::string body;
        std::vector<std::pair<std::string, std::string>> headers;
    };
    struct Call {
        std::string operation, key, body, mark;
        std::map<std::string, std::string> query;
        std::string range;
        bool if_absent = false;
    };

    static io::Task<io::Endpoint> start(FakeS3& self) {
        auto listener = io::Executor::current().network().listen({"127.0.0.1", 0});
        http::Handler handler = [&self](http::Exchange& exchange) {
            return handle(self, exchange);
        };
        self.server_ = std::make_unique<http::Server>(std::move(*listener), http::ServerOptions{},
                                                      std::move(handler));
        self.server_->start();
        co_return self.server_->local();
    }
    static io::Task<bool> stop(http::Server& server) {
        co_await server.stop(io::deadline_in(kStall * 4));
        co_return true;
    }

    static io::Task<Result<void>> handle(FakeS3& self, http::Exchange& exchange) {
        CO_TRY(std::string body, co_await exchange.read_all(1 << 24));
        Call call = self.understand(exchange.request(), std::move(body));
        const Fault fault = self.fault_for(call.operation);
        if (fault == Fault::stalls) co_await io::sleep_for(kStall);
        if (fault == Fault::stalls || fault == Fault::nonsense)
            co_return fail(Code::unavailable, "On purpose.");
        const Reply reply = self.carry_out(call, fault);
        if (fault == Fault::lost) co_return fail(Code::unavailable, "On purpose.");
        http::ResponseHead head;
        head.status = reply.status;
        for (const auto& [name, value] : reply.headers) head.add(name, value);
        if (fault != Fault::cut || reply.body.empty() || call.operation == "head")
            co_return co_await exchange.respond(std::move(head), reply.body);
        CO_TRY_VOID(co_await exchange.start(std::move(head), reply.body.size()));
        const std::string half = reply.body.substr(0, reply.body.size() / 2);
        CO_TRY_VOID(co_await exchange.write(half));
        co_return fail(Code::unavailable, "On purpose.");
    }

    Call understand(const http::RequestHead& head, std::string body) {
        const std::lock_guard lock(mutex_);
        Call call;
        call.body = std::move(body);
        check_signature(head, call.body);
        std::string_view query = head.query;
        while (!query.empty()) {
            const std::string_view pair = query.substr(0, query.find('&'));
            query.remove_prefix(std::min(query.size(), pair.size() + 1));
            const std::size_t is = pair.find('=');
            call.query[std::string(pair.substr(0, is))] = *percent_decode(pair.substr(is + 1));
        }
        const std::string base = std::string("/") + kBucket;
        const std::string path = *percent_decode(head.path);
        if (path.starts_with(base + "/")) call.key = path.substr(base.size() + 1);
        call.mark = head.headers.find("x-amz-meta-domicile-put").value_or("");
        call.range = head.headers.find("range").value_or("");
        call.if_absent = head.headers.find("if-none-match") == "*";
        call.operation = name_of(head.method, call);
        return call;
    }
    static std::string name_of(std::string_view method, const Call& call) {
        const bool upload = call.query.contains("uploadId");
        if (method == "PUT") return upload ? "part" : "put";
        if (method == "POST") return upload ? "complete" : "create";
        if (method == "DELETE") return upload ? "abort" : "remove";
        if (method == "HEAD") return "head";
        return call.key.empty() ? "list" : "get";
    }
    void check_signature(const http::RequestHead& head, const std::string& body) {
        crypto::SigV4Request request;
        request.method = head.method;
        request.path = head.path;
        request.query = head.query;
        for (const http::Header& header : head.headers)
            request.headers.emplace_back(header.name, header.value);
        request.payload_hash = head.headers.find("x-amz-content-sha256").value_or("");
        if (request.payload_hash != to_hex(crypto::sha256(body))) problems_ += "payload hash; ";
        const auto said =
            crypto::parse_authorization(head.headers.find("authorization").value_or(""));
        if (!said || said->region != "eu-central-1" || said->service != "s3" ||
            !crypto::verify_signature(*said, request, kSecret))
            problems_ += "signature; ";
    }
    Fault fault_for(const std::string& operation) {
        const std::lock_guard lock(mutex_);
        ++counts_[operation];
        return plan_ ? plan_(operation, number_++) : Fault::none;
    }

    static Reply error(int status, const std::string& code) {
        return {status, "<?xml version=\"1.0\"?>\n<Error><Code>" + code + "</Code></Error>", {}};
    }
    Reply carry_out(const Call& call, Fault fault) {
        const std::lock_guard lock(mutex_);
        if (fault == Fault::busy) return error(503, "SlowDown");
        if (fault == Fault::refused) return error(403, "AccessDenied");
        if (fault == Fault::late_error) return error(200, "InvalidPart");
        if (fault == Fault::late_busy) return error(200, "InternalError");
        if (call.operation == "put") return put(call);
        if (call.operation == "create") return create(call);
        if (call.operation == "list") return list(call);
        if (call.operation == "get" || call.operation == "head") return get(call);
        if (call.operation == "remove") {
            objects_.erase(call.key);
            return {204, "", {}};
        }
        const auto upload = uploads_.find(call.query.at("uploadId"));
        if (upload == uploads_.end()) return error(404, "NoSuchUpload");
        if (call.operation == "part") return part(call, upload->second);
        if (call.operation == "complete") return complete(call, upload);
        uploads_.erase(upload);
        return {204, "", {}};
    }
    Reply put(const Call& call) {
        if (call.if_absent && objects_.contains(call.key)) return error(412, "PreconditionFailed");
        objects_[call.key] = {call.body, call.mark};
        return {200, "", {{"ETag", "\"one\""}}};
    }
    Reply create(const Call& call) {
        const std::string id = "up/load=" + std::to_string(++last_upload_);
        uploads_[id] = {call.key, call.mark, {}};
        return {200,
                "<InitiateMultipartUploadResult><UploadId>" + id +
                    "</UploadId></InitiateMultipartUploadResult>",
                {}};
    }
    Reply part(const Call& call, Upload& upload) {
        const int number = std::stoi(call.query.at("partNumber"));
        upload.parts[number] = call.body;
        most_parts_ = std::max(most_parts_, upload.parts.size());
        return {200, "", {{"ETag", "\"<part>&" + std::to_string(number) + "\""}}};
    }
    Reply complete(const Call& call, std::map<std::string, Upload>::iterator upload) {
        const auto root = parse_xml(call.body);
        if (!root) return error(400, "MalformedXML");
        Object object{"", upload->second.mark};
        for (const XmlElement& element : root->children) {
            const std::string number(element.text_of("PartNumber"));
            const auto found = upload->second.parts.find(std::stoi(number));
            if (found == upload->second.parts.end() ||
                element.text_of("ETag") != "\"<part>&" + number + "\"")
                return error(400, "InvalidPart");
            object.body += found->second;
        }
        if (call.if_absent && objects_.contains(upload->second.key))
            return error(412, "PreconditionFailed");
        objects_[upload->second.key] = std::move(object);
        uploads_.erase(upload);
        return {200,
                "\n   \n<?xml version=\"1.0\"?><CompleteMultipartUploadResult "
                "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>",
                {}};
    }
    Reply get(const Call& call) {
        const auto found = objects_.find(call.key);
        if (found == objects_.end()) return error(404, call.operation == "head" ? "" : "NoSuchKey");
        Reply reply{200,
                    found->second.body,
                    {{"Last-Modified", to_http_date(kModified)},
                     {"ETag", "\"one\""},
                     {"x-amz-meta-domicile-put", found->second.mark}}};
        if (call.range.empty()) return reply;
        const std::size_t dash = call.range.find('-');
        const std::uint64_t size = reply.body.size();
        const std::uint64_t first = std::stoull(call.range.substr(6, dash - 6));
        if (first >= size) return error(416, "InvalidRange");
        const std::string end = call.range.substr(dash + 1);
        const std::uint64_t last =
            end.empty() ? size - 1 : std::min<std::uint64_t>(std::stoull(end), size - 1);
        reply.status = 206;
        reply.body = reply.body.substr(first, last - first + 1);
        reply.headers.emplace_back("Content-Range", "bytes " + std::to_string(first) + "-" +
                                                        std::to_string(last) + "/" +
                                                        std::to_string(size));
        return reply;
    }
    // Never more than three at a time, whatever was asked for.
    Reply list(const Call& call) {
        const auto after = call.query.find("start-after");
        const std::string prefix = call.query.at("prefix");
        const std::size_t most = std::min<std::size_t>(3, std::stoull(call.query.at("max-keys")));
        std::string entries;
        std::size_t count = 0;
        bool more = false;
        for (const auto& [key, object] : objects_) {
            if (!key.starts_with(prefix)) continue;
            if (after != call.query.end() && key <= after->second) continue;
            more = count == most;
            if (more) break;
            ++count;
            entries += "<Contents><Key>" + percent_encode(key, true) + "</Key><LastModified>" +
                       to_rfc3339(kModified) + "</LastModified><Size>" +
                       std::to_string(object.body.size()) + "</Size></Contents>";
        }
        return {200,
                "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                "<EncodingType>url</EncodingType><IsTruncated>" +
                    std::string(more ? "true" : "false") + "</IsTruncated>" + entries +
                    "</ListBucketResult>",
                {}};
    }

    static constexpr Timestamp kModified{1'795'608'000'000};

    const Plan plan_;
    Loop loop_;
    io::Endpoint endpoint_;
    std::unique_ptr<http::Server> server_;
    mutable std::mutex mutex_;  // of all below
    std::map<std::string, Object> objects_;
    std::map<std::string, Upload> uploads_;
    std::map<std::string, int> counts_;
    std::string problems_;
    std::size_t most_parts_ = 0;
    int last_upload_ = 0;
    int number_ = 0;
};

}  // namespace domicile::blob::testing
