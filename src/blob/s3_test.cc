// The S3 store and services that fail, lie and forget. The contract runs in store_test.cc.
#include "blob/s3.h"

#include "blob/fake_s3.h"
#include "blob/s3_testing.h"
#include "crypto/x509.h"

namespace domicile::blob {
namespace {

using testing::FakeS3;
using testing::Fault;
using testing::Made;

constexpr char kKey[] = "test/0123456789abcdef0123456789abcdef";

// A store with what its calls run on.
class Client {
  public:
    explicit Client(S3Options options) {
        auto store = open_s3(std::move(options));
        if (store) store_ = std::move(*store);
    }
    ~Client() {
        loop_.stop();
        store_.reset();
    }
    std::string put(std::uint64_t size, const Expected& expected = {}) {
        Made source(size);
        return put(source, expected);
    }
    std::string put(Source& source, const Expected& expected = {}) {
        return word(loop_.run<Result<Stored>>([&] { return store_->put(kKey, source, expected); }));
    }
    std::string get(Range range = {}) {
        const auto out =
            loop_.run<Result<std::string>>([&] { return testing::get_text(*store_, kKey, range); });
        return out ? *out : word(out);
    }
    std::string head() {
        return word(loop_.run<Result<Info>>([&] { return store_->head(kKey); }));
    }
    std::string remove() {
        return word(loop_.run<Result<void>>([&] { return store_->remove(kKey); }));
    }
    Result<std::vector<Listed>> list(std::size_t limit = kListMax) {
        return loop_.run<Result<std::vector<Listed>>>([&] { return store_->list("", "", limit); });
    }
    template <class T>
    T run(std::function<io::Task<T>()> make) {
        return loop_.run<T>(std::move(make));
    }
    Store& store() { return *store_; }
    template <class T>
    static std::string word(const Result<T>& out) {
        return out ? "ok" : std::string(to_string(out.error().code));
    }

