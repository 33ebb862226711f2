// Whom a request is counted for: the address that it came from, the site that this belongs to
// (IPv6), and the client that it names. Addresses are this region's own to know (I2): they become
// keyed hashes here, in the memory of this process. Where a request arrived judges it, also one
// that goes on to another home; what is counted of the person is counted there.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log.h"
#include "base/ip.h"
#include "base/live.h"
#include "config/config.h"
#include "io/clock.h"
#include "io/task.h"
#include "limits/table.h"
#include "telemetry/registry.h"

namespace domicile::limits {

// What a request is counted as: something that may be a wrong guess, which counts if it turns out
// to be one; something that costs us, or a mailbox, whoever asks.
enum class Kind : std::uint8_t { guess, request };
constexpr std::array<std::string_view, 2> label_values(Kind) { return {"guess", "request"}; }

enum class By : std::uint8_t { address, client };
constexpr std::array<std::string_view, 2> label_values(By) { return {"address", "client"}; }

struct Refusal {
    By by = By::address;
    std::int64_t retry_after_seconds = 1;  // at least 1
};

class Limiter;

// A request that was let through. It counts when this goes, also when its work was cut off, unless
// it is spared before.
class Permit {
  public:
    Permit() = default;  // of nobody
    Permit(Permit&& other) noexcept;
    Permit& operator=(Permit&& other) noexcept;
    ~Permit() { leave(); }

    // It does not count, and is over.
    void spare() {
        counts_ = Table::Counts::no;
        leave();
    }

  private:
    friend class Limiter;
    struct Entry {
        Table::Key key = 0;
        Rule rule;
        By by = By::address;
    };
    void leave();

    Limiter* limiter_ = nullptr;
    Kind kind_ = Kind::guess;
    std::vector<Entry> entered_;  // at most three
    Table::Counts counts_ = Table::Counts::yes;
};

struct Admission {
    std::optional<Refusal> refusal;
    Permit permit;  // of nobody where it is refused
};

class Limiter {
  public:
    // All outlive it, and it outlives its permits.
    struct Parts {
        Ref<config::Config> config;
        audit::Log& audit;
        io::Clock& clock;
        io::Random& random;
        std::size_t counters = Table::kCountersMax;
    };
    explicit Limiter(Parts parts);

    // `address` as the connection has it. That somebody begins to be refused is on record when it
    // returns; errors are those of the audit log. A client that is not configured has no limit.
    io::Task<Result<Admission>> begin(Kind kind, std::string address, std::string client_id);
    // Once, at start.
    void report_to(telemetry::Registry& registry);

  private:
    friend class Permit;
    std::vector<Permit::Entry> entries_of(Kind kind, const std::string& address,
                                          const std::string& client_id) const;
    Permit::Entry entry(Kind kind, By by, std::string_view whom, const config::Budget& budget,
                        int times) const;

    Parts p_;
    Table table_;
    telemetry::CounterBy<Kind> counted_;
    telemetry::CounterBy<By, Kind> refused_;
};

}  // namespace domicile::limits
