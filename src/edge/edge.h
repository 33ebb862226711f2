// Host dispatch and static sites.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "http/server.h"
#include "io/files.h"
#include "telemetry/registry.h"

namespace domicile::edge {

// Dispatches by the Host of the request; 421 for a name that nobody answers to.
class Edge {
  public:
    // `name` in lower case, without a port.
    void add(std::string name, http::Handler handler);
    // Before it is used: what requests for names that nobody answers to are counted under.
    void report_to(telemetry::Registry& registry);
    io::Task<Result<void>> handle(http::Exchange& exchange) const;

  private:
    io::Task<Result<void>> answer_unknown(http::Exchange& exchange) const;

    std::map<std::string, http::Handler, std::less<>> handlers_;
    const telemetry::Route* unknown_ = nullptr;
};

struct SiteOptions {
    std::string directory;
    std::string fallback;        // file served for unknown paths without an extension; "" for none
    std::string content_policy;  // Content-Security-Policy of HTML pages
    std::map<std::string, std::string>
        documents;  // path -> JSON made by the program, such as /domicile.json
    const telemetry::Route* report = nullptr;  // what its requests are counted under
};

// Static files: GET and HEAD; strong ETags from size and time of change; one byte range; the .br
// and .gz files beside the original when the client takes them; hashed names under /assets/ cached
// for a year, everything else revalidated.
class Site {
  public:
    Site(SiteOptions options, io::Files& files);
    io::Task<Result<void>> handle(http::Exchange& exchange);

  private:
    struct Found;
    struct ByteRange;
    static Result<Found> open(io::Files& files, const SiteOptions& options, std::string path,
                              std::string accept_encoding);
    static std::optional<ByteRange> requested_range(const http::RequestHead& request,
                                                    const Found& found);
    // On the blocking pool.
    io::Task<Result<std::shared_ptr<Found>>> open_soon(std::string path, std::string codings);
    static io::Task<Result<std::size_t>> read_soon(std::shared_ptr<Found> found,
                                                   std::shared_ptr<std::string> buffer,
                                                   std::uint64_t at);
    io::Task<Result<void>> send(http::Exchange& exchange, std::shared_ptr<Found> found);

    SiteOptions options_;
    io::Files& files_;
};

}  // namespace domicile::edge
