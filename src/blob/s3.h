// The store in a bucket of any S3-compatible service, over our own HTTP client. Works on every
// executor that calls it. What it asks of the service: docs/adr/0014, README.md.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "blob/store.h"
#include "crypto/sigv4.h"
#include "io/network.h"

namespace domicile::blob {

struct S3Options {
    io::Endpoint endpoint;  // of the service, e.g. s3.eu-central-1.amazonaws.com, 443
    bool tls = true;
    std::string ca_pem = {};  // trusted for the service's certificate; empty: the system's store
    // Where the service is reached, when that is not what its name resolves to.
    std::optional<io::Endpoint> connect_to = {};
    std::string region;
    std::string bucket;  // exists, is not versioned
    // The bucket is a label of the host name, and not the first segment of the path.
    bool virtual_host = true;
    std::string prefix = {};  // of all keys, so that a bucket can be shared; [a-z0-9/-]
    crypto::SigV4Credentials credentials;
    // Whether the service heeds If-None-Match on writes. Else a put looks first whether the key has
    // a body, which cannot see one that comes at the same time.
    bool conditional_writes = true;

    // A body of more than one part is sent as a multipart upload. S3 wants 5 MiB at least and
    // 10,000 parts at most.
    std::size_t part_bytes = 8 << 20;
    std::size_t parts_at_once = 4;         // of one put
    std::size_t parts_in_memory_max = 64;  // of all puts; each has one. resource_exhausted beyond
    std::size_t gets_at_once_max = 256;    // resource_exhausted beyond

    std::size_t attempts_max = 6;
    Millis attempt_timeout{30'000};  // until the answer's head; for each wait in its body
    Millis call_timeout{90'000};     // no attempt is begun after it
    Millis backoff_first{50};        // the most that is waited after the first attempt, then twice
    Millis backoff_max{5'000};
};

// Connects to nobody yet. invalid_argument: options that cannot be.
Result<std::unique_ptr<Store>> open_s3(S3Options options);

}  // namespace domicile::blob
