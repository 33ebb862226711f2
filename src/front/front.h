// The front of `domicile up`: TLS passthrough by server name, PROXY protocol v2 towards the
// regions. The nodes of a region take turns; a connection that a node ends without a byte of an
// answer goes to the next one, since nothing but a TLS hello was said yet.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "http/server.h"
#include "io/network.h"

namespace domicile::front {

struct Backend {
    std::string region;
    io::Endpoint endpoint;  // the TLS port of one of its nodes
    // Whether it takes new connections now; those that do not are tried last. Empty: it does.
    std::function<bool()> takes = {};
};

struct Options {
    std::string domain;
    std::vector<Backend> regions;
    io::Endpoint control;  // where front.<domain> is answered (expects a PROXY header)
    std::size_t connections_max = 10'000;
    Millis hello_timeout{10'000};
    Millis idle_timeout{300'000};
};

// Where the person says they are; the front plays geo DNS from it.
class Whereabouts {
  public:
    // Regions for a global name, best first; from residency::order_candidates.
    using Order =
        std::function<std::vector<std::string>(const std::optional<std::string>& country)>;
    explicit Whereabouts(Order order) : order_(std::move(order)) {}
    void set_country(std::optional<std::string> country) { country_ = std::move(country); }
    const std::optional<std::string>& country() const { return country_; }
    std::vector<std::string> candidates() const { return order_(country_); }

  private:
    Order order_;
    std::optional<std::string> country_;
};

class Front {
  public:
    Front(Options options, Whereabouts& whereabouts);
    ~Front();
    // Accepts until the listener is closed.
    io::Task<void> run(io::Listener& listener);

    // Ends the connections of global names, so that clients connect anew to where they now belong.
    void disconnect_global();

    // Waits for the connections that are carried still; true when none is left at the deadline.
    io::Task<bool> drain(Instant deadline) { return connections_.drain(deadline); }

    // Ends every connection, at once.
    void disconnect_all();

    // The region that a host name belongs to by itself ("idp.eu-central-1.<domain>"); nullopt for a
    // global name, not_found for a name that is not ours.
    Result<std::optional<std::string>> region_of(const std::string& host) const;

  private:
    io::Task<void> keep(std::unique_ptr<io::Stream> client);
    io::Task<void> carry(io::Stream& client);
    // Where the connection of a host name may go, best first.
    Result<std::vector<io::Endpoint>> ways(const std::string& host);
    void add_nodes(const std::string& region, std::vector<io::Endpoint>& out);
    struct Begun {
        std::unique_ptr<io::Stream> stream;
        std::string first;  // bytes of the answer
    };
    io::Task<Result<Begun>> begin(std::string host, std::string_view head, std::string_view hello);
    Options options_;
    Whereabouts& whereabouts_;
    std::size_t turn_ = 0;           // nodes of a region take turns
    std::set<io::Stream*> clients_;  // all that are carried
    std::set<io::Stream*> global_;   // those of global names
    io::TaskGroup connections_;
};

}  // namespace domicile::front
