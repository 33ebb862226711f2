// Claims on an etcd cluster, against the bare transaction that they are; and how long a change
// takes to every region.
//
//   bench_etcd --what claim|bare|visible --endpoints PORT,PORT,PORT [--concurrency N]
//              [--seconds S] [--rate N] [--prefix P]
//
// claim    Directory::claim of two keys (an e-mail and a sub) over kv's etcd store
// bare     a POST of the same transaction, its text put together by hand, to the same gateway over
//          the same HTTP client; the answer is read and not looked at
// visible  --rate activations a second, each of a claim made before; from sending it until the
//          copies of three regions, each with its own watch, have the home
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/check.h"
#include "base/encoding.h"
#include "directory/directory.h"
#include "directory/homes.h"
#include "directory/record.h"
#include "generator.h"
#include "http/client.h"
#include "io/runtime.h"
#include "kv/etcd.h"
#include "kv/watched.h"

namespace domicile::bench {
namespace {

using Clock = std::chrono::steady_clock;

const std::vector<std::string> kRegions = {"ap-southeast-2", "eu-central-1", "us-east-2"};
constexpr Millis kDeadline{10'000};

struct Run {
    double seconds = 2;
    std::size_t concurrency = 1;
    double rate = 100;
    std::vector<io::Endpoint> endpoints;
    std::string prefix;  // of this run
};

double ms_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Report {
    std::vector<double> ms;
    std::size_t errors = 0;
    double seconds = 0;

    double at(double part) const {
        if (ms.empty()) return 0;
        return ms[std::min(ms.size() - 1,
                           static_cast<std::size_t>(static_cast<double>(ms.size()) * part))];
    }
    void print() {
        std::ranges::sort(ms);
        std::printf(
            "{\"per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f, "
            "\"errors\": %zu}\n",
            static_cast<double>(ms.size()) / seconds, at(0.5), at(0.99), ms.empty() ? 0 : ms.back(),
            errors);
    }
};

std::string fresh(std::size_t bytes) { return io::system_random().bytes(bytes); }

kv::EtcdOptions etcd_options(const Run& run) {
    kv::EtcdOptions out;
    out.endpoints = run.endpoints;
    out.prefix = run.prefix;
    return out;
}

directory::Options directory_options() {
    directory::Options out;
    out.region = kRegions[1];
    out.regions = kRegions;
    out.pepper.key = std::string(32, 'p');
    return out;
}

// ---- One after the other, on each of so many coroutines ----------------------------------------

using Step = std::function<io::Task<bool>()>;

io::Task<void> repeat(const Step& step, const Run& run, Clock::time_point start, Report& report) {
    const auto seconds = [&] { return ms_since(start) / 1000; };
    while (seconds() < run.seconds) {
        const auto begun = Clock::now();
        const bool counted = seconds() > run.seconds / 5;
        const bool good = co_await step();
        if (!good) ++report.errors;
        if (good && counted) report.ms.push_back(ms_since(begun));
    }
}

io::Task<void> measure(const Step& step, const Run& run, Report& report) {
    io::TaskGroup group;
    const auto start = Clock::now();
    for (std::size_t i = 0; i < run.concurrency; ++i) group.spawn(repeat(step, run, start, report));
    const Instant end =
        io::deadline_in(Millis(static_cast<std::int64_t>(run.seconds * 1000) + 20'000));
    (void)co_await group.drain(end);
    report.seconds = ms_since(start) / 1000 - run.seconds / 5;
}

io::Task<bool> claim_once(directory::Directory& directory) {
    directory::ClaimRequest request;
    for (int i = 0; i < 2; ++i) request.keys.push_back({fresh(directory::kSubjectKeyBytes)});
    request.claim_id = fresh(directory::kClaimIdBytes);
    const auto done = co_await directory.claim(std::move(request));
    co_return done.has_value();
}

io::Task<void> claims(const Run& run, Report& report) {
    auto store = kv::open_etcd_store(etcd_options(run));
    DOMICILE_CHECK(store.has_value());
    directory::Directory directory(**store, io::system_clock(), directory_options());
    const Step step = [&directory] { return claim_once(directory); };
    co_await measure(step, run, report);
    co_await (*store)->stop();
}

// The transaction of a claim, as text.
std::string bare_text(const std::string& prefix) {
    std::string compares, puts, reads;
    const auto add = [&](const std::string& key, bool put) {
        const std::string place = "{\"key\":\"" + to_base64(prefix + key) + "\"";
        const std::string comma = compares.empty() ? "" : ",";
        compares += comma + place + R"(,"target":"VERSION","result":"EQUAL","version":"0"})";
        reads += comma + R"({"request_range":)" + place + "}}";
        if (put)
            puts += comma + R"({"request_put":)" + place + ",\"value\":\"" +
                    to_base64(std::string(47, 'v')) + "\"}}";
    };
    add("k/" + fresh(16), true);
    add("k/" + fresh(16), true);
    add("f/" + fresh(16), false);
    return R"({"compare":[)" + compares + R"(],"success":[)" + puts + R"(],"failure":[)" + reads +
           "]}";
}

io::Task<bool> post_once(http::Client& client, const Run& run) {
    const std::string body = bare_text(run.prefix);
    http::RequestHead head;
    head.method = "POST";
    head.target = "/v3/kv/txn";
    http::Target target{run.endpoints[0]};
    const Instant deadline = io::deadline_in(kDeadline);
    auto response = co_await client.send(std::move(target), head, body, deadline);
    if (!response) co_return false;
    const auto text = co_await (*response)->read_all(1 << 20);
    co_return text.has_value() && (*response)->status() == 200;
}

io::Task<void> bare(const Run& run, Report& report) {
    http::Client client;
    const Step step = [&] { return post_once(client, run); };
    co_await measure(step, run, report);
}

// ---- Until every region has it -----------------------------------------------------------------

// When each of the regions' copies was told of a home.
class Arrivals {
  public:
    void expect(const std::string& store_key) {
        const std::lock_guard lock(mutex_);
        waiting_[store_key] = {Clock::now(), 0};
    }
    void arrived(const std::string& store_key) {
        const std::lock_guard lock(mutex_);
        const auto found = waiting_.find(store_key);
        if (found == waiting_.end() || ++found->second.regions < kRegions.size()) return;
        ms_.push_back(ms_since(found->second.begun));
        waiting_.erase(found);
    }
    std::size_t missing() const {
        const std::lock_guard lock(mutex_);
        return waiting_.size();
    }
    std::vector<double> take() {
        const std::lock_guard lock(mutex_);
        return std::move(ms_);
    }

  private:
    struct Waiting {
        Clock::time_point begun;
        std::size_t regions = 0;
    };
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Waiting> waiting_;
    std::vector<double> ms_;
};

class Watching final : public kv::Follower {
  public:
    explicit Watching(Arrivals& arrivals) : arrivals_(arrivals) {}
    void begin_reading() override { homes_.begin_reading(); }
    void entry(const kv::Entry& entry) override { homes_.entry(entry); }
    void end_reading() override { homes_.end_reading(); }
    void change(const kv::Change& change) override {
        homes_.change(change);
        const std::string& key = change.entry.key;
        if (!key.starts_with("k/") || !homes_.find(directory::KeyBits::of(key.substr(2)))) return;
        arrivals_.arrived(key);
    }

  private:
    Arrivals& arrivals_;
    directory::Homes homes_;
};

// A region of its own thread: its connection, its watch, its copy.
class Region {
  public:
    Region(const Run& run, Arrivals& arrivals) : watching_(arrivals) {
        auto store = kv::open_etcd_store(etcd_options(run));
        DOMICILE_CHECK(store.has_value());
        store_ = kv::make_watched_store(std::move(*store), watching_);
        thread_ = std::thread([this] { runtime_.run([this] { return live(); }); });
    }
    ~Region() {
        ended_ = true;
        thread_.join();
        store_.reset();
    }

  private:
    io::Task<void> live() {
        store_->start();
        while (!ended_) co_await io::sleep_for(Millis(50));
        co_await store_->stop();
    }

    Watching watching_;
    std::unique_ptr<kv::Store> store_;
    std::atomic<bool> ended_ = false;
    io::Runtime runtime_;
    std::thread thread_;
};

io::Task<void> settle(directory::Directory& directory, Arrivals& arrivals, Report& report) {
    directory::ClaimRequest request;
    const directory::SubjectKey key{fresh(directory::kSubjectKeyBytes)};
    const std::string id = fresh(directory::kClaimIdBytes);
    request.keys.push_back(key);
    request.claim_id = id;
    const auto claimed = co_await directory.claim(std::move(request));
    arrivals.expect(store_key(key));
    std::vector<directory::SubjectKey> keys{key};
    const auto active = co_await directory.activate(std::move(keys), id);
    if (!claimed || !active) ++report.errors;
}

io::Task<void> steadily(const Run& run, Arrivals& arrivals, Report& report) {
    auto store = kv::open_etcd_store(etcd_options(run));
    DOMICILE_CHECK(store.has_value());
    directory::Directory directory(**store, io::system_clock(), directory_options());
    co_await io::sleep_for(Millis(1'000));  // the watches have begun
    io::TaskGroup group;
    const auto start = Clock::now();
    for (std::size_t sent = 0; ms_since(start) < run.seconds * 1000;) {
        const double due = ms_since(start) / 1000 * run.rate;
        for (; static_cast<double>(sent) < due; ++sent)
            group.spawn(settle(directory, arrivals, report));
        co_await io::sleep_for(Millis(2));
    }
    const Instant end = io::deadline_in(Millis(10'000));
    (void)co_await group.drain(end);
    for (int tries = 0; tries < 500 && arrivals.missing() > 0; ++tries)
        co_await io::sleep_for(Millis(10));
    report.seconds = run.seconds;
    co_await (*store)->stop();
}

void visible(const Run& run, Report& report) {
    Arrivals arrivals;
    {
        std::vector<std::unique_ptr<Region>> regions;
        for (std::size_t i = 0; i < kRegions.size(); ++i)
            regions.push_back(std::make_unique<Region>(run, arrivals));
        io::Runtime runtime;
        runtime.run([&] { return steadily(run, arrivals, report); });
    }
    report.ms = arrivals.take();
    report.errors += arrivals.missing();
}

std::vector<io::Endpoint> endpoints_of(const std::string& ports) {
    std::vector<io::Endpoint> out;
    std::size_t from = 0;
    while (from < ports.size()) {
        const std::size_t end = std::min(ports.find(',', from), ports.size());
        const int port = std::atoi(ports.substr(from, end - from).c_str());
        out.push_back({"127.0.0.1", static_cast<std::uint16_t>(port)});
        from = end + 1;
    }
    return out;
}

}  // namespace
}  // namespace domicile::bench

int main(int argc, char** argv) {
    using namespace domicile;
    using namespace domicile::bench;
    const Options options(argc, argv,
                          " --what --endpoints --concurrency --rate --seconds --prefix ");
    Run run;
    run.seconds = options.number("--seconds", 2);
    run.concurrency = static_cast<std::size_t>(options.number("--concurrency", 1));
    run.rate = options.number("--rate", 100);
    run.endpoints = endpoints_of(options.text("--endpoints"));
    run.prefix = options.text("--prefix", "bench-" + to_hex(fresh(8)) + "/");
    const std::string what = options.text("--what");
    if (run.endpoints.empty() || (what != "claim" && what != "bare" && what != "visible")) {
        std::fprintf(stderr, "bench_etcd: --what claim|bare|visible --endpoints PORT,...\n");
        return 2;
    }
    Report report;
    if (what == "visible") {
        visible(run, report);
    } else {
        io::Runtime runtime;
        runtime.run([&] { return what == "claim" ? claims(run, report) : bare(run, report); });
    }
    report.print();
    return 0;
}
