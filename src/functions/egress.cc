#include "functions/egress.h"

#include <map>

#include "base/encoding.h"
#include "base/log.h"
#include "io/files.h"

namespace domicile::functions {

Egress::~Egress() {
    if (hosts_file_.empty()) return;
    const Result<void> removed = io::system_files().remove(hosts_file_);
    if (!removed) log::warning("hosts_file_left", {{"file", hosts_file_}});
}

Result<void> Egress::relay(const io::Endpoint& at, const io::Endpoint& target) {
    std::unique_ptr<io::Listener> listener;
    {
        const io::NetworkNamespace::Visit visit(*network_);
        TRY(listener, io::Executor::current().network().listen(at));
    }
    relays_.push_back(std::make_unique<Relay>(std::move(listener), target));
    relays_.back()->start();
    return {};
}

Result<void> Egress::write_hosts(const std::string& text) {
    hosts_file_ = "/tmp/domicile-hosts-" + to_hex(io::Executor::current().random().bytes(16));
    TRY(const auto file, io::system_files().create(hosts_file_));
    return file->append(text);
}

// Each name has an address of its own, 127.0.1.n: two names may have the same port.
Result<std::unique_ptr<Egress>> Egress::create(const io::Endpoint& region,
                                               const std::vector<std::string>& allowed) {
    TRY(auto network, io::NetworkNamespace::create());
    std::unique_ptr<Egress> out(new Egress(std::move(network)));
    TRY_VOID(out->relay(region, region));
    std::map<std::string, std::string> addresses;
    std::string hosts = "127.0.0.1 localhost\n";
    for (const std::string& text : allowed) {
        TRY(const io::Endpoint target, io::parse_endpoint(text));
        std::string& address = addresses[target.host];
        if (address.empty()) {
            address = "127.0.1." + std::to_string(addresses.size());
            hosts += address + ' ' + target.host + '\n';
        }
        TRY_VOID(out->relay({address, target.port}, target));
    }
    TRY_VOID(out->write_hosts(hosts));
    return out;
}

std::uint64_t Egress::take_refused() {
    const std::uint64_t all = network_->refused();
    return all - std::exchange(refused_, all);
}

io::Task<void> Egress::stop(Instant deadline) {
    for (const auto& relay : relays_) co_await relay->stop(deadline);
}

}  // namespace domicile::functions
