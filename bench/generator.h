// A closed loop of HTTP/1.1 clients in one epoll thread: each connection sends a request, waits for
// the whole response and sends the next. It may be the upstream as well, so that on two cores the
// program under test has one to itself and two processes of ours never fight for the other.
//
// The first fifth of the time warms up and is not counted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace domicile::bench {

// What is asked, and what is to come of it. One unit of work may take several requests.
class Workload {
  public:
    virtual ~Workload() = default;
    // The next request of this connection, head and body. Valid until the next call for it.
    virtual std::string_view request(std::size_t connection) = 0;
    enum class Outcome : std::uint8_t { more, unit, wrong };
    virtual Outcome response(std::size_t connection, int status, std::string_view body) = 0;
};

// The same request for ever; anything but 200 is wrong.
class SameRequest final : public Workload {
  public:
    explicit SameRequest(std::string request) : request_(std::move(request)) {}
    std::string_view request(std::size_t) override { return request_; }
    Outcome response(std::size_t, int status, std::string_view) override {
        return status == 200 ? Outcome::unit : Outcome::wrong;
    }

  private:
    std::string request_;
};

struct LoopOptions {
    int port = 0;
    int upstream_port = 0;  // 0: none
    std::size_t connections = 64;
    double seconds = 3;
    std::string tls_name;         // server name; empty: no TLS. Certificates are not checked
    bool proxy_protocol = false;  // a PROXY v2 header first
};

struct LoopResult {
    std::size_t units = 0;      // in the time that counts
    std::size_t all_units = 0;  // with the warm-up
    std::size_t errors = 0;
    double per_second = 0, p50_ms = 0, p99_ms = 0;
    double cpu_us = 0;  // of the other side for a unit, where it is known
    double busy = 0;    // the generator's own processor time, in parts of the time that passed
};

LoopResult run_loop(const LoopOptions& options, Workload& workload);
// One request on each connection, one after the other; they stay open until the process ends. How
// many got their answer.
std::size_t open_idle(const LoopOptions& options, Workload& workload);
// One JSON object on standard output; the exit status of the program.
int print(const LoopResult& result);

// "--name value" pairs; the program ends with its usage when a name is unknown.
class Options {
  public:
    Options(int argc, char** argv, std::string_view known);
    std::string text(std::string_view name, std::string_view otherwise = {}) const;
    double number(std::string_view name, double otherwise) const;
    bool has(std::string_view name) const;
    LoopOptions loop() const;  // --port --upstream --connections --seconds --tls --proxy-protocol

  private:
    int argc_;
    char** argv_;
};
inline constexpr std::string_view kLoopOptions =
    " --port --upstream --connections --seconds --tls --proxy-protocol ";

}  // namespace domicile::bench
