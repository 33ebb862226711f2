// The typed model of the one configuration file. It lives in one pure module so that what spans
// sections (a route to a function, a region in a jurisdiction) is checked in one place, before
// anything starts. Each part of the program takes its section's struct as its options.
//
// Keys, bounds, defaults and documentation are written once, in sections*.cc; the parser, the check
// for unknown keys, docs/config.md and docs/domicile.schema.json come from there.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "config/authorizer.h"
#include "config/budget.h"
#include "config/directory.h"
#include "config/function.h"
#include "config/mail.h"
#include "config/named.h"
#include "config/parameter.h"
#include "config/pool.h"
#include "config/region.h"
#include "config/route.h"
#include "config/site.h"
#include "config/table.h"
#include "residency/residency.h"

namespace domicile::config {

// own: https://idp.<region>.<domain>/<pool id>. aws:
// https://cognito-idp.<region>.amazonaws.com/<pool id>.
enum class IssuerStyle : std::uint8_t { own, aws };

struct Limits {
    std::int64_t body_bytes_max = 10 << 20;
    std::int64_t header_bytes_max = 32768;
    std::int64_t head_timeout_ms = 10'000;  // from the first byte of a head to its end
    std::int64_t body_timeout_ms = 30'000;  // between two pieces of a body
    AddressLimits addresses;
};

// How a region stops: first /readyz says 503 while requests are still taken, so that load balancers
// and DNS turn away; then nothing new is accepted, and requests under way have until the deadline.
struct Shutdown {
    std::int64_t delay_ms = 0;
    std::int64_t deadline_ms = 5'000;  // after the delay
};

struct Log {
    log::Level level = log::Level::info;
    bool requests = true;  // a line for each
    std::int64_t file_bytes_max = 256 << 20;
};

struct Traces {
    std::optional<UpstreamUrl> collector;
    double sample_ratio = 0.01;
};

struct Config {
    std::string domain = "domicile.localhost";
    Endpoint listen = {"127.0.0.1", 8443};  // the one public port
    IssuerStyle issuer = IssuerStyle::own;
    std::string data_directory = "./data";  // relative to the working directory
    NamedList<Jurisdiction> jurisdictions;
    NamedList<Region> regions;
    Directory directory;
    NamedList<Pool> pools;
    NamedList<Table> tables;
    NamedList<Function> functions;
    NamedList<Parameter> parameters;
    NamedList<Upstream> upstreams;
    NamedList<Authorizer> authorizers;
    NamedList<UsagePlan> usage_plans;
    NamedList<ApiKey> api_keys;
    std::vector<Route> routes;
    NamedList<Site> sites;
    Mail mail;
    Limits limits;
    Shutdown shutdown;
    Log log;
    Traces traces;
    int reactors = 1;  // per region process
};

struct Problem {
    std::string file;
    int line = 0;      // from 1; 0 if it is about the file as a whole
    int column = 0;    // from 1, in bytes
    std::string path;  // "pools.health.clients.web.id", "routes[0].function"
    std::string message;
    std::string hint;  // what to do; may be empty
    int end_line = 0;  // just behind the word that the problem is about
    int end_column = 0;
    bool is_warning = false;  // the file can be used all the same
};

struct Loaded {
    Config config;                  // meaningful only without problems
    std::vector<Problem> problems;  // in the order of the file
    std::vector<Problem> warnings;  // likewise: what is given up by what it says
};

inline constexpr std::size_t kFileBytesMax = 1 << 20;

// Pure: `text` is the file's content, `file_name` is only for the problems. Finds every problem at
// once.
// `read` gives the content of another file that it names (an OpenAPI document), by the name that
// stands there.
using ReadFile = std::function<Result<std::string>(const std::string& name)>;
Loaded load(std::string_view file_name, std::string_view text, const ReadFile& read = {});

// "file:line:column: message", then "  hint: ..." on a line of its own if there is one. No final
// newline.
std::string format(const Problem& problem);

// "file:line:column: error: path: message (hint)", or "warning", as compilers print and editors
// parse; one line.
std::string format_line(const Problem& problem);
// {"file", "problems": [{"line", "column", "end_line", "end_column", "severity", "path", "message",
// "hint"}]}; lines and columns from 1, left out where the problem is about the file as a whole.
std::string format_json(std::string_view file_name, const std::vector<Problem>& problems);

// For a config without problems. Aborts otherwise: load() checks all that Policy::build refuses.
residency::Policy make_policy(const Config& config);

// docs/config.md and docs/domicile.schema.json, generated. Tests compare them.
std::string reference();
std::string schema();

}  // namespace domicile::config
