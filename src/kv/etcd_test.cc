// The etcd engine against real members (Debian's etcd-server), which these tests start and end.
#include "kv/etcd.h"

#include "base/encoding.h"
#include "crypto/x509.h"
#include "http/testing.h"
#include "io/files.h"
#include "kv/etcd_client.h"
#include "kv/etcd_testing.h"

namespace domicile::kv {
namespace {

using sql::testing::TemporaryFolder;
using testing::EtcdCluster;
using testing::open_etcd;
using testing::shared_cluster;

Result<TransactionResult> commit(Store& store, Transaction transaction) {
    return io::run_task<Result<TransactionResult>>([&] { return store.commit(transaction); });
}
Result<TransactionResult> put(Store& store, const std::string& key, bool repeatable = true) {
    Transaction transaction;
    transaction.writes.push_back({key, "v"});
    transaction.repeatable = repeatable;
    return commit(store, std::move(transaction));
}
Result<std::optional<Entry>> get(Store& store, const std::string& key) {
    return io::run_task<Result<std::optional<Entry>>>([&] { return store.get(key); });
}
Result<std::vector<Change>> changes(Store& store, std::int64_t after) {
    return io::run_task<Result<std::vector<Change>>>([&] { return store.changes(after, 100); });
}

TEST(EtcdStore, two_prefixes_of_a_cluster_do_not_see_each_other) {
    TemporaryFolder one, other;
    auto first = open_etcd(one, {});
    auto second = open_etcd(other, {});
    ASSERT_TRUE(put(*first, "a"));
    EXPECT_TRUE(get(*first, "a")->has_value());
    EXPECT_FALSE(get(*second, "a")->has_value());
}

TEST(EtcdStore, a_watch_goes_on_where_the_last_call_ended) {
    TemporaryFolder folder;
    auto store = open_etcd(folder, {.watch_wait = Millis(60'000)});
    std::int64_t after = put(*store, "a")->revision;
    for (int i = 0; i < 20; ++i) {
        const auto revision = put(*store, "b" + std::to_string(i))->revision;
        const auto news = changes(*store, after);
        ASSERT_TRUE(news && news->size() == 1u);
        EXPECT_EQ((*news)[0].entry.revision, revision);
        after = revision;
    }
}

TEST(EtcdStore, a_member_that_is_away_is_passed_over) {
    TemporaryFolder folder;
    const testing::ReservedPort nobody;  // refuses connections
    EtcdOptions options = shared_cluster().options(folder.file(""));
    options.endpoints.insert(options.endpoints.begin(), {"127.0.0.1", nobody.number});
    auto store = testing::host(open_etcd_store(std::move(options)));
    EXPECT_TRUE(put(*store, "a", false)) << "nothing was sent to the one that is away";
    EXPECT_TRUE(get(*store, "a")->has_value());
}

TEST(EtcdStore, without_any_member_calls_are_unavailable) {
    const testing::ReservedPort nobody;
    EtcdOptions options;
    options.endpoints = {{"127.0.0.1", nobody.number}};
    options.call_timeout = Millis(200);
    auto store = testing::host(open_etcd_store(std::move(options)));
    EXPECT_EQ(put(*store, "a").error().code, Code::unavailable);
    EXPECT_EQ(get(*store, "a").error().code, Code::unavailable);
    EXPECT_EQ(changes(*store, 1).error().code, Code::unavailable);
}

TEST(EtcdStore, needs_an_endpoint_and_certificates_that_can_be_read) {
    EtcdOptions options;
    EXPECT_EQ(open_etcd_store(options).error().code, Code::invalid_argument);
    options.endpoints = {{"127.0.0.1", 1}};
    options.tls = true;
    options.ca_pem = "none";
    EXPECT_EQ(open_etcd_store(options).error().code, Code::invalid_argument);
}

// A member that does as it is told: what it answers to each request in turn.
struct Puppet {
    std::vector<std::pair<int, std::string>> answers;
    std::size_t asked = 0;
    std::unique_ptr<http::Server> server;
    std::unique_ptr<Store> store;

    explicit Puppet(std::vector<std::pair<int, std::string>> all) : answers(std::move(all)) {
        server = http::serve([this](http::Exchange& exchange) { return answer(*this, exchange); });
        EtcdOptions options;
        options.endpoints = {server->local()};
        store = open_etcd_store(std::move(options)).value();
    }
    static io::Task<Result<void>> answer(Puppet& puppet, http::Exchange& exchange) {
        const auto& [status, body] = puppet.answers[puppet.asked++];
        http::ResponseHead head;
        head.status = status;
        co_return co_await exchange.respond(std::move(head), body);
    }
    io::Task<Result<TransactionResult>> put(bool repeatable) {
        Transaction transaction;
        transaction.writes.push_back({"a", "v"});
        transaction.repeatable = repeatable;
        return store->commit(std::move(transaction));
    }
};

const std::pair<int, std::string> kTimedOut{
    503, R"({"error":"etcdserver: request timed out","code":14})"};
const std::pair<int, std::string> kNoLeader{503, R"({"error":"etcdserver: no leader","code":14})"};
const std::pair<int, std::string> kApplied{200, R"({"header":{"revision":"7"},"succeeded":true})"};

HTTP_TEST(EtcdStore, a_write_without_an_answer_is_sent_again_only_if_it_is_repeatable) {
    Puppet puppet({kTimedOut, kTimedOut, kApplied});
    const auto once = co_await puppet.put(false);
    CO_ASSERT(!once);
    EXPECT_EQ(once.error().code, Code::unavailable);
    EXPECT_EQ(once.error().reason, kReasonOutcomeUnknown);
    EXPECT_EQ(puppet.asked, 1u);
    const auto twice = co_await puppet.put(true);
    CO_ASSERT(twice.has_value());
    EXPECT_EQ(twice->revision, 7);
    EXPECT_EQ(puppet.asked, 3u);
    co_await puppet.server->stop(http::soon());
    puppet.store.reset();
    co_return true;
}

HTTP_TEST(EtcdStore, any_write_that_surely_was_not_carried_out_is_sent_again) {
    Puppet puppet({kNoLeader, kNoLeader, kApplied});
    const auto out = co_await puppet.put(false);
    EXPECT_TRUE(out.has_value());
    EXPECT_EQ(puppet.asked, 3u);
    co_await puppet.server->stop(http::soon());
    puppet.store.reset();
    co_return true;
}

HTTP_TEST(EtcdStore, an_answer_that_makes_no_sense_is_unavailable) {
    const std::string entry = R"("kvs":[{"key":"eA==","mod_revision":"3"}])";
    Puppet puppet({{200, "{}"},
                   {200, R"({"header":{"revision":"7"}})"},
                   {200, "{" + entry + "}"},
                   {404, "Not found"}});
    Transaction look;
    look.compares.push_back({Compare::Kind::present, "a", "", 0});
    for (int i = 0; i < 2; ++i) {
        const auto out = co_await puppet.store->commit(look);
        EXPECT_EQ(out.error().code, Code::unavailable);
    }
    const auto foreign = co_await puppet.store->get("a");
    EXPECT_EQ(foreign.error().code, Code::unavailable) << "a key of another prefix";
    const auto nobody = co_await puppet.store->get("a");
    EXPECT_EQ(nobody.error().reason, "no_gateway");
    co_await puppet.server->stop(http::soon());
    puppet.store.reset();
    co_return true;
}

struct SecuredCluster {
    TemporaryFolder folder;
    crypto::CertificateAndKey ca, server, client;
    std::unique_ptr<EtcdCluster> cluster;

    static crypto::CertificateAndKey leaf(const crypto::CertificateAndKey& ca) {
        crypto::LeafRequest request;
        request.dns_names = {"localhost"};
        request.ip_addresses = {"127.0.0.1"};
        request.is_client = true;  // a member calls itself behind its gateway
        request.not_before = io::system_clock().now() - Seconds(60);
        request.not_after = request.not_before + Seconds(3600);
        return crypto::make_leaf(ca, request, io::system_random().bytes(16)).value();
    }

    SecuredCluster() {
        const Timestamp from = io::system_clock().now() - Seconds(60);
        ca = crypto::make_ca("test", from, from + Seconds(7200), io::system_random().bytes(16))
                 .value();
        server = leaf(ca);
        client = leaf(ca);
        io::Files& files = io::system_files();
        const testing::ClusterTls tls{folder.file("ca.pem"), folder.file("m.pem"),
                                      folder.file("m.key")};
        EXPECT_TRUE(files.write_atomic(tls.ca_file, ca.certificate_pem));
        EXPECT_TRUE(files.write_atomic(tls.certificate_file, server.certificate_pem));
        EXPECT_TRUE(files.write_atomic(tls.key_file, server.key_pem));
        cluster = std::make_unique<EtcdCluster>(1, tls);
    }
    EtcdOptions options() const {
        EtcdOptions out = cluster->options("p/");
        out.tls = true;
        out.ca_pem = ca.certificate_pem;
        out.certificate = io::TlsCertificate{client.certificate_pem, client.key_pem};
        return out;
    }
};

// Asks until the member has started, since a secured one answers nobody else.
bool answers(Store& store) {
    for (int tries = 0; tries < 20; ++tries)
        if (get(store, "a")) return true;
    return false;
}

TEST(EtcdStore, speaks_tls_with_a_client_certificate_and_to_the_right_server_only) {
    const SecuredCluster secured;
    auto store = testing::host(open_etcd_store(secured.options()));
    ASSERT_TRUE(answers(*store)) << secured.cluster->log_of(0);
    EXPECT_TRUE(put(*store, "a"));
    EtcdOptions bare = secured.options();
    bare.certificate.reset();
    bare.call_timeout = Millis(500);
    EXPECT_FALSE(get(*testing::host(open_etcd_store(bare)), "a"));
    EtcdOptions stranger = secured.options();
    stranger.server_name = "other.example";
    stranger.call_timeout = Millis(500);
    EXPECT_FALSE(get(*testing::host(open_etcd_store(stranger)), "a"));
}

class EtcdUsers : public ::testing::Test {
  protected:
    void SetUp() override { ASSERT_TRUE(cluster_.wait_until_ready()); }
    void do_it(const std::string& path, const json::object& body) {
        EXPECT_TRUE(cluster_.ask(0, path, body)) << path;
    }
    // root, and `domicile` who may use one prefix.
    void enable() {
        do_it("/v3/auth/user/add", {{"name", "root"}, {"password", "r"}});
        do_it("/v3/auth/role/add", {{"name", "root"}});
        do_it("/v3/auth/user/grant", {{"user", "root"}, {"role", "root"}});
        do_it("/v3/auth/user/add", {{"name", "domicile"}, {"password", "secret"}});
        do_it("/v3/auth/role/add", {{"name", "directory"}});
        const json::object permission{{"permType", "READWRITE"},
                                      {"key", to_base64("own/")},
                                      {"range_end", to_base64("own0")}};
        do_it("/v3/auth/role/grant", {{"name", "directory"}, {"perm", permission}});
        do_it("/v3/auth/user/grant", {{"user", "domicile"}, {"role", "directory"}});
        do_it("/v3/auth/enable", {});
    }
    EtcdOptions options(const std::string& user, const std::string& password) {
        EtcdOptions out = cluster_.options("own/");
        out.user = user;
        out.password = password;
        out.store.watch_wait = Millis(20);
        return out;
    }

    EtcdCluster cluster_{1};
};

TEST_F(EtcdUsers, a_user_works_under_its_prefix_and_nowhere_else) {
    enable();
    auto store = testing::host(open_etcd_store(options("domicile", "secret")));
    const auto first = put(*store, "a");
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_TRUE(get(*store, "a")->has_value());
    EXPECT_EQ(commit(*store, {})->revision, first->revision);
    EXPECT_EQ(changes(*store, first->revision - 1)->size(), 1u);
    EtcdOptions elsewhere = options("domicile", "secret");
    elsewhere.prefix = "other/";
    const auto refused = get(*testing::host(open_etcd_store(elsewhere)), "a");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, "engine_credentials");
    const auto wrong = get(*testing::host(open_etcd_store(options("domicile", "no"))), "a");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, Code::unavailable) << "says nothing about whoever asked us";
    EXPECT_EQ(wrong.error().reason, "engine_credentials");
}

TEST_F(EtcdUsers, a_token_that_is_no_longer_good_is_renewed) {
    enable();
    auto store = testing::host(open_etcd_store(options("domicile", "secret")));
    ASSERT_TRUE(put(*store, "a"));
    cluster_.kill_member(0);  // forgets its tokens
    cluster_.start(0);
    ASSERT_TRUE(answers(*store));
    EXPECT_TRUE(put(*store, "b", false));
    EXPECT_TRUE(changes(*store, 1));
}

// Its connections end with it, on the executor that made them.
io::Task<Result<json::object>> change_password(EtcdOptions as, std::string password) {
    CO_TRY(const auto root, etcd::Client::make(std::move(as)));
    const json::object change{{"name", "domicile"}, {"password", password}};
    co_return co_await root->call("/v3/auth/user/changepw", change, true);
}

TEST_F(EtcdUsers, a_new_token_is_asked_for_with_the_password_that_the_file_has_by_then) {
    enable();
    const auto change_to = [this](const char* password) {
        EXPECT_TRUE(io::run_task<Result<json::object>>(
            [&] { return change_password(options("root", "r"), password); }));
    };
    const TemporaryFolder folder;
    const std::string file = folder.file("password");
    std::ofstream(file) << "secret\n";
    EtcdOptions own = options("domicile", "");
    own.password_file = io::SecretFile::open(io::system_files(), file).value();
    auto store = testing::host(open_etcd_store(own));
    ASSERT_TRUE(put(*store, "a"));
    change_to("new");
    const auto refused = put(*store, "b");
    ASSERT_FALSE(refused) << "the file still has the old one";
    EXPECT_EQ(refused.error().reason, "engine_credentials");
    std::ofstream(file) << "new\n";
    const auto taken = put(*store, "b");
    EXPECT_TRUE(taken) << taken.error().message;
    std::filesystem::remove(file);
    cluster_.kill_member(0);  // forgets its tokens
    cluster_.start(0);
    ASSERT_TRUE(answers(*store)) << "what cannot be read changes nothing";
    EXPECT_TRUE(put(*store, "c"));
}

}  // namespace
}  // namespace domicile::kv
