// For tests: a real S3 service, s3rver (npm), on a port that the kernel picks. It does not check
// signatures of version 4; FakeS3 does. Not part of any library.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "blob/s3.h"
#include "crypto/hash.h"
#include "io/testing.h"

namespace domicile::blob::testing {

// Ends with the test.
class S3rver {
  public:
    static constexpr char kBucket[] = "blobs";

    explicit S3rver(std::vector<std::string> more = {}) {
        const std::string root = DOMICILE_TESTDATA "/../../..";
        const std::string node = root + "/.tools/node_modules/.bin/node";
        std::vector<std::string> command = {
            access(node.c_str(), X_OK) == 0 ? node : "node",
            "--openssl-legacy-provider",  // its continuation tokens are encrypted with DES
            root + "/tests/node_modules/s3rver/bin/s3rver.js",
            "--directory",
            folder_.file("data"),
            "--address",
            "127.0.0.1",
            "--port",
            "0",
            "--silent",
            "--configure-bucket",
            kBucket};
        command.insert(command.end(), more.begin(), more.end());
        start(std::move(command));
    }
    ~S3rver() {
        if (pid_ <= 0) return;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    S3rver(const S3rver&) = delete;
    S3rver& operator=(const S3rver&) = delete;

    // 0: it did not come up; scripts/setup installs it.
    std::uint16_t port() const { return port_; }
    S3Options options() const {
        S3Options out;
        out.endpoint = {"127.0.0.1", port_};
        out.tls = false;
        out.region = "us-east-1";
        out.bucket = kBucket;
        out.virtual_host = false;
        out.credentials = {"S3RVER", "S3RVER", ""};
        out.conditional_writes = false;  // it does not know them
        out.part_bytes = 100'000;        // nor a smallest part
        return out;
    }

  private:
    void start(std::vector<std::string> command) {
        std::vector<char*> argv;
        for (std::string& part : command) argv.push_back(part.data());
        argv.push_back(nullptr);
        int out[2];
        if (pipe2(out, O_CLOEXEC) != 0) std::abort();
        const pid_t parent = getpid();
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != parent || dup2(out[1], 1) < 0) _exit(126);
            execvp(argv[0], argv.data());
            _exit(127);
        }
        close(out[1]);
        FILE* lines = fdopen(out[0], "r");
        char line[256];
        while (port_ == 0 && fgets(line, sizeof line, lines) != nullptr) {
            const std::string text = line;
            if (text.find("listening on") != std::string::npos)
                port_ = static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
        }
        fclose(lines);
    }

    io::testing::TemporaryFolder folder_;
    pid_t pid_ = -1;
    std::uint16_t port_ = 0;
};

// One for all tests of a process.
inline S3rver& shared_s3rver() {
    static S3rver server;
    EXPECT_NE(server.port(), 0) << "s3rver does not start: is tests/node_modules there?";
    return server;
}

// A part of its bucket for each folder.
inline S3Options options_in(const S3rver& server, const io::testing::TemporaryFolder& folder) {
    S3Options options = server.options();
    options.prefix = "t/" + to_hex(crypto::sha256(folder.file(""))).substr(0, 16) + "/";
    return options;
}

}  // namespace domicile::blob::testing