  private:
    testing::Loop loop_;
    std::unique_ptr<Store> store_;
};

// The first `times` requests of an operation.
FakeS3::Plan first(const std::string& operation, Fault fault, int times = 1) {
    return [operation, fault, left = times](const std::string& now, int) mutable {
        return now == operation && left-- > 0 ? fault : Fault::none;
    };
}

constexpr std::uint64_t kSmall = 1'000, kLarge = 350'000;  // one part; four

TEST(S3Store, comes_back_when_the_service_is_busy_or_gone) {
    for (const Fault fault : {Fault::busy, Fault::lost, Fault::nonsense, Fault::cut}) {
        for (const char* operation : {"put", "create", "part", "complete", "get", "head", "list"}) {
            FakeS3 fake(first(operation, fault, 2));
            Client client(fake.options());
            const std::string name = std::string(operation) + " " + std::to_string(int(fault));
            const bool whole = operation == std::string("put");
            const std::uint64_t size = whole ? kSmall : kLarge;
            EXPECT_EQ(client.put(size), "ok") << name;
            EXPECT_TRUE(client.get() == Made::bytes(0, size)) << name;
            EXPECT_EQ(client.head(), "ok") << name;
            EXPECT_EQ(client.list()->size(), 1u) << name;
            EXPECT_EQ(client.remove(), "ok") << name;
            EXPECT_EQ(client.get(), "not_found") << name;
            EXPECT_EQ(fake.problems(), "");
        }
    }
}

TEST(S3Store, gives_up_at_its_bound_and_aborts_the_upload) {
    for (const char* operation : {"put", "create", "part", "complete"}) {
        FakeS3 fake(first(operation, Fault::busy, 1000));
        S3Options options = fake.options();
        options.attempts_max = 3;
        options.parts_at_once = 1;
        Client client(std::move(options));
        const bool whole = operation == std::string("put");
        EXPECT_EQ(client.put(whole ? kSmall : kLarge), "unavailable") << operation;
        EXPECT_EQ(fake.count(operation), 3) << operation;
        EXPECT_EQ(fake.uploads(), 0u) << operation;
        EXPECT_EQ(fake.bodies(), 0u) << operation;
    }
}

TEST(S3Store, does_not_repeat_what_is_refused) {
    FakeS3 fake(first("put", Fault::refused, 1000));
    Client client(fake.options());
    EXPECT_EQ(client.put(kSmall), "permission_denied");
    EXPECT_EQ(fake.count("put"), 1);
}

// If-None-Match answers "it is there" to the second attempt of a put whose first was carried out.
TEST(S3Store, knows_its_own_put_when_the_answer_was_lost) {
    for (const std::uint64_t size : {kSmall, kLarge}) {
        const char* last = size == kSmall ? "put" : "complete";
        FakeS3 fake(first(last, Fault::lost));
        Client client(fake.options());
        EXPECT_EQ(client.put(size), "ok");
        EXPECT_EQ(fake.count(last), 2);
        EXPECT_EQ(fake.count("head"), 1);
        EXPECT_TRUE(client.get() == Made::bytes(0, size));
    }
}

TEST(S3Store, does_not_take_another_put_for_its_own) {
    for (const std::uint64_t size : {kSmall, kLarge}) {
        FakeS3 fake(first(size == kSmall ? "put" : "complete", Fault::busy));
        fake.put(kKey, "another's");
        Client client(fake.options());
        EXPECT_EQ(client.put(size), "already_exists");
        EXPECT_EQ(client.get(), "another's");
        EXPECT_EQ(fake.uploads(), 0u);
    }
}

TEST(S3Store, reads_the_error_behind_an_answer_of_200) {
    {
        FakeS3 fake(first("complete", Fault::late_busy));
        Client client(fake.options());
        EXPECT_EQ(client.put(kLarge), "ok");
        EXPECT_TRUE(client.get() == Made::bytes(0, kLarge));
    }
    FakeS3 fake(first("complete", Fault::late_error));
    Client client(fake.options());
    EXPECT_EQ(client.put(kLarge), "internal");
    EXPECT_EQ(client.get(), "not_found");
    EXPECT_EQ(fake.uploads(), 0u);
}

TEST(S3Store, goes_on_reading_where_it_was_cut_off) {
    FakeS3 fake(first("get", Fault::cut, 4));
    Client client(fake.options());
    ASSERT_EQ(client.put(kLarge), "ok");
    EXPECT_TRUE(client.get() == Made::bytes(0, kLarge));
    EXPECT_EQ(fake.count("get"), 5);
    FakeS3 cut_range(first("get", Fault::cut, 2));
    Client other(cut_range.options());
    ASSERT_EQ(other.put(kLarge), "ok");
    EXPECT_TRUE(other.get({.offset = 5, .length = 100'000}) == Made::bytes(5, 100'000));
}

TEST(S3Store, does_not_wait_for_ever) {
    FakeS3 fake(first("get", Fault::stalls));
    S3Options options = fake.options();
    options.attempt_timeout = FakeS3::kStall / 3;
    Client client(std::move(options));
    ASSERT_EQ(client.put(kSmall), "ok");
    EXPECT_TRUE(client.get() == Made::bytes(0, kSmall));
    EXPECT_GE(fake.count("get"), 2);
}

TEST(S3Store, says_so_when_nobody_is_there) {
    S3Options options;
    {
        FakeS3 gone;
        options = gone.options();
    }
    options.attempts_max = 2;
    Client client(std::move(options));
    EXPECT_EQ(client.put(kSmall), "unavailable");
    EXPECT_EQ(client.get(), "unavailable");
    EXPECT_EQ(client.remove(), "unavailable");
    EXPECT_EQ(Client::word(client.list()), "unavailable");
}

TEST(S3Store, aborts_the_upload_of_a_source_that_fails) {
    FakeS3 fake;
    Client client(fake.options());
    Made source(kLarge);
    EXPECT_EQ(client.put(source.fails_at(250'000)), "conflict");
    EXPECT_EQ(client.put(kLarge, {.size = kLarge + 1}), "invalid_argument");
    EXPECT_EQ(client.put(kLarge, {.sha256 = std::string(32, 'x')}), "invalid_argument");
    EXPECT_EQ(fake.count("create"), 3);
    EXPECT_EQ(fake.count("complete"), 0);
    EXPECT_EQ(fake.uploads(), 0u);
    EXPECT_EQ(fake.bodies(), 0u);
}

// The source is not read further than there is room for what it gives.
TEST(S3Store, has_no_more_parts_in_memory_than_it_may) {
    FakeS3 fake([](const std::string& operation, int) {
        return operation == "part" ? Fault::stalls : Fault::none;
    });
    for (const std::size_t parts : {1, 3}) {
        S3Options options = fake.options();
        options.parts_at_once = parts;
        options.attempts_max = 1;
        options.attempt_timeout = FakeS3::kStall / 3;
        Client client(std::move(options));
        Made source(2'000'000, 10'000);
        EXPECT_EQ(client.put(source), "unavailable");
        // The parts, and the piece that tells whether another comes.
        EXPECT_LE(source.given(), (parts + 1) * 100'000 + 10'000);
    }
}

TEST(S3Store, puts_share_the_room_for_parts) {
    FakeS3 fake;
    S3Options options = fake.options();
    options.parts_in_memory_max = 2;
    Client client(std::move(options));
    const auto results = client.run<std::vector<Result<Stored>>>([&] {
        std::vector<io::Task<Result<Stored>>> tasks;
        for (const char digit : {'1', '2', '3'})
            tasks.push_back(testing::put_text(client.store(), "test/" + std::string(32, digit),
                                              std::string(500'000, digit)));
        return io::testing::gather(std::move(tasks));
    });
    EXPECT_TRUE(results[0]);
    EXPECT_TRUE(results[1]);
    EXPECT_EQ(Client::word(results[2]), "resource_exhausted");
}

TEST(S3Store, lists_past_what_is_not_its_own) {
    FakeS3 fake;
    const std::string id(30, '0');
    for (const char* key : {"a/file", "a/file 2&<", "other", "a/b/c"}) fake.put(key, "foreign");
    for (const char* key : {"a/00", "a/01", "b/00", "b/01", "b/02"}) fake.put(key + id, "ours");
    Client client(fake.options());
    EXPECT_EQ(client.list()->size(), 5u);
    EXPECT_EQ(client.list(4)->size(), 4u);
    EXPECT_EQ(fake.problems(), "");
}

TEST(S3Store, wants_options_that_can_be) {
    FakeS3 fake;
    const auto refuses = [&](const std::function<void(S3Options&)>& change) {
        S3Options options = fake.options();
        change(options);
        const auto store = open_s3(std::move(options));
        return !store && store.error().code == Code::invalid_argument;
    };
    EXPECT_FALSE(refuses([](S3Options&) {}));
    EXPECT_TRUE(refuses([](S3Options& o) { o.bucket = "No/Bucket"; }));
    EXPECT_TRUE(refuses([](S3Options& o) { o.prefix = "/x"; }));
    EXPECT_TRUE(refuses([](S3Options& o) { o.region = ""; }));
    EXPECT_TRUE(refuses([](S3Options& o) { o.credentials.secret = ""; }));
    EXPECT_TRUE(refuses([](S3Options& o) { o.endpoint.port = 0; }));
    EXPECT_TRUE(refuses([](S3Options& o) { o.parts_at_once = 0; }));
}

TEST(S3Rver, an_access_key_that_it_does_not_know_is_no_missing_blob) {
    S3Options options = testing::shared_s3rver().options();
    options.credentials.access_key_id = "another";
    Client client(std::move(options));
    EXPECT_EQ(client.get(), "permission_denied");
}

TEST(S3Rver, a_bucket_that_is_not_there_is_not_a_blob_that_is_not_there) {
    S3Options options = testing::shared_s3rver().options();
    options.bucket = "missing";
    Client client(std::move(options));
    EXPECT_EQ(client.get(), "failed_precondition");
    EXPECT_EQ(Client::word(client.list()), "failed_precondition");
}

crypto::CertificateAndKey make_authority() {
    const Timestamp now = io::system_clock().now();
    return *crypto::make_ca("Test", now - Seconds(3600), now + Seconds(86'400),
                            io::system_random().bytes(16));
}

std::string write(const io::testing::TemporaryFolder& folder, const char* name,
                  const std::string& text) {
    std::ofstream(folder.file(name)) << text;
    return folder.file(name);
}

TEST(S3Rver, is_trusted_over_tls_only_with_the_right_authority_and_name) {
    const io::testing::TemporaryFolder folder;
    const crypto::CertificateAndKey authority = make_authority();
    crypto::LeafRequest request;
    request.dns_names = {"blobs.s3.example.org"};
    request.not_before = io::system_clock().now() - Seconds(60);
    request.not_after = io::system_clock().now() + Seconds(3600);
    const auto leaf = *crypto::make_leaf(authority, request, io::system_random().bytes(16));
    const testing::S3rver server({"--key", write(folder, "key.pem", leaf.key_pem), "--cert",
                                  write(folder, "cert.pem", leaf.certificate_pem),
                                  "--service-endpoint", "example.org"});
    ASSERT_NE(server.port(), 0);
    S3Options options = server.options();
    options.tls = true;
    options.ca_pem = authority.certificate_pem;
    options.connect_to = options.endpoint;
    options.endpoint.host = "s3.example.org";
    options.virtual_host = true;
    options.attempts_max = 1;
    const auto puts = [](S3Options with) {
        Client client(std::move(with));
        return client.put(kLarge);
    };
    S3Options other_name = options;
    other_name.endpoint.host = "s3.example.com";
    EXPECT_EQ(puts(std::move(other_name)), "unavailable");
    S3Options other_authority = options;
    other_authority.ca_pem = make_authority().certificate_pem;
    EXPECT_EQ(puts(std::move(other_authority)), "unavailable");
    S3Options system = options;
    system.ca_pem = {};
    EXPECT_EQ(puts(std::move(system)), "unavailable");
    EXPECT_EQ(puts(std::move(options)), "ok");
}

}  // namespace
}  // namespace domicile::blob
