// The one module through which regions talk. Messages are typed and on an allow-list; each crossing
// is recorded at both ends without personal data (I6); payloads exist in memory only (I2). The
// transport is HTTP/1.1 over mutual TLS with pooled connections: POST /border/1/<type>, see
// docs/formats/border.md.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "audit/log.h"
#include "base/json.h"
#include "base/result.h"
#include "http/client.h"
#include "http/server.h"
#include "io/task.h"
#include "io/tls.h"
#include "telemetry/registry.h"

namespace domicile::border {

struct Peer {
    std::string region;
    io::Endpoint endpoint;
    // Its other nodes. They take turns; one that cannot be reached is passed over.
    std::vector<io::Endpoint> more = {};
};

struct Options {
    std::string region;  // own
    std::vector<Peer> peers;
    const io::TlsServer* server_tls = nullptr;  // requires certificates of the border CA
    const io::TlsClient* client_tls = nullptr;  // the own border certificate
    std::size_t message_bytes_max = 256 * 1024;
};

// The DNS name in a region's border certificate: "<region>.border".
std::string certificate_name(std::string_view region);

// Answers one type of message. `from` is the region that the peer's certificate names.
using MessageHandler =
    std::function<io::Task<Result<json::value>>(std::string from, json::value payload)>;
// Answers a streamed API call; the exchange is the border connection's, `from` as above.
using CallHandler = std::function<io::Task<Result<void>>(std::string from, http::Exchange&)>;

class Border {
  public:
    Border(Options options, audit::Log& log);
    ~Border();

    // The allow-list: a type without a handler is refused. Before serve() only.
    void handle(std::string type, MessageHandler handler);
    void handle_calls(CallHandler handler);  // type "api.call"

    // Request and response; an Error that the far handler returned comes back as it was.
    // unavailable (reason "region_down") when the region cannot be reached.
    io::Task<Result<json::value>> call(std::string region, std::string type, json::value payload,
                                       Instant deadline);
    // A streamed call: the head's method and target go as they are, with `extra` headers; the
    // caller reads the response. `route` is the template for the crossing record.
    io::Task<Result<std::unique_ptr<http::ClientResponse>>> forward(
        std::string region, std::string route, http::RequestHead head, http::BodySource& body,
        std::optional<std::uint64_t> length, Instant deadline,
        http::Cancellation* cancellation = nullptr);

    // For the border listener's http::Server, whose TLS requires client certificates.
    http::Handler handler();
    // Adds its metrics. Once, after all handlers were named.
    void report_to(telemetry::Registry& registry);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace domicile::border
