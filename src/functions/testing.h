// For tests: functions that are a Python program, which a test writes.
#pragma once

#include <gtest/gtest.h>

#include <fstream>

#include "functions/functions.h"
#include "http/testing.h"
#include "io/testing.h"

namespace domicile::functions::testing {

class WithFunction : public ::testing::Test {
  protected:
    explicit WithFunction(const char* program) {
        std::ofstream(folder_.file("runtime.py")) << program;
        function_.name = "demo";
        function_.command = {"python3", "runtime.py"};
        options_.region = "eu-central-1";
        options_.config_directory = folder_.path();
        options_.aws_endpoint = "http://127.0.0.1:1";
        database_ = sql::open_sqlite({.path = folder_.file("data.db")}).value();
        keyring_ = std::make_unique<keyring::Keyring>(*database_, io::system_random(),
                                                      std::string(32, 'k'));
        access_ = std::make_unique<access::Access>(*database_, *keyring_, io::system_clock(),
                                                   io::system_random(), options_.region);
    }

    using Body = io::Task<bool> (*)(Functions&);
    void run(Body body) {
        const std::vector<config::Function> configured{function_};
        Functions functions(configured, options_, *access_);
        EXPECT_TRUE(io::run_task<bool>([&] { return started(functions, body); }));
    }
    static io::Task<bool> started(Functions& functions, Body body) {
        CO_ASSERT(co_await functions.start());
        const bool ok = co_await body(functions);
        co_await functions.stop();
        co_return ok;
    }

    io::testing::TemporaryFolder folder_;
    config::Function function_;
    Options options_;
    std::unique_ptr<sql::Database> database_;
    std::unique_ptr<keyring::Keyring> keyring_;
    std::unique_ptr<access::Access> access_;
};

}  // namespace domicile::functions::testing
