// The contract on all engines. S3: on a real service; what that one cannot show is in s3_test.cc.
#include "blob/contract.h"
#include "blob/fake_s3.h"
#include "blob/files.h"
#include "blob/s3_testing.h"

namespace domicile::blob {
namespace {

using io::testing::TemporaryFolder;

std::unique_ptr<Store> open_folder(const TemporaryFolder& folder) {
    auto store = open_files({.folder = folder.file("blobs"), .piece_bytes = 64 << 10});
    return store ? std::move(*store) : nullptr;
}

std::unique_ptr<Store> open(S3Options options) {
    auto store = open_s3(std::move(options));
    EXPECT_TRUE(store) << (store ? "" : store.error().message);
    return store ? std::move(*store) : nullptr;
}

std::unique_ptr<Store> open_by_path(const TemporaryFolder& folder) {
    return open(testing::options_in(testing::shared_s3rver(), folder));
}

std::unique_ptr<Store> open_by_host(const TemporaryFolder& folder) {
    S3Options options = testing::options_in(testing::shared_s3rver(), folder);
    options.connect_to = options.endpoint;
    options.endpoint.host = "s3.us-east-1.amazonaws.com";
    options.virtual_host = true;
    options.parts_at_once = 1;
    return open(std::move(options));
}

// Two requests in five go wrong; irregularly, so as not to stay in step with what is asked.
testing::Fault fault(const std::string&, int number) {
    using testing::Fault;
    switch (number * number % 23 % 10) {
        case 1:
            return Fault::busy;
        case 2:
            return Fault::lost;
        case 3:
            return Fault::cut;
        case 6:
            return Fault::nonsense;
        default:
            return Fault::none;
    }
}

// Ended before the program is: their threads hold what OpenSSL frees then.
struct Services final : ::testing::Environment {
    std::map<std::string, std::unique_ptr<testing::FakeS3>> by_folder;
    void TearDown() override { by_folder.clear(); }
};
auto* const services = static_cast<Services*>(::testing::AddGlobalTestEnvironment(new Services));

std::unique_ptr<Store> open_failing(const TemporaryFolder& folder) {
    // The same one for the same folder.
    std::unique_ptr<testing::FakeS3>& service = services->by_folder[folder.file("")];
    if (!service) service = std::make_unique<testing::FakeS3>(&fault);
    S3Options options = service->options();
    options.attempts_max = 20;
    return open(std::move(options));
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreContract,
                         ::testing::Values(StoreUnderTest{"files", open_folder, 100'000},
                                           StoreUnderTest{"s3_path", open_by_path, 250'000, false},
                                           StoreUnderTest{"s3_host", open_by_host, 250'000, false},
                                           StoreUnderTest{"s3_failing", open_failing, 250'000}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace domicile::blob
