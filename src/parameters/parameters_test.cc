#include "parameters/parameters.h"

#include <gtest/gtest.h>

#include <fstream>

#include "io/testing.h"

namespace domicile::parameters {
namespace {

class ParametersTest : public ::testing::Test {
  protected:
    void add(std::string name, std::optional<std::string> value,
             std::optional<std::string> file = {}) {
        config::Parameter parameter;
        parameter.name = std::move(name);
        parameter.value = std::move(value);
        parameter.file = std::move(file);
        config_.parameters.push_back(std::move(parameter));
    }
    Parameters make() { return Parameters(config_, "eu-central-1", folder_.path()); }
    static io::Task<Result<std::string>> read(const Parameters& parameters, std::string name) {
        CO_TRY(const Redacted<std::string> value,
               co_await parameters.value_of(*parameters.find(name)));
        co_return value.expose();
    }
    static Result<std::string> value(const Parameters& parameters, const char* name) {
        return io::run_task<Result<std::string>>([&] { return read(parameters, name); });
    }

    io::testing::TemporaryFolder folder_;
    config::Config config_;
};

TEST_F(ParametersTest, ids_of_pools_and_clients_are_published) {
    config::Pool pool;
    pool.name = "health";
    pool.id_suffix = "Health1";
    config::Client client;
    client.name = "web";
    client.id = "client1";
    pool.clients.push_back(client);
    config_.pools.push_back(pool);
    const Parameters parameters = make();
    EXPECT_EQ(value(parameters, "/domicile/pools/health/id"), "eu-central-1_Health1");
    EXPECT_EQ(value(parameters, "/domicile/pools/health/clients/web/id"), "client1");
}

TEST_F(ParametersTest, a_secret_is_read_from_its_file_each_time) {
    add("/app/key", {}, "key.txt");
    const Parameters parameters = make();
    ASSERT_NE(parameters.find("/app/key"), nullptr);
    EXPECT_TRUE(parameters.find("/app/key")->secret());
    EXPECT_FALSE(value(parameters, "/app/key")) << "there is no file";
    std::ofstream(folder_.file("key.txt")) << "one\n";
    EXPECT_EQ(value(parameters, "/app/key"), "one");
    std::ofstream(folder_.file("key.txt")) << "two";
    EXPECT_EQ(value(parameters, "/app/key"), "two");
    std::ofstream(folder_.file("key.txt")) << std::string(Parameters::kValueBytesMax + 1, 'x');
    EXPECT_FALSE(value(parameters, "/app/key")) << "too large";
    EXPECT_EQ(parameters.find("/app/other"), nullptr);
}

std::string names(const std::vector<const Entry*>& entries) {
    std::string out;
    for (const Entry* entry : entries) out += entry->name + ' ';
    return out;
}

TEST_F(ParametersTest, what_is_below_a_path_comes_in_pages) {
    for (const char* name : {"/app/b", "/app/a", "/app/deep/c", "/apple", "/zoo"}) add(name, "v");
    const Parameters parameters = make();
    EXPECT_EQ(names(parameters.below("/app", false, "", 10)), "/app/a /app/b ");
    EXPECT_EQ(names(parameters.below("/app/", true, "", 10)), "/app/a /app/b /app/deep/c ");
    EXPECT_EQ(names(parameters.below("/app", true, "", 1)), "/app/a /app/b ") << "one more";
    EXPECT_EQ(names(parameters.below("/app", true, "/app/a", 1)), "/app/b /app/deep/c ");
    EXPECT_EQ(names(parameters.below("/app", true, "/zoo", 10)), "") << "a token of another path";
    EXPECT_EQ(names(parameters.below("/", false, "", 10)), "/apple /zoo ");
}

}  // namespace
}  // namespace domicile::parameters
