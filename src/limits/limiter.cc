#include "limits/limiter.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace domicile::limits {
namespace {

constexpr std::size_t kSecretBytes = 32;
// A site has a /48 of IPv6, or a /56 of one (RFC 6177): with it, thousands of /64s to come from. It
// may do as much as some subscribers together.
constexpr int kSiteBitsV6 = 48;
constexpr int kSubscribersOfSite = 16;
constexpr double kMillisOfHour = 3'600'000;

Rule rule_of(const config::Budget& budget, int times) {
    const double each = kMillisOfHour / budget.forgiven_per_hour / times;
    return {budget.free * times, Millis(std::max<std::int64_t>(1, std::llround(each))),
            Seconds(budget.first_delay_seconds), Seconds(budget.delay_seconds_max)};
}

bool is_exempt(const config::AddressLimits& limits, const IpAddress& address) {
    return std::ranges::any_of(limits.exempt, [&](const std::string& text) {
        const auto network = parse_ip_network(text);
        return network && network->contains(address);
    });
}

std::string_view view_of(const IpAddress& address) {
    return {reinterpret_cast<const char*>(address.bytes.data()), address.bytes.size()};
}

const config::Client* find_client(const config::Config& config, std::string_view id) {
    for (const config::Pool& pool : config.pools) {
        if (const config::Client* client = pool.find_client(id)) return client;
    }
    return nullptr;
}

template <class E>
std::string_view word_of(E value) {
    return label_values(value)[static_cast<std::size_t>(value)];
}

std::int64_t seconds_up(Millis time) {
    return std::max<std::int64_t>(1, (time.count() + 999) / 1000);
}

}  // namespace

Permit::Permit(Permit&& other) noexcept
    : limiter_(std::exchange(other.limiter_, nullptr)),
      kind_(other.kind_),
      entered_(std::move(other.entered_)),
      counts_(other.counts_) {}

Permit& Permit::operator=(Permit&& other) noexcept {
    if (this == &other) return *this;
    leave();
    limiter_ = std::exchange(other.limiter_, nullptr);
    kind_ = other.kind_;
    entered_ = std::move(other.entered_);
    counts_ = other.counts_;
    return *this;
}

void Permit::leave() {
    if (limiter_ == nullptr) return;
    const Instant now = limiter_->p_.clock.monotonic();
    for (const Entry& entry : entered_) {
        limiter_->table_.leave(entry.key, entry.rule, counts_, now);
    }
    if (counts_ == Table::Counts::yes && !entered_.empty()) limiter_->counted_.add(kind_);
    limiter_ = nullptr;
}

Limiter::Limiter(Parts parts) : p_(parts), table_(p_.random.bytes(kSecretBytes), p_.counters) {}

void Limiter::report_to(telemetry::Registry& registry) {
    registry.add("domicile_limits_counted_total",
                 "Wrong guesses, and requests without proof, that count against who made them.",
                 counted_, {"kind"});
    registry.add("domicile_limits_refused_total",
                 "Requests that were refused because of what was counted before.", refused_,
                 {"by", "kind"});
    registry.add_counter("domicile_limits_pushed_out_total",
                         "Counts that were forgotten to make room for others.",
                         [this] { return static_cast<double>(table_.pushed_out()); });
}

Permit::Entry Limiter::entry(Kind kind, By by, std::string_view whom, const config::Budget& budget,
                             int times) const {
    std::string text;
    text += static_cast<char>(kind);
    text += static_cast<char>(by);
    text += static_cast<char>(times);
    text += whom;
    return {table_.key_of(text), rule_of(budget, times), by};
}

std::vector<Permit::Entry> Limiter::entries_of(Kind kind, const std::string& address,
                                               const std::string& client_id) const {
    const config::Config& config = p_.config;
    const config::AddressLimits& limits = config.limits.addresses;
    std::vector<Permit::Entry> out;
    const auto from = parse_ip(address);
    if (from && !is_exempt(limits, *from)) {
        const config::Budget& budget = kind == Kind::guess ? limits.guesses : limits.requests;
        const IpAddress one = from->is_v4() ? *from : from->first(kSubscriberBitsV6);
        out.push_back(entry(kind, By::address, view_of(one), budget, 1));
        if (!from->is_v4()) {
            const IpAddress site = from->first(kSiteBitsV6);
            out.push_back(entry(kind, By::address, view_of(site), budget, kSubscribersOfSite));
        }
    }
    const config::Client* client = find_client(config, client_id);
    if (client == nullptr || !client->limits) return out;
    const auto& budget = kind == Kind::guess ? client->limits->guesses : client->limits->requests;
    if (budget) out.push_back(entry(kind, By::client, client->id, *budget, 1));
    return out;
}

io::Task<Result<Admission>> Limiter::begin(Kind kind, std::string address, std::string client_id) {
    Admission out;
    out.permit.limiter_ = this;
    out.permit.kind_ = kind;
    const Instant now = p_.clock.monotonic();
    bool begins = false;
    for (const Permit::Entry& entry : entries_of(kind, address, client_id)) {
        const auto wait = table_.enter(entry.key, entry.rule, now);
        if (wait) {
            out.refusal = Refusal{entry.by, seconds_up(wait->time)};
            begins = wait->begins;
            break;
        }
        out.permit.entered_.push_back(entry);
    }
    if (!out.refusal) co_return std::move(out);
    out.permit.spare();
    refused_.add(out.refusal->by, kind);
    if (begins) {
        audit::Event event{"limit_reached",
                           {{"by", word_of(out.refusal->by)}, {"kind", word_of(kind)}}};
        CO_TRY_VOID(co_await p_.audit.record(std::move(event)));
    }
    co_return std::move(out);
}

}  // namespace domicile::limits
