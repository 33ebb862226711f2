#include "server/etcd_members.h"

#include <signal.h>

#include "server/etcd_users.h"

namespace domicile::server {
namespace {

constexpr Millis kStartPatience{60'000};
constexpr Millis kPause{50};  // between two questions
constexpr char kInstall[] =
    "etcd is not installed. On Debian: apt-get install etcd-server. Without --engines distributed "
    "nothing needs it.";

std::string name_of(std::size_t member) { return "etcd-" + std::to_string(member); }

std::string url(std::uint16_t port) { return "https://127.0.0.1:" + std::to_string(port); }

std::vector<std::string> command_of(const Deployment& deployment, const std::string& program,
                                    std::size_t member) {
    const std::vector<LocalEngines::Member>& all = deployment.engines.etcd;
    std::string cluster;
    for (std::size_t i = 0; i < all.size(); ++i)
        cluster += (i == 0 ? "" : ",") + name_of(i) + "=" + url(all[i].peers);
    const std::string clients = url(all[member].clients), peers = url(all[member].peers);
    const std::string certificate = deployment.engine_file("etcd.pem");
    const std::string key = deployment.engine_file("etcd.key");
    const std::string authority = deployment.data + "/ca/engines_ca.pem";
    return {program,
            "--name=" + name_of(member),
            "--data-dir=" + deployment.engine_file(name_of(member)) + "/data",
            "--listen-client-urls=" + clients,
            "--advertise-client-urls=" + clients,
            "--listen-peer-urls=" + peers,
            "--initial-advertise-peer-urls=" + peers,
            "--initial-cluster=" + cluster,
            "--initial-cluster-token=" + deployment.data,
            "--client-cert-auth",
            "--cert-file=" + certificate,
            "--key-file=" + key,
            "--trusted-ca-file=" + authority,
            "--peer-client-cert-auth",
            "--peer-cert-file=" + certificate,
            "--peer-key-file=" + key,
            "--peer-trusted-ca-file=" + authority,
            "--logger=zap",
            "--log-outputs=stderr"};
}

Supervised::Options options_of(const Deployment& deployment, const std::string& program,
                               std::size_t member, const std::optional<io::User>& user) {
    Supervised::Options out;
    out.name = "etcd member " + std::to_string(member);
    out.pid_file = deployment.engine_file(name_of(member) + ".pid");
    out.stop_signal = SIGTERM;
    out.process.command = command_of(deployment, program, member);
    out.process.directory = deployment.engine_file(name_of(member));
    out.process.output_file = deployment.engine_file(name_of(member) + ".log");
    out.process.user = user;
#if defined(__aarch64__)
    // Debian's 3.4 refuses to start there unless told that its user knows what upstream tests.
    out.process.environment.emplace_back("ETCD_UNSUPPORTED_ARCH", "arm64");
#endif
    return out;
}

}  // namespace

Result<std::unique_ptr<EtcdMembers>> EtcdMembers::make(io::Files& files,
                                                       const Deployment& deployment,
                                                       std::optional<io::User> user) {
    const auto program = io::find_program("etcd");
    if (!program) return fail(Code::failed_precondition, kInstall);
    auto out = std::unique_ptr<EtcdMembers>(new EtcdMembers(deployment));
    for (std::size_t i = 0; i < deployment.engines.etcd.size(); ++i) {
        const std::string folder = deployment.engine_file(name_of(i));
        TRY_VOID(files.create_directories(folder));
        if (user) TRY_VOID(io::hand_over(folder, *user));
        out->members_.push_back(
            std::make_unique<Supervised>(options_of(deployment, *program, i, user)));
    }
    if (user) TRY_VOID(io::hand_over(deployment.engine_file("etcd.key"), *user));
    return out;
}

io::Task<Result<void>> EtcdMembers::start() {
    for (const auto& member : members_) CO_TRY_VOID(co_await member->start());
    co_return co_await become_ready(io::deadline_in(kStartPatience));
}

// So many have died that there can be no majority: no use in waiting for it.
bool EtcdMembers::is_lost() const {
    const auto dead = std::count_if(members_.begin(), members_.end(), [](const auto& member) {
        return member->pid() == 0 && member->deaths() > 0;
    });
    return static_cast<std::size_t>(dead) * 2 > members_.size();
}

io::Task<Result<void>> EtcdMembers::become_ready(Instant deadline) {
    for (;;) {
        const Result<void> done = co_await set_up_etcd_users(deployment_);
        if (done) co_return done;
        const bool late = io::deadline_in(kPause) >= deadline;
        if (is_lost() || late || done.error().code != Code::unavailable)
            co_return fail(Code::unavailable,
                           "The etcd cluster did not start: " + done.error().message +
                               " Its logs: " + deployment_.engine_file("etcd-*.log"));
        co_await io::sleep_for(kPause);
    }
}

// One after the other: a leader hands over to another member first, and waits in vain for one that
// is ending, too.
io::Task<void> EtcdMembers::stop(bool graceful) {
    for (const auto& member : members_) co_await member->stop(graceful);
}

}  // namespace domicile::server
